/**
 * The whole film, small: how many were at work, the deadlocks, the cursor, and which part the timeline shows.
 * A click or a drag goes elsewhere; by keys, the timeline itself does.
 */

import * as React from 'react';
import type { Reel } from '../../core/film';
import { staircase } from './axis';
import type { Scale } from './rows';

const TALL = 26;

export function Overview(props: {
  readonly reel: Reel;
  /** Of the whole film. */
  readonly base: Scale;
  /** Of the part that is shown. */
  readonly scale: Scale;
  readonly time: number;
  readonly width: number;
  /** Brings a moment into the middle. */
  readonly onGo: (time: number) => void;
}): React.JSX.Element {
  const { reel, scale, time, onGo } = props;
  const { film } = reel;
  const small = React.useMemo(
    () => props.base.copy().range([1, props.width - 1]),
    [props.base, props.width]
  );
  const still = React.useMemo(
    () => (
      <>
        <path
          className="pl-Overview-work"
          d={staircase(reel, small, TALL - 2, TALL - 6)}
        />
        {film.deadlocks.map(one => (
          <path
            key={one.begin}
            className="pl-Overview-deadlock"
            d={`M${small(one.begin)} 0V${TALL}`}
          />
        ))}
      </>
    ),
    [reel, film, small]
  );
  const [begin, end] = scale.domain() as [number, number];
  const go = (event: React.PointerEvent) => {
    const { left } = event.currentTarget.getBoundingClientRect();
    onGo(small.invert(event.clientX - left));
  };
  return (
    <svg
      className="pl-Overview"
      width={props.width}
      height={TALL}
      aria-hidden="true"
      onPointerDown={event => {
        event.currentTarget.setPointerCapture(event.pointerId);
        go(event);
      }}
      onPointerMove={event => {
        if (event.buttons === 1) {
          go(event);
        }
      }}
    >
      {still}
      <rect
        className="pl-Overview-part"
        x={small(begin)}
        y="1"
        width={Math.max(3, small(end) - small(begin))}
        height={TALL - 2}
        rx="2"
      />
      <path className="pl-Overview-now" d={`M${small(time)} 0V${TALL}`} />
    </svg>
  );
}
