/**
 * What the kernel's own processes and threads do now, as far as the server told; whether they are
 * stuck, on what, and the ways out: interrupt, end one process, dismiss a thread that waits.
 */

import * as React from 'react';
import type {
  KernelState,
  LiveProcess,
  LiveThread,
  RescueWork,
  RescueReply
} from '../core';
import type { Actions } from './actions';
import { Button, Notice, Question, useAsking } from './controls';
import type { Kit, Trans } from './kit';
import { ProblemNotice } from './problem';

type RescueActions = Pick<
  Actions,
  'rescue' | 'closeRescue' | 'restartKernel' | 'showPicture'
>;

export interface KernelProps {
  readonly kernel: KernelState | null;
  readonly rescue: RescueWork;
  readonly actions: RescueActions;
  readonly kit: Kit;
}

/** Who waits for whom, which mistake that is, and what to do, before anybody thinks of Interrupt. */
export function Stuck(props: KernelProps): React.JSX.Element | null {
  const { kernel, rescue, actions, kit } = props;
  const { trans } = kit;
  if (!kernel?.stuck) {
    return null;
  }
  const others = kernel.processes.some(isAlive);
  return (
    <div className="pl-Stuck">
      <Notice
        tone="warning"
        alert
        title={trans.__('Your program is stuck.')}
        actions={
          <>
            <Button
              kind="primary"
              off={rescue.busy}
              onClick={() => actions.rescue({ action: 'interrupt' })}
            >
              {rescue.busy ? trans.__('Interrupting…') : trans.__('Interrupt')}
            </Button>
            <Button onClick={() => actions.showPicture('map')}>
              {trans.__('Show the picture')}
            </Button>
          </>
        }
      >
        {kernel.diagnoses.map(text => (
          <p key={text}>{sentence(text)}</p>
        ))}
        {kernel.mistake ? (
          <p>
            {trans.__(
              'Mistake: %1 (%2)',
              kernel.mistake.sentence,
              kernel.mistake.id
            )}
          </p>
        ) : null}
        <p>
          {trans.__(
            'Look first: who waits for whom can be seen only while it hangs, and “Check my work” sees it too. Then interrupt the cell.'
          )}{' '}
          {others
            ? trans.__(
                'Its processes end with it; or end a single one in the list below.'
              )
            : ''}
        </p>
      </Notice>
    </div>
  );
}

/** What a rescue came to, and what to do next. */
export function Rescued(props: KernelProps): React.JSX.Element {
  const { rescue, kit } = props;
  const { reply, problem } = rescue;
  const box = React.useRef<HTMLDivElement>(null);
  // What was clicked may be gone with what it ended: the eye and the focus go to what came of it.
  React.useEffect(() => {
    if (reply !== null || problem !== null) {
      box.current?.scrollIntoView({ block: 'nearest' });
      if (document.activeElement === document.body) {
        box.current?.focus({ preventScroll: true });
      }
    }
  }, [reply, problem]);
  return (
    <div
      className="pl-Rescued"
      data-empty={reply === null && problem === null}
      ref={box}
      tabIndex={-1}
    >
      {problem ? <ProblemNotice problem={problem} kit={kit} /> : null}
      <div role="status" aria-atomic="false">
        {reply ? <Outcome {...props} reply={reply} /> : null}
      </div>
    </div>
  );
}

function Outcome(
  props: KernelProps & { readonly reply: RescueReply }
): React.JSX.Element {
  const { kernel, reply, rescue, actions, kit } = props;
  const { trans } = kit;
  const busy = kernel?.busy ?? reply.state.busy;
  return (
    <Notice
      tone={reply.done ? 'info' : 'warning'}
      title={reply.happened[0] ?? ''}
      actions={
        <>
          {reply.done || !busy ? null : (
            <>
              <Button
                off={rescue.busy}
                onClick={() => actions.rescue({ action: 'interrupt' })}
              >
                {trans.__('Interrupt again')}
              </Button>
              <Button onClick={actions.restartKernel}>
                {trans.__('Restart the kernel')}
              </Button>
            </>
          )}
          <Button kind="quiet" onClick={actions.closeRescue}>
            {trans.__('Close')}
          </Button>
        </>
      }
    >
      {reply.happened.slice(1).map(text => (
        <p key={text}>{text}</p>
      ))}
      <p>{remains(kernel, reply, trans)}</p>
    </Notice>
  );
}

/** What is still there after a rescue. */
function remains(
  kernel: KernelState | null,
  reply: RescueReply,
  trans: Trans
): string {
  const state = kernel ?? reply.state;
  const processes = state.processes.filter(isAlive).length;
  const threads = state.threads.filter(one => one.left).length;
  const parts = [
    processes > 0
      ? trans._n('%1 process lives on.', '%1 processes live on.', processes)
      : '',
    threads > 0
      ? trans._n(
          '%1 thread of an earlier cell lives on: dismiss it below, or it takes what you put into its queue next.',
          '%1 threads of earlier cells live on: dismiss them below, or they take what you put into their queues next.',
          threads
        )
      : ''
  ].filter(Boolean);
  return parts.length > 0
    ? parts.join(' ')
    : trans.__('Nothing of it is left running.');
}

export function RunningNow(props: KernelProps): React.JSX.Element | null {
  const { kernel, kit } = props;
  const { trans } = kit;
  if (kernel === null) {
    return null;
  }
  return (
    <>
      {kernel.processes.length > 0 ? (
        <section className="pl-Kernel" aria-label={trans.__('Your processes')}>
          <h3 className="pl-Heading">{trans.__('Your processes')}</h3>
          <ul className="pl-Processes">
            {kernel.processes.map(process => (
              <ProcessLine key={process.pid} process={process} {...props} />
            ))}
          </ul>
        </section>
      ) : null}
      {kernel.threads.length > 0 ? (
        <Threads {...props} threads={kernel.threads} />
      ) : null}
    </>
  );
}

/** The notebook's own threads: those of earlier cells stay, and take what is meant for the next. */
function Threads(
  props: KernelProps & { readonly threads: readonly LiveThread[] }
): React.JSX.Element {
  const { threads, rescue, actions, kit } = props;
  const { trans } = kit;
  const left = threads.filter(one => one.left);
  const dismiss = (some: readonly LiveThread[]) =>
    actions.rescue({
      action: 'dismiss',
      threads: some.map(one => one.number)
    });
  return (
    <section className="pl-Kernel" aria-label={trans.__('Your threads')}>
      <h3 className="pl-Heading">{trans.__('Your threads')}</h3>
      <ul className="pl-Processes">
        {threads.map(thread => (
          <li key={thread.number} className="pl-Process">
            <span className="pl-Process-name">{thread.name}</span>{' '}
            <span className="pl-Muted">
              {thread.left
                ? trans.__('lives on; its cell has ended')
                : thread.state}
            </span>
            {thread.left ? (
              <Button
                kind="quiet"
                off={rescue.busy}
                label={trans.__('Dismiss thread %1', thread.name)}
                onClick={() => dismiss([thread])}
              >
                {trans.__('Dismiss')}
              </Button>
            ) : null}
          </li>
        ))}
      </ul>
      {left.length > 1 ? (
        <div className="pl-Row">
          <Button off={rescue.busy} onClick={() => dismiss(left)}>
            {trans.__('Dismiss all (%1)', String(left.length))}
          </Button>
        </div>
      ) : null}
      {left.length > 0 ? (
        <p className="pl-Muted">
          {trans.__(
            'Dismissing ends a thread that waits in a queue, an event or a condition. One that works is left alone.'
          )}
        </p>
      ) : null}
    </section>
  );
}

function ProcessLine(
  props: KernelProps & { readonly process: LiveProcess }
): React.JSX.Element {
  const { process, rescue, actions, kit } = props;
  const { trans } = kit;
  const asking = useAsking();
  const facts = [
    stateOf(process, trans),
    process.waits_for ? trans.__('waits for %1', process.waits_for) : '',
    process.error
  ];
  const end = (action: 'terminate' | 'kill') => {
    asking.end();
    actions.rescue({ action, pid: process.pid, started: process.started });
  };
  return (
    <li className="pl-Process">
      <span className="pl-Process-name">{process.name}</span>{' '}
      <span className="pl-Muted">{facts.filter(Boolean).join(' · ')}</span>
      {isAlive(process) && process.started > 0 && !asking.on ? (
        <Button
          kind="quiet"
          off={rescue.busy}
          buttonRef={asking.asker}
          label={trans.__('End process %1…', process.name)}
          onClick={asking.begin}
        >
          {trans.__('End…')}
        </Button>
      ) : null}
      {asking.on ? (
        <Question
          title={trans.__('End %1?', process.name)}
          answers={
            <>
              <Button
                buttonRef={asking.answer}
                onClick={() => end('terminate')}
              >
                {trans.__('Terminate')}
              </Button>
              <Button onClick={() => end('kill')}>{trans.__('Kill')}</Button>
              <Button onClick={asking.end}>{trans.__('Leave it')}</Button>
            </>
          }
        >
          <p>
            {trans.__(
              'Terminate asks it to end; Kill ends it at once. A lock or queue that it uses may stay as it is for ever: make new ones afterwards.'
            )}
          </p>
        </Question>
      ) : null}
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

function isAlive(process: LiveProcess): boolean {
  return process.state !== 'ended';
}

/** Whoever waits for something is told by what, and need not be called waiting too. */
function stateOf(process: LiveProcess, trans: Trans): string {
  if (process.exit_code !== null) {
    return trans.__('ended with exit code %1', String(process.exit_code));
  }
  return process.waits_for ? '' : process.state;
}

/** A line of the server's as a sentence: it may begin with a role, and end without a stop. */
function sentence(text: string): string {
  const first = text.charAt(0).toLocaleUpperCase();
  return `${first}${text.slice(1)}${/[.!?…]$/.test(text) ? '' : '.'}`;
}
