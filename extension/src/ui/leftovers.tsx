/** What earlier kernels left: what each is, in plain words, and its removal with a question before. */

import * as React from 'react';
import type { CleanReply, LeftWork, Leftover, LeftoverKind } from '../core';
import type { Actions } from './actions';
import { Button, Notice, Question, useAsking, type Asking } from './controls';
import type { Kit, Trans } from './kit';
import { ProblemNotice } from './problem';

export interface LeftoversProps {
  readonly left: LeftWork;
  readonly actions: Pick<Actions, 'clean' | 'hideLeft'>;
  readonly kit: Kit;
}

export function Leftovers(props: LeftoversProps): React.JSX.Element {
  const { left, actions, kit } = props;
  const { trans } = kit;
  const asking = useAsking();
  const shown = !left.hidden;
  const said = shown && (left.reply !== null || left.found.length > 0);
  const removable = left.found.filter(one => one.removable);
  return (
    <section
      className="pl-Left"
      aria-label={trans.__('Left over')}
      data-empty={!said && left.problem === null}
    >
      {left.problem ? <ProblemNotice problem={left.problem} kit={kit} /> : null}
      {/* There before its text is, so that it is read out when that comes. */}
      <div className="pl-Left-said" role="status" aria-atomic="false">
        {shown && left.reply ? <Outcome {...props} reply={left.reply} /> : null}
        {shown && left.found.length > 0 ? (
          <Found {...props} asking={asking} />
        ) : null}
      </div>
      {said && asking.on ? (
        <Question
          title={trans.__('Remove %1?', countText(removable, trans))}
          answers={
            <>
              <Button
                buttonRef={asking.answer}
                onClick={() => {
                  asking.end();
                  actions.clean();
                }}
              >
                {trans.__('Yes, remove them')}
              </Button>
              <Button onClick={asking.end}>{trans.__('No, keep them')}</Button>
            </>
          }
        >
          <p>
            {trans.__(
              'Processes are asked to end, then ended. Nothing that a living kernel or another program uses is touched. This cannot be undone.'
            )}
          </p>
        </Question>
      ) : null}
    </section>
  );
}

function Found(
  props: LeftoversProps & { readonly asking: Asking }
): React.JSX.Element {
  const { left, asking, actions, kit } = props;
  const { trans } = kit;
  const count = countText(left.found, trans);
  return (
    <Notice
      tone="warning"
      title={
        left.reply !== null
          ? trans.__('Still left over: %1', count)
          : trans.__('Left over from an earlier kernel: %1', count)
      }
      actions={
        <>
          {left.found.some(one => one.removable) && !asking.on ? (
            <Button
              buttonRef={asking.asker}
              off={left.busy}
              onClick={asking.begin}
            >
              {left.busy ? trans.__('Cleaning up…') : trans.__('Clean up')}
            </Button>
          ) : null}
          <Button kind="quiet" off={left.busy} onClick={actions.hideLeft}>
            {trans.__('Not now')}
          </Button>
        </>
      }
    >
      <p>
        {trans.__(
          'A kernel that is killed or restarted cannot tidy up. What it left takes memory, and may still work.'
        )}
      </p>
      <details>
        <summary>{trans.__('What they are')}</summary>
        <List found={left.found} kit={kit} />
      </details>
      {left.cannotTell.map(text => (
        <p key={text} className="pl-Muted">
          {text}
        </p>
      ))}
    </Notice>
  );
}

function Outcome(
  props: LeftoversProps & { readonly reply: CleanReply }
): React.JSX.Element {
  const { reply, left, actions, kit } = props;
  const { trans } = kit;
  // What has gone meanwhile, as by a click in another window, is only a number to the server.
  const kept = reply.kept.filter(one => one.what !== '');
  return (
    <Notice
      tone="info"
      title={
        reply.removed.length > 0
          ? trans.__('Removed: %1', countText(reply.removed, trans))
          : kept.length > 0
            ? trans.__('Nothing was removed.')
            : trans.__('It is gone already: nothing had to be removed.')
      }
      actions={
        left.found.length === 0 ? (
          <Button kind="quiet" onClick={actions.hideLeft}>
            {trans.__('Close')}
          </Button>
        ) : null
      }
    >
      {kept.length > 0 ? (
        <>
          <p>{trans.__('Left alone:')}</p>
          <List found={kept} kit={kit} />
        </>
      ) : null}
    </Notice>
  );
}

function List(props: {
  readonly found: readonly Leftover[];
  readonly kit: Kit;
}): React.JSX.Element {
  const { trans } = props.kit;
  return (
    <ul className="pl-Left-list">
      {props.found.map(one => (
        <li key={one.id}>
          {one.what || one.id}
          <span className="pl-Muted">
            {[
              one.kind === 'process'
                ? trans.__('process %1', one.id.split(':')[1] ?? '')
                : one.name,
              one.kind === 'folder' ? '' : sizeText(one.size, trans),
              one.notebook ? trans.__('of %1', baseName(one.notebook)) : ''
            ]
              .filter(Boolean)
              .map(text => ` · ${text}`)
              .join('')}
          </span>
          {one.kind === 'process' && one.name ? (
            <code className="pl-Left-name">{one.name}</code>
          ) : null}
          {one.why ? (
            <span className="pl-Left-why">
              {trans.__('Stays: %1', one.why)}
            </span>
          ) : null}
        </li>
      ))}
    </ul>
  );
}

/** "3 processes, 1 piece of shared memory" */
function countText(found: readonly Leftover[], trans: Trans): string {
  const words: Record<LeftoverKind, (n: number) => string> = {
    process: n => trans._n('%1 process', '%1 processes', n),
    segment: n =>
      trans._n('%1 piece of shared memory', '%1 pieces of shared memory', n),
    semaphore: n =>
      trans._n('%1 lock or semaphore', '%1 locks or semaphores', n),
    folder: n => trans._n('%1 folder', '%1 folders', n)
  };
  const kinds: readonly LeftoverKind[] = [
    'process',
    'segment',
    'semaphore',
    'folder'
  ];
  return kinds
    .map(kind => [kind, found.filter(one => one.kind === kind).length] as const)
    .filter(([, n]) => n > 0)
    .map(([kind, n]) => words[kind](n))
    .join(', ');
}

function sizeText(bytes: number, trans: Trans): string {
  const mebibytes = bytes / 2 ** 20;
  return mebibytes >= 1
    ? trans.__('%1 MiB', Math.round(mebibytes).toLocaleString())
    : trans.__('%1 KiB', Math.ceil(bytes / 1024).toLocaleString());
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
