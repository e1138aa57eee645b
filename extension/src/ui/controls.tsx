/** The few controls that all views share: buttons, notices, a bar of progress. */

import * as React from 'react';

export interface ButtonProps {
  readonly onClick: () => void;
  readonly children: React.ReactNode;
  readonly kind?: 'primary' | 'plain' | 'quiet';
  /** Refuses clicks, yet keeps the focus, so that keyboard users do not lose their place. */
  readonly off?: boolean;
  readonly label?: string;
  readonly describedBy?: string;
  /** -1 where arrow keys lead to it, not Tab. */
  readonly tabIndex?: 0 | -1;
  readonly buttonRef?: React.Ref<HTMLButtonElement>;
}

export function Button(props: ButtonProps): React.JSX.Element {
  const { kind = 'plain', off = false } = props;
  return (
    <button
      type="button"
      className={`pl-Button pl-mod-${kind}`}
      aria-disabled={off || undefined}
      aria-label={props.label}
      aria-describedby={props.describedBy}
      tabIndex={props.tabIndex}
      ref={props.buttonRef}
      onClick={() => {
        if (!off) {
          props.onClick();
        }
      }}
    >
      {props.children}
    </button>
  );
}

export interface Asking {
  readonly on: boolean;
  readonly begin: () => void;
  readonly end: () => void;
  /** The button that asks, and the first answer. */
  readonly asker: React.RefObject<HTMLButtonElement>;
  readonly answer: React.RefObject<HTMLButtonElement>;
}

/** A question before something that cannot be undone: the focus goes to it, and comes back from it. */
export function useAsking(): Asking {
  const [on, set] = React.useState(false);
  const answer = React.useRef<HTMLButtonElement>(null);
  const asker = React.useRef<HTMLButtonElement>(null);
  const was = React.useRef(false);
  React.useEffect(() => {
    if (on) {
      answer.current?.focus();
    } else if (was.current) {
      asker.current?.focus();
    }
    was.current = on;
  }, [on]);
  return { on, begin: () => set(true), end: () => set(false), asker, answer };
}

/** The question itself, as a notice whose buttons answer it. */
export function Question(props: {
  readonly title: string;
  readonly children: React.ReactNode;
  readonly answers: React.ReactNode;
}): React.JSX.Element {
  return (
    <div role="group" aria-label={props.title}>
      <Notice tone="warning" title={props.title} actions={props.answers}>
        {props.children}
      </Notice>
    </div>
  );
}

export interface NoticeProps {
  readonly tone: 'info' | 'warning' | 'error';
  readonly title: string;
  readonly children?: React.ReactNode;
  readonly actions?: React.ReactNode;
  /** Spoken at once; for what has just gone wrong. */
  readonly alert?: boolean;
}

export function Notice(props: NoticeProps): React.JSX.Element {
  return (
    <div
      className="pl-Notice"
      data-tone={props.tone}
      role={props.alert ? 'alert' : undefined}
    >
      <p className="pl-Notice-title">{props.title}</p>
      {props.children ? (
        <div className="pl-Notice-text">{props.children}</div>
      ) : null}
      {props.actions ? (
        <div className="pl-Notice-actions">{props.actions}</div>
      ) : null}
    </div>
  );
}

export function Bar(props: {
  readonly value: number;
  readonly of: number;
  readonly label: string;
}): React.JSX.Element {
  return (
    <div className="pl-Bar">
      <progress
        className="pl-Bar-track"
        value={props.value}
        max={Math.max(props.of, 1)}
        aria-label={props.label}
      />
      <span className="pl-Bar-text">{props.label}</span>
    </div>
  );
}
