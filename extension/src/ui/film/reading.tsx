/** What is to be read below the picture's head, and what its film leaves out. */

import * as React from 'react';
import type { Film } from '../../core';
import type { Moment } from '../../core/film';
import { Notice } from '../controls';
import type { Kit } from '../kit';
import type { Words } from './words';

/** The deadlock, if there is one, and the caption; else what happened last. */
export function Reading(props: {
  readonly words: Words;
  readonly now: Moment;
  readonly playing: boolean;
  readonly stuck: boolean;
  readonly kit: Kit;
}): React.JSX.Element {
  const { words, now, playing, kit } = props;
  const { trans } = kit;
  const circle = now.deadlocks[0];
  const text = words.reading(now.time);
  const caption = words.caption(now.time);
  return (
    <div
      className="pl-Reading"
      role="status"
      // While it plays, every line would be spoken over the one before.
      aria-live={playing ? 'off' : 'polite'}
    >
      {circle ? (
        <Notice
          tone="error"
          title={trans.__('Deadlock: they wait in a circle')}
        >
          <p>{words.deadlock(circle)}</p>
          {caption !== null ? <p>{caption}</p> : null}
        </Notice>
      ) : props.stuck ? (
        <Notice tone="warning" title={trans.__('Your program is stuck.')}>
          <p>{words.stuck(now) || text}</p>
        </Notice>
      ) : (
        <p className="pl-Reading-line">
          {/* A caption stands for longer than the moment that it speaks of. */}
          {caption === null ? (
            <span className="pl-Muted">{words.time(now.time)} </span>
          ) : null}
          {text}
        </p>
      )}
    </div>
  );
}

// What time does not change is not drawn anew in each frame.
export const LeftOut = React.memo(LeftOutNote);

/** What is not in the film, so that nobody takes its absence for a fact. */
function LeftOutNote(props: {
  readonly film: Film;
  readonly kit: Kit;
}): React.JSX.Element | null {
  const { film, kit } = props;
  const { trans } = kit;
  const names: Readonly<Record<string, string>> = {
    marks: trans.__('deeds'),
    waits: trans.__('waits'),
    states: trans.__('states'),
    lanes: trans.__('processes and threads'),
    objects: trans.__('shared things'),
    links: trans.__('links'),
    cells: trans.__('cells')
  };
  const lines = [
    ...film.left_out.map(gap =>
      trans.__('%1 %2', String(gap.count), names[gap.what] ?? gap.what)
    ),
    ...film.not_recorded
  ];
  return lines.length > 0 ? (
    <details>
      <summary>{trans.__('What this film leaves out')}</summary>
      <ul>
        {lines.map(text => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </details>
  ) : null;
}
