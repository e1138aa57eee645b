/**
 * The lines of the map: which there are at a moment (who has to do with what, holds it, or waits for it), where
 * each runs, and which of them make a closed circle. No drawing.
 */

import { linkHorizontal } from 'd3-shape';
import type { LaneNow, Moment } from '../../core/film';
import type { Layout, Place } from './layout';

export type Tie = 'uses' | 'holds' | 'waits';

export interface Edge {
  readonly key: string;
  readonly tie: Tie;
  readonly from: string;
  readonly to: string;
  /** The end of the other is waited for, not something that it has. */
  readonly end: boolean;
  readonly path: string;
  readonly middle: readonly [number, number];
  readonly caught: boolean;
  /** Its place in the circle, 0 outside of one. */
  readonly number: number;
}

export function isThere(one: LaneNow): boolean {
  return one.doing !== 'unborn';
}

const curve = linkHorizontal<
  { source: [number, number]; target: [number, number] },
  [number, number]
>();

type Line = Pick<Edge, 'path' | 'middle'>;

/** Where lines run, each found once: places stay the same as time goes on. */
export class Lines {
  private readonly _known = new Map<string, Line | null>();

  constructor(readonly layout: Layout) {}

  /** null where one of the ends has no place. */
  find(tie: Tie, from: string, to: string, shift: number): Line | null {
    const key = `${tie} ${from} ${to} ${shift}`;
    let line = this._known.get(key);
    if (line === undefined) {
      line = this._line(this._place(from), this._place(to), tie, shift);
      this._known.set(key, line);
    }
    return line;
  }

  private _line(
    one: Place | null,
    other: Place | null,
    tie: Tie,
    shift: number
  ): Line | null {
    if (!one || !other) {
      return null;
    }
    if (!this._isClear(one, other)) {
      return around(one, other, shift);
    }
    // The number on a wait stands elsewhere than a hold's, where they cross.
    const along = tie === 'waits' && this.layout.narrow ? 0.28 : 0.5;
    return between(one, other, shift, along);
  }

  /** Whether nothing stands between two; only those of one column are looked at. */
  private _isClear(one: Place, other: Place): boolean {
    const [top, bottom] = one.y < other.y ? [one, other] : [other, one];
    return (
      one.x !== other.x ||
      ![...this.layout.lanes.values(), ...this.layout.objects.values()].some(
        place => place.x === one.x && place.y > top.y && place.y < bottom.y
      )
    );
  }

  private _place(id: string): Place | null {
    const { lanes, objects } = this.layout;
    return lanes.get(id) ?? objects.get(id) ?? null;
  }
}

/** All lines of a moment, the loudest last. */
export function edgesOf(now: Moment, lines: Lines): Edge[] {
  const edges: Edge[] = [];
  const there = new Set([
    ...now.lanes.filter(isThere).map(one => one.lane.id),
    ...now.objects.filter(one => one.there).map(one => one.object.id)
  ]);
  const circle = new Map<string, number>();
  for (const deadlock of now.deadlocks) {
    let number = 0;
    deadlock.lanes.forEach((lane, at) => {
      const object = deadlock.objects[at] ?? '';
      const next = deadlock.lanes[(at + 1) % deadlock.lanes.length] ?? lane;
      circle.set(`waits ${lane} ${object || next}`, ++number);
      if (object) {
        circle.set(`holds ${object} ${next}`, ++number);
      }
    });
  }
  const add = (tie: Tie, from: string, to: string, shift: number) => {
    const line = lines.find(tie, from, to, shift);
    if (line === null || !there.has(from) || !there.has(to)) {
      return;
    }
    const key = `${tie} ${from} ${to}`;
    const number = circle.get(key) ?? 0;
    edges.push({
      key,
      tie,
      from,
      to,
      end: tie === 'waits' && lines.layout.lanes.has(to),
      ...line,
      caught: number > 0,
      number
    });
  };
  const told = new Set<string>();
  for (const one of now.objects) {
    for (const holder of one.holders) {
      const both = one.waiters.includes(holder);
      add('holds', one.object.id, holder, both ? 10 : 0);
      told.add(`${holder} ${one.object.id}`);
    }
  }
  for (const one of now.lanes) {
    const { wait, lane } = one;
    if (wait?.object) {
      add(
        'waits',
        lane.id,
        wait.object,
        one.holds.includes(wait.object) ? -10 : 0
      );
      told.add(`${lane.id} ${wait.object}`);
    }
    for (const other of wait?.object ? [] : (wait?.lanes ?? [])) {
      add('waits', lane.id, other, 0);
    }
  }
  // Where nothing is shared, who started whom is what there is to be seen.
  for (const { lane } of now.objects.length === 0 ? now.lanes : []) {
    add('uses', lane.parent, lane.id, 0);
  }
  for (const link of now.links) {
    if (!told.has(`${link.lane} ${link.object}`)) {
      add('uses', link.lane, link.object, 0);
    }
  }
  // What is told loudest is drawn last.
  const rank: Record<Tie, number> = { uses: 0, holds: 1, waits: 2 };
  return edges.sort(
    (one, other) =>
      Number(one.caught) - Number(other.caught) ||
      rank[one.tie] - rank[other.tie]
  );
}

function isBeside(one: Place, other: Place): boolean {
  return Math.abs(one.x - other.x) > (one.width + other.width) / 2;
}

/** How far a line goes out that has to pass a third box: less than the room beside all of them. */
const AROUND = 22;

/** From side to side of two of a column, past those between them: behind them it would seem to be theirs. */
function around(one: Place, other: Place, shift: number): Line {
  const right = one.x > 0 ? 1 : -1;
  const from = one.x + (right * one.width) / 2;
  const to = other.x + (right * other.width) / 2;
  const out = right * (Math.max(right * from, right * to) + AROUND + shift / 2);
  const [begin, end] = [one.y + shift, other.y + shift];
  return {
    path: `M${from} ${begin}C${out} ${begin} ${out} ${end} ${to} ${end}`,
    middle: [(from + to) / 8 + 0.75 * out, (begin + end) / 2]
  };
}

/** From edge to edge of two places; `shift` keeps two lines between the same two apart. */
function between(one: Place, other: Place, shift: number, along: number): Line {
  if (!isBeside(one, other)) {
    const sign = one.y < other.y ? 1 : -1;
    const from: [number, number] = [
      one.x + shift,
      one.y + (sign * one.height) / 2
    ];
    const to: [number, number] = [
      other.x + shift,
      other.y - (sign * other.height) / 2
    ];
    return {
      path: `M${from[0]} ${from[1]}L${to[0]} ${to[1]}`,
      middle: [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2]
    };
  }
  const right = other.x > one.x ? 1 : -1;
  const source: [number, number] = [
    one.x + (right * one.width) / 2,
    one.y + shift + lean(one, other)
  ];
  const target: [number, number] = [
    other.x - (right * other.width) / 2,
    other.y + shift + lean(other, one)
  ];
  return {
    path: curve({ source, target }) ?? '',
    middle: pointOn(source, target, along)
  };
}

/** A point of the curve between two, `along` from 0 to 1 (d3-shape's link: both controls half way). */
function pointOn(
  [x0, y0]: readonly [number, number],
  [x1, y1]: readonly [number, number],
  along: number
): [number, number] {
  const back = 1 - along;
  const half = 3 * along * back * ((x0 + x1) / 2);
  return [
    x0 * back ** 3 + half + x1 * along ** 3,
    y0 * back ** 2 * (1 + 2 * along) + y1 * along ** 2 * (3 - 2 * along)
  ];
}

/** A line to something higher leaves a box higher, so that lines do not meet where they end. */
function lean(from: Place, to: Place): number {
  const most = from.height / 3.5;
  return Math.max(-most, Math.min(most, (to.y - from.y) / 5));
}
