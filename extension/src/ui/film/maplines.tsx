/** The map's lines as they are drawn, and the words and numbers on them. */

import * as React from 'react';
import type { Kit } from '../kit';
import type { Edge } from './edges';
import { TEXT, widthOf } from './fit';
import { hasSame } from './same';

/** Half of a number's disc, and the gap to the words beside it. */
const DISC = 9;
const GAP = 5;

export const EdgeLine = React.memo(EdgePath, ({ edge: one }, { edge: other }) =>
  hasSame(one, other)
);

function EdgePath(props: {
  readonly edge: Edge;
  /** What the ids of the arrows' heads begin with. */
  readonly arrows: string;
}): React.JSX.Element {
  const { edge } = props;
  const arrow = edge.caught ? 'caught' : edge.tie;
  return (
    <path
      className="pl-Edge"
      data-tie={edge.tie}
      data-caught={edge.caught || undefined}
      d={edge.path}
      markerEnd={
        edge.tie === 'uses' ? undefined : `url(#${props.arrows}-${arrow})`
      }
    />
  );
}

export function EdgeWords(props: {
  readonly edge: Edge;
  readonly wordy: boolean;
  readonly kit: Kit;
}): React.JSX.Element {
  const { edge, wordy, kit } = props;
  const [x, y] = edge.middle;
  const words =
    edge.tie === 'holds'
      ? kit.trans.__('held by')
      : edge.end
        ? kit.trans.__('waits for its end')
        : kit.trans.__('waits for');
  // Disc and words together have their middle on the line's.
  const numbered = edge.number > 0;
  const right = numbered ? DISC + GAP / 2 : 0;
  const half = widthOf(words, { ...TEXT, bold: edge.caught }) / 2;
  const left = wordy ? right - half - GAP - DISC : 0;
  return (
    <g transform={`translate(${x} ${y})`} className="pl-EdgeWords">
      {numbered ? (
        <>
          <circle className="pl-EdgeNumber" r={DISC} cx={left} />
          <text className="pl-EdgeNumber-text" x={left} y="4">
            {String(edge.number)}
          </text>
        </>
      ) : null}
      {wordy ? (
        <text x={right} y="4" data-caught={edge.caught || undefined}>
          {words}
        </text>
      ) : null}
    </g>
  );
}
