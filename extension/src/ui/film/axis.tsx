/** What stands above the lanes of the timeline: the time, the cells, and how many were at work at once. */

import * as React from 'react';
import type { Reel } from '../../core/film';
import { ROLE, widthOf } from './fit';
import { TOP, type Drawing, type Scale } from './rows';

/** Pixels: where the staircase stands, and how high it may be. */
const WORK = { base: 40, tall: 22 };
/** Pixels from a cell’s beginning to its name: the head of the playhead, which often stands there, has room. */
const ASIDE = 9;
/** Pixels between two times. */
const BETWEEN = 14;

/** A line of the grid: where it is, and its time where that has room. */
interface Tick {
  readonly x: number;
  readonly name: string;
}

function ticksOf(props: Drawing): Tick[] {
  const { scale, width, words } = props;
  const begin = words.reel.film.begin;
  const shown = scale.domain().map(one => one - begin) as [number, number];
  const passed = scale.copy().domain(shown);
  const ticks = passed.ticks(Math.max(2, width / 110));
  const apart = (ticks[1] ?? Infinity) - (ticks[0] ?? 0);
  const name = (tick: number) => words.time(tick + begin, apart);
  const wide = Math.max(0, ...ticks.map(tick => widthOf(name(tick), ROLE)));
  // In little room not every line has its time beside it.
  const every = Math.ceil((wide + BETWEEN) / (passed(apart) - passed(0)));
  return ticks.map(tick => ({
    x: passed(tick),
    name: Math.round(tick / apart) % every === 0 ? name(tick) : ''
  }));
}

/** What stands behind the lanes: the cells, and a line for each time. */
export function Ground(
  props: Drawing & { readonly bottom: number }
): React.JSX.Element {
  const { bottom } = props;
  return (
    <>
      {cellsOf(props).map(({ run, left, right }) => (
        <rect
          key={run}
          className="pl-Cell"
          x={left}
          y="0"
          width={right - left}
          height={bottom}
        />
      ))}
      <g className="pl-Axis">
        {ticksOf(props).map(({ x }) => (
          <path key={x} d={`M${x} ${TOP - 4}V${bottom}`} />
        ))}
      </g>
    </>
  );
}

/** What stands above the lanes, and stays there when they are scrolled: a layer of its own (`data-over`). */
export const Above = React.memo(AboveLanes);

function AboveLanes(props: Drawing): React.JSX.Element {
  const { width, words } = props;
  return (
    <svg
      className="pl-Timeline-above"
      width={width}
      height={TOP}
      style={{ marginBlockEnd: -TOP }}
      data-over="0"
      aria-hidden="true"
    >
      <rect className="pl-Timeline-aboveGround" width={width} height={TOP} />
      {cellsOf(props).map(({ run, number, left, right }) => (
        <text key={run} x={left + ASIDE} y="12">
          {right - left > 40 + ASIDE
            ? words.trans.__('Cell [%1]', String(number))
            : ''}
        </text>
      ))}
      <AtWork {...props} />
      <g className="pl-Axis">
        {ticksOf(props).map(({ x, name }) => (
          <text key={x} x={x} y={TOP - 8} textAnchor={anchor(x, width)}>
            {name}
          </text>
        ))}
      </g>
    </svg>
  );
}

/** A time at the edge stands inside of it. */
function anchor(x: number, width: number): 'start' | 'middle' | 'end' {
  if (x < 30) {
    return 'start';
  }
  return x > width - 30 ? 'end' : 'middle';
}

interface CellSeen {
  readonly run: number;
  readonly number: number;
  readonly left: number;
  readonly right: number;
}

/** The cells of which something is in sight, and where. */
function cellsOf({ reel, scale, width }: Drawing): CellSeen[] {
  const { begin, end, cells } = reel.film;
  return cells
    .filter(cell => cell.begin < end && (cell.end ?? end) > begin)
    .map(cell => ({
      run: cell.run,
      number: cell.number,
      left: Math.max(0, scale(cell.begin)),
      right: Math.min(width, scale(cell.end ?? end))
    }))
    .filter(({ left, right }) => right > left);
}

/** How many are at work at once, as a staircase. */
function AtWork(props: Drawing): React.JSX.Element | null {
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
