/** A few commands behind one word: open until one is chosen, or until the eye or the focus is elsewhere. */

import * as React from 'react';

export function Menu(props: {
  readonly label: string;
  readonly children: React.ReactNode;
}): React.JSX.Element {
  const box = React.useRef<HTMLDetailsElement>(null);
  const [open, setOpen] = React.useState(false);
  const summary = React.useRef<HTMLElement>(null);
  React.useEffect(() => {
    if (!open) {
      return;
    }
    const elsewhere = ({ target }: Event) => {
      if (target instanceof Node && !box.current?.contains(target)) {
        setOpen(false);
      }
    };
    document.addEventListener('pointerdown', elsewhere);
    document.addEventListener('focusin', elsewhere);
    return () => {
      document.removeEventListener('pointerdown', elsewhere);
      document.removeEventListener('focusin', elsewhere);
    };
  }, [open]);
  const close = () => {
    setOpen(false);
    summary.current?.focus();
  };
  return (
    <details
      className="pl-Menu"
      ref={box}
      open={open}
      onToggle={event => setOpen(event.currentTarget.open)}
      onKeyDown={event => {
        if (event.key === 'Escape' && open) {
          event.stopPropagation();
          close();
        }
      }}
    >
      <summary ref={summary}>{props.label}</summary>
      <div className="pl-Menu-body" onClick={close}>
        {props.children}
      </div>
    </details>
  );
}
