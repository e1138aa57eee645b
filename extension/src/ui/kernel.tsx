/**
 * What the kernel's own processes and threads do now, as far as the server told; whether they are
 * stuck, on what, and the ways out: interrupt, end one process, dismiss a thread that waits.
 */

import * as React from 'react';
import type {
  KernelState,
  LinkState,
  LiveProcess,
  LiveThread,
  RescueReply,
  RescueRequest,
  RescueWork
} from '../core';
import type { Actions } from './actions';
import { Button, Notice, Question, useAsking, type Asking } from './controls';
import type { Kit, Trans } from './kit';
import { treeOf, type Node } from './nodes';
import { ProblemNotice } from './problem';
import { Tree } from './tree';

type RescueActions = Pick<
  Actions,
  'rescue' | 'closeRescue' | 'restartKernel' | 'reconnect' | 'showPicture'
>;

export interface KernelProps {
  readonly kernel: KernelState | null;
  /** Whether `kernel` is of now. */
  readonly live: LinkState;
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
        {kernel.diagnoses.length > 0 ? (
          <>
            <p className="pl-Stuck-part">{trans.__('Who waits for whom')}</p>
            <ul className="pl-Stuck-waits">
              {kernel.diagnoses.map(text => (
                <li key={text}>{sentence(text)}</li>
              ))}
            </ul>
          </>
        ) : null}
        {kernel.mistake ? (
          <p>
            <span className="pl-Stuck-part">{trans.__('Mistake:')}</span>{' '}
            {trans.__('%1 (%2)', kernel.mistake.sentence, kernel.mistake.id)}
          </p>
        ) : null}
        <p className="pl-Stuck-part">{trans.__('What to do')}</p>
        <ol className="pl-Stuck-steps">
          <li>
            {trans.__(
              'Look at “What runs now” below. Who waits for whom can be seen only while it hangs.'
            )}
          </li>
          <li>
            {trans.__('If you like, click “Check my work”: it sees it too.')}
          </li>
          <li>
            {others
              ? trans.__(
                  'Then interrupt the cell. Its processes end with it; or end a single one below.'
                )
              : trans.__('Then interrupt the cell.')}
          </li>
        </ol>
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

/** The tree of who is there now, and the ways to end one of them, each after a question. */
export function RunningNow(props: KernelProps): React.JSX.Element | null {
  const { kernel, live, rescue, actions, kit } = props;
  const { trans } = kit;
  const asking = useAsking();
  const [asked, ask] = React.useState<Asked | null>(null);
  const there = kernel !== null && asked !== null && isThere(kernel, asked);
  // Who is gone by themselves need not be asked about any more.
  React.useEffect(() => {
    if (asking.on && !there) {
      asking.end();
    }
  });
  if (kernel === null || !HAS_TREE.has(kernel.kind)) {
    return null;
  }
  const left = kernel.threads.filter(one => one.left);
  const begin = (what: Asked) => {
    ask(what);
    asking.begin();
  };
  const button = (what: Asked, text: string, label: string, tab?: 0 | -1) => (
    <Button
      kind={tab === undefined ? 'plain' : 'quiet'}
      off={rescue.busy}
      label={label}
      tabIndex={tab}
      buttonRef={asked?.id === what.id ? asking.asker : undefined}
      onClick={() => begin(what)}
    >
      {text}
    </Button>
  );
  const buttons = ({ process, thread, name, id }: Node, tab: 0 | -1) => {
    if (process && isAlive(process) && process.started > 0) {
      const label = trans.__('End process %1…', name);
      return button({ id, name, process }, trans.__('End…'), label, tab);
    }
    if (thread?.left) {
      const label = trans.__('Dismiss thread %1…', name);
      const what = { id, name, threads: [thread] };
      return button(what, trans.__('Dismiss…'), label, tab);
    }
    return null;
  };
  return (
    <section className="pl-Kernel" aria-label={trans.__('What runs now')}>
      <h3 className="pl-Heading">{trans.__('What runs now')}</h3>
      <Standing kernel={kernel} live={live} actions={actions} kit={kit} />
      <Tree
        root={treeOf(kernel, trans)}
        label={trans.__('Processes and threads')}
        frozen={kernel.stuck === true || live === 'lost' || live === 'off'}
        actions={buttons}
        kit={kit}
      />
      {kernel.more > 0 ? (
        <p className="pl-Muted">
          {trans._n(
            '%1 older process is not shown.',
            '%1 older processes are not shown.',
            kernel.more
          )}
        </p>
      ) : null}
      {left.length > 1 ? (
        <div className="pl-Row">
          {button(
            { id: 'all', name: '', threads: left },
            trans.__('Dismiss all (%1)…', String(left.length)),
            trans.__(
              'Dismiss all threads of earlier cells (%1)…',
              String(left.length)
            )
          )}
        </div>
      ) : null}
      {asking.on && asked && there ? (
        <Ending {...props} asked={asked} asking={asking} />
      ) : null}
    </section>
  );
}

const HAS_TREE: ReadonlySet<KernelState['kind']> = new Set([
  'recorded',
  'dead'
] as const);

/** Whom the learner may end: a process, or threads. */
interface Asked {
  readonly id: string;
  readonly name: string;
  readonly process?: LiveProcess;
  readonly threads?: readonly LiveThread[];
}

/** How far the picture can be believed: it is live, frozen, or of a moment ago. */
function Standing(
  props: Pick<KernelProps, 'live' | 'actions' | 'kit'> & {
    readonly kernel: KernelState;
  }
): React.JSX.Element | null {
  const { kernel, live, actions, kit } = props;
  const { trans } = kit;
  if (live === 'lost') {
    return (
      <Notice
        tone="warning"
        title={trans.__('This picture is not live any more.')}
        actions={
          <Button onClick={actions.reconnect}>{trans.__('Try now')}</Button>
        }
      >
        <p>
          {trans.__(
            'The Jupyter server does not answer. What you see is how things stood. It is tried again by itself.'
          )}
        </p>
      </Notice>
    );
  }
  if (live === 'off') {
    // Seen, and yet nobody looks: the kernel is restarting, dead, or out of reach, which is said above.
    return (
      <p className="pl-Frozen">
        {trans.__('This is how it stood when the kernel was last heard of.')}
      </p>
    );
  }
  return kernel.stuck ? (
    <p className="pl-Frozen">
      {trans.__('Frozen: nothing moves any more. This is how it stands.')}
    </p>
  ) : null;
}

/** The question before somebody is ended. */
function Ending(
  props: KernelProps & { readonly asked: Asked; readonly asking: Asking }
): React.JSX.Element {
  const { asked, asking, actions, kit } = props;
  const { trans } = kit;
  const send = (request: RescueRequest) => {
    asking.end();
    actions.rescue(request);
  };
  const { process, threads, name } = asked;
  if (process) {
    const end = (action: 'terminate' | 'kill') =>
      send({ action, pid: process.pid, started: process.started });
    return (
      <Question
        title={trans.__('End %1?', name)}
        answers={
          <>
            <Button buttonRef={asking.answer} onClick={() => end('terminate')}>
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
    );
  }
  const some = threads ?? [];
  return (
    <Question
      title={
        some.length === 1
          ? trans.__('Dismiss thread %1?', name)
          : trans.__('Dismiss %1 threads?', String(some.length))
      }
      answers={
        <>
          <Button
            buttonRef={asking.answer}
            onClick={() =>
              send({
                action: 'dismiss',
                threads: some.map(one => one.number)
              })
            }
          >
            {trans.__('Dismiss')}
          </Button>
          <Button onClick={asking.end}>{trans.__('Leave it')}</Button>
        </>
      }
    >
      <p>
        {trans.__(
          'Dismissing ends a thread that waits in a queue, an event or a condition. One that works is left alone.'
        )}
      </p>
    </Question>
  );
}

/** Whether one of them at least can still be ended. */
function isThere(kernel: KernelState, { process, threads }: Asked): boolean {
  return process
    ? kernel.processes.some(
        one =>
          one.pid === process.pid &&
          one.started === process.started &&
          isAlive(one)
      )
    : kernel.threads.some(
        one => one.left && threads?.some(asked => asked.number === one.number)
      );
}

export function isAlive(process: LiveProcess): boolean {
  return process.state !== 'ended';
}

/** A line of the server's as a sentence: it may begin with a role, and end without a stop. */
function sentence(text: string): string {
  const first = text.charAt(0).toLocaleUpperCase();
  return `${first}${text.slice(1)}${/[.!?…]$/.test(text) ? '' : '.'}`;
}
