/**
 * One line at the sidebar's lower edge: what runs now, or that it is stuck, for as long as the place that tells more is
 * out of sight. Whoever reads a step sees what the cell beside it sets going, and nothing that is read moves for it.
 */

import * as React from 'react';
import type { KernelState } from '../core';
import { Button } from './controls';
import { isAlive } from './kernel';
import type { Kit, Trans } from './kit';

export interface NowBarProps {
  readonly kernel: KernelState;
  /** Where more is told: what stands on the page with this class. */
  readonly target: string;
  readonly kit: Kit;
}

export function NowBar(props: NowBarProps): React.JSX.Element | null {
  const { kernel, target, kit } = props;
  const { trans } = kit;
  const box = React.useRef<HTMLDivElement>(null);
  const text = nowText(kernel, trans);
  const seen = useInSight(box, target, text !== '');
  const place = () =>
    box.current?.parentElement?.querySelector<HTMLElement>(`.${target}`);
  const go = () => {
    const found = place();
    if (found) {
      // The button goes as soon as its place is in sight: the focus goes along.
      found.tabIndex = -1;
      found.focus({ preventScroll: true });
      found.scrollIntoView({ block: 'start' });
    }
  };
  return (
    // There at all times, so that what is in sight can be told.
    <div className="pl-Now" data-stuck={kernel.stuck === true} ref={box}>
      {text === '' || seen ? null : (
        <div className="pl-Now-line">
          <span>{text}</span>
          <Button kind={kernel.stuck ? 'primary' : 'plain'} onClick={go}>
            {kernel.stuck ? trans.__('See why') : trans.__('Look')}
          </Button>
        </div>
      )}
    </div>
  );
}

/** In a few words; "" when nothing of the learner's runs. */
function nowText(kernel: KernelState, trans: Trans): string {
  if (kernel.stuck) {
    return trans.__('Your program is stuck.');
  }
  const processes = kernel.processes.filter(isAlive).length;
  const threads = kernel.threads.filter(one => one.state !== 'ended').length;
  const others = [
    processes > 0 ? trans._n('%1 process', '%1 processes', processes) : '',
    threads > 0 ? trans._n('%1 thread', '%1 threads', threads) : ''
  ].filter(Boolean);
  if (others.length > 0) {
    return trans.__('Runs now: %1', others.join(', '));
  }
  return kernel.busy
    ? trans.__('A cell is running. You can check meanwhile.')
    : '';
}

/** Whether anything of the place can be seen in the sidebar. */
function useInSight(
  box: React.RefObject<HTMLElement>,
  target: string,
  on: boolean
): boolean {
  const [seen, setSeen] = React.useState(true);
  React.useEffect(() => {
    const found = box.current?.parentElement?.querySelector(`.${target}`);
    if (!on || !found || typeof IntersectionObserver === 'undefined') {
      return;
    }
    const observer = new IntersectionObserver(entries => {
      setSeen(entries.some(one => one.isIntersecting));
    });
    observer.observe(found);
    return () => observer.disconnect();
  }, [box, target, on]);
  return seen;
}
