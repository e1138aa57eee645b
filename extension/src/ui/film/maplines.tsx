/** The map's lines as they are drawn, and the words and numbers on them. */

import * as React from 'react';
import type { Kit } from '../kit';
import type { Edge } from './edges';
import { hasSame } from './same';

export const EdgeLine = React.memo(EdgePath, ({ edge: one }, { edge: other }) =>
  hasSame(one, other)
);

function EdgePath(props: { readonly edge: Edge }): React.JSX.Element {
  const { edge } = props;
  const arrow = edge.caught ? 'caught' : edge.tie;
  return (
    <path
      className="pl-Edge"
      data-tie={edge.tie}
      data-caught={edge.caught || undefined}
      d={edge.path}
      markerEnd={edge.tie === 'uses' ? undefined : `url(#pl-arrow-${arrow})`}
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
  const left = wordy ? -40 : 0;
  return (
    <g transform={`translate(${x} ${y})`} className="pl-EdgeWords">
      {edge.number > 0 ? (
        <>
          <circle className="pl-EdgeNumber" r="9" cx={left} />
          <text className="pl-EdgeNumber-text" x={left} y="4">
            {String(edge.number)}
          </text>
        </>
      ) : null}
      {wordy ? (
        <text y="4" data-caught={edge.caught || undefined}>
          {edge.tie === 'waits'
            ? edge.end
              ? kit.trans.__('waits for its end')
              : kit.trans.__('waits for')
            : kit.trans.__('held by')}
        </text>
      ) : null}
    </g>
  );
}
