/** The focus of whoever has no mouse: it must not fall to the page's top when a button goes with what it did. */

import * as React from 'react';

/**
 * When the element with the focus has gone, the focus goes to what was around it: the notice, the step, the view. A
 * view that knows better where to go on sets it itself, before this looks.
 */
export function useKeptFocus(root: React.RefObject<HTMLElement>): void {
  // The element that has the focus, and what is around it, from the inside out.
  const chain = React.useRef<readonly HTMLElement[]>([]);
  React.useEffect(() => {
    const box = root.current;
    if (box === null) {
      return;
    }
    const come = (event: FocusEvent) => {
      chain.current = chainOf(event.target, box);
    };
    const go = () => {
      const [last] = chain.current;
      // Taken out of the page, an element may be told that it lost the focus while it is still in it.
      window.setTimeout(() => {
        if (last === chain.current[0] && last?.isConnected) {
          chain.current = [];
        }
      });
    };
    box.addEventListener('focusin', come);
    box.addEventListener('focusout', go);
    return () => {
      box.removeEventListener('focusin', come);
      box.removeEventListener('focusout', go);
    };
  }, [root]);
  React.useEffect(() => {
    const [last, ...around] = chain.current;
    const lost = last !== undefined && !last.isConnected;
    if (!lost) {
      return;
    }
    chain.current = [];
    const near = around.find(one => one.isConnected);
    if (near && document.activeElement === document.body) {
      if (!near.hasAttribute('tabindex')) {
        near.tabIndex = -1;
      }
      near.focus({ preventScroll: true });
    }
  });
}

function chainOf(target: EventTarget | null, box: HTMLElement): HTMLElement[] {
  const found: HTMLElement[] = [];
  for (
    let one = target as HTMLElement | null;
    one !== null && box.contains(one);
    one = one.parentElement
  ) {
    found.push(one);
  }
  return found;
}
