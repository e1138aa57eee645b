/** What the kernel's own processes do now, as far as the server told, and whether they are stuck. */

import * as React from 'react';
import type { KernelState, LiveProcess } from '../core';
import { Notice } from './controls';
import type { Kit } from './kit';

interface KernelProps {
  readonly kernel: KernelState | null;
  readonly kit: Kit;
}

/** Who waits for whom, before anybody thinks of Interrupt. */
export function Stuck(props: KernelProps): React.JSX.Element | null {
  const { kernel, kit } = props;
  return kernel?.stuck ? (
    <Notice tone="warning" alert title={kit.trans.__('Your program is stuck.')}>
      {kernel.diagnoses.map(text => (
        <p key={text}>{text}</p>
      ))}
    </Notice>
  ) : null;
}

export function RunningNow(props: KernelProps): React.JSX.Element | null {
  const { kernel, kit } = props;
  const { trans } = kit;
  if (kernel === null || kernel.processes.length === 0) {
    return null;
  }
  return (
    <section className="pl-Kernel" aria-label={trans.__('Your processes')}>
      <h3 className="pl-Heading">{trans.__('Your processes')}</h3>
      <ul className="pl-Processes">
        {kernel.processes.map(process => (
          <ProcessLine key={process.pid} process={process} kit={kit} />
        ))}
      </ul>
      {kernel.cannot_tell.map(text => (
        <p key={text} className="pl-Muted">
          {text}
        </p>
      ))}
    </section>
  );
}

function ProcessLine(props: {
  readonly process: LiveProcess;
  readonly kit: Kit;
}): React.JSX.Element {
  const { process, kit } = props;
  const { trans } = kit;
  const facts = [
    stateOf(process, trans),
    process.waits_for ? trans.__('waits for %1', process.waits_for) : '',
    process.error
  ];
  return (
    <li className="pl-Process">
      <span className="pl-Process-name">{process.name}</span>{' '}
      <span className="pl-Muted">{facts.filter(Boolean).join(' · ')}</span>
      {process.threads.length > 0 ? (
        <ul className="pl-Processes">
          {process.threads.map(thread => (
            <li key={thread.tid} className="pl-Process">
              <span className="pl-Process-name">{thread.name}</span>{' '}
              <span className="pl-Muted">
                {[
                  thread.state,
                  thread.waits_for
                    ? trans.__('waits for %1', thread.waits_for)
                    : ''
                ]
                  .filter(Boolean)
                  .join(' · ')}
              </span>
            </li>
          ))}
        </ul>
      ) : null}
    </li>
  );
}

/** Whoever waits for something is told by what, and need not be called waiting too. */
function stateOf(process: LiveProcess, trans: Kit['trans']): string {
  if (process.exit_code !== null) {
    return trans.__('ended with exit code %1', String(process.exit_code));
  }
  return process.waits_for ? '' : process.state;
}
