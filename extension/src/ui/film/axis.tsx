/** What stands above the lanes of the timeline: the time, the cells, and how many were at work at once. */

import * as React from 'react';
import type { Reel } from '../../core/film';
import { ROLE, widthOf } from './fit';
import { TOP, type Drawing, type Scale } from './rows';
import type { Words } from './words';

/** Pixels: where the staircase stands, and how high it may be. */
const WORK = { base: 40, tall: 22 };
/** Pixels between two times. */
const BETWEEN = 14;

export function Axis(props: {
  readonly words: Words;
  readonly scale: Scale;
  readonly width: number;
  readonly bottom: number;
}): React.JSX.Element {
  const { scale, width, words, bottom } = props;
  const begin = words.reel.film.begin;
  const shown = scale.domain().map(one => one - begin) as [number, number];
  const passed = scale.copy().domain(shown);
  const ticks = passed.ticks(Math.max(2, width / 110));
  const apart = (ticks[1] ?? Infinity) - (ticks[0] ?? 0);
  const name = (tick: number) => words.time(tick + begin, apart);
  const wide = Math.max(0, ...ticks.map(tick => widthOf(name(tick), ROLE)));
  // In little room not every line has its time beside it.
  const every = Math.ceil((wide + BETWEEN) / (passed(apart) - passed(0)));
  return (
    <g className="pl-Axis">
      {ticks.map(tick => (
        <g key={tick} transform={`translate(${passed(tick)} 0)`}>
          <path d={`M0 ${TOP - 4}V${bottom}`} />
          {Math.round(tick / apart) % every === 0 ? (
            <text y={TOP - 8} textAnchor={anchor(passed(tick), width)}>
              {name(tick)}
            </text>
          ) : null}
        </g>
      ))}
    </g>
  );
}

/** A time at the edge stands inside of it. */
function anchor(x: number, width: number): 'start' | 'middle' | 'end' {
  if (x < 30) {
    return 'start';
  }
  return x > width - 30 ? 'end' : 'middle';
}

export function Cells(
  props: Drawing & { readonly bottom: number }
): React.JSX.Element {
  const { reel, words, scale, width, bottom } = props;
  const { film } = reel;
  const seen = film.cells.filter(
    cell => cell.begin < film.end && (cell.end ?? film.end) > film.begin
  );
  return (
    <g>
      {seen.map(cell => {
        const left = Math.max(0, scale(cell.begin));
        const right = Math.min(width, scale(cell.end ?? film.end));
        return right > left ? (
          <g key={cell.run}>
            <rect
              className="pl-Cell"
              x={left}
              y="0"
              width={right - left}
              height={bottom}
            />
            <text x={left + 4} y="12">
              {right - left > 40
                ? words.trans.__('Cell [%1]', String(cell.number))
                : ''}
            </text>
          </g>
        ) : null;
      })}
    </g>
  );
}

/** How many are at work at once, as a staircase. */
export function AtWork(props: Drawing): React.JSX.Element | null {
  const { reel, words, scale, width } = props;
  const steps = reel.atWork;
  const most = Math.max(0, ...steps.map(one => one.count));
  if (most === 0) {
    return null;
  }
  const within = scale
    .copy()
    .clamp(true)
    .range([-10, width + 10]);
  within.domain([scale.invert(-10), scale.invert(width + 10)]);
  const path = staircase(reel, within, WORK.base, WORK.tall);
  const peak = steps.find(one => one.count === most);
  return (
    <g className="pl-AtWork">
      <path d={path} />
      <text
        x={Math.min(width - 90, Math.max(4, scale(peak?.at ?? 0) + 4))}
        y={WORK.base - 8}
      >
        {words.trans._n('at most %1 at once', 'at most %1 at once', most)}
      </text>
    </g>
  );
}

/** How many were at work, as a path on a base; the most is as high as it may be. */
export function staircase(
  reel: Reel,
  scale: Scale,
  base: number,
  tall: number
): string {
  const steps = reel.atWork;
  const most = Math.max(1, ...steps.map(one => one.count));
  const { begin, end } = reel.film;
  const stairs = steps.map(
    ({ at, count }) => `H${scale(at)}V${base - (tall * count) / most}`
  );
  return `M${scale(begin)} ${base}${stairs.join('')}H${scale(end)}V${base}z`;
}
