/** A span of time that is measured on the timeline: from where it was begun to the moment shown. */

import * as React from 'react';
import type { Reel } from '../../core/film';
import { Button } from '../controls';
import type { Kit } from '../kit';
import type { Words } from './words';

export interface Span {
  readonly begin: number;
  readonly end: number;
}

/** The same, from the left to the right. */
export function spanOf(one: number, other: number): Span {
  return { begin: Math.min(one, other), end: Math.max(one, other) };
}

/** How long it is, and how many were at work in it at once. */
export function Measured(props: {
  readonly span: Span;
  /** Nothing is spoken: it changes in every frame. */
  readonly quiet: boolean;
  readonly reel: Reel;
  readonly words: Words;
  readonly kit: Kit;
  readonly onFit: () => void;
  readonly onEnd: () => void;
}): React.JSX.Element {
  const { span, reel, words, kit } = props;
  const { trans } = kit;
  const { begin, end } = span;
  const most = reel.mostAtWork(begin, end);
  return (
    <div className="pl-Measured">
      <p aria-live={props.quiet ? 'off' : 'polite'}>
        {end <= begin ? (
          trans.__(
            'From %1 to where? Move the moment shown, or hold Shift and draw over the timeline.',
            words.time(begin)
          )
        ) : (
          <>
            <strong>{words.length(end - begin)}</strong>{' '}
            {trans.__('from %1 to %2.', words.time(begin), words.time(end))}{' '}
            {trans._n(
              'At most %1 at work at once.',
              'At most %1 at work at once.',
              most
            )}
          </>
        )}
      </p>
      <Button off={end <= begin} onClick={props.onFit}>
        {trans.__('Zoom to it')}
      </Button>
      <Button onClick={props.onEnd}>{trans.__('Stop measuring')}</Button>
    </div>
  );
}
