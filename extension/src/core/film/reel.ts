/**
 * A film made ready to be asked: who does what at a moment, what is true of each shared object, and
 * which moments there are. Answers are values; nothing is kept between them.
 */

import type {
  Film,
  FilmCaption,
  FilmDeadlock,
  FilmGap,
  FilmLane,
  FilmLink,
  FilmMark,
  FilmObject,
  FilmState,
  FilmWait
} from '../wire';

export type Doing = 'unborn' | 'starting' | 'running' | 'waiting' | 'ended';

export interface LaneNow {
  readonly lane: FilmLane;
  readonly doing: Doing;
  /** What it waits for, while it waits. */
  readonly wait: FilmWait | null;
  /** No wait of it is known, but the film leaves out waits here. */
  readonly left_out: boolean;
  /** The objects that it holds. */
  readonly holds: readonly string[];
  /** It is in a circle of waits. */
  readonly caught: boolean;
}

export interface ObjectNow {
  readonly object: FilmObject;
  readonly there: boolean;
  /** The film leaves out what was true of it. */
  readonly left_out: boolean;
  readonly fill: number | null;
  readonly value: string;
  readonly holders: readonly string[];
  readonly waiters: readonly string[];
  readonly caught: boolean;
}

export interface Moment {
  readonly time: number;
  readonly lanes: readonly LaneNow[];
  readonly objects: readonly ObjectNow[];
  readonly links: readonly FilmLink[];
  readonly deadlocks: readonly FilmDeadlock[];
}

/** Something that happened, for reading one after the other. */
export type Happening =
  | { readonly kind: 'mark'; readonly at: number; readonly mark: FilmMark }
  | { readonly kind: 'wait'; readonly at: number; readonly wait: FilmWait }
  | { readonly kind: 'resume'; readonly at: number; readonly wait: FilmWait }
  | { readonly kind: 'run'; readonly at: number; readonly lane: FilmLane }
  | { readonly kind: 'end'; readonly at: number; readonly lane: FilmLane }
  | {
      readonly kind: 'deadlock';
      readonly at: number;
      readonly deadlock: FilmDeadlock;
    };

/** From when to when a lane held an object. */
export interface Hold {
  readonly lane: string;
  readonly begin: number;
  /** null: still. */
  readonly end: number | null;
}

/** Where playing stands still for a while, so that there is time to read. */
export interface Stop {
  readonly at: number;
  /** Of the viewer’s time, at the speed that was chosen for the film. */
  readonly ms: number;
}

/** How long a caption stands at least while a film plays: for the eye to come, and for each letter. */
const CAPTION_MS = 1000;
const LETTER_MS = 45;
/** So far apart are captions of one and the same moment, in the film’s milliseconds. */
const APART_MS = 0.05;
/** Waits shorter than this are no news when a film is read. */
const SHORT_MS = 1;

export interface AtWork {
  readonly at: number;
  readonly count: number;
}

export class Reel {
  readonly lanes: ReadonlyMap<string, FilmLane>;
  readonly objects: ReadonlyMap<string, FilmObject>;
  /** When something happened, in order, each moment once. */
  readonly moments: readonly number[];
  readonly happenings: readonly Happening[];
  /** In order, no two of them at once. */
  readonly captions: readonly FilmCaption[];
  /** How many processes and threads were at work at once, from each moment on. */
  readonly atWork: readonly AtWork[];
  private readonly _changes: readonly number[];
  private readonly _waits: ReadonlyMap<string, readonly FilmWait[]>;
  private readonly _states: ReadonlyMap<string, readonly FilmState[]>;

  constructor(readonly film: Film) {
    this.lanes = new Map(film.lanes.map(lane => [lane.id, lane]));
    this.objects = new Map(film.objects.map(one => [one.id, one]));
    this._waits = grouped(film.waits, wait => wait.lane);
    this._states = grouped(film.states, state => state.object);
    this.happenings = happenings(film);
    this.moments = moments(film, this.happenings);
    this.captions = apart(film.captions);
    this.atWork = atWork(film.lanes);
    this._changes = changes(film, [...this.moments, ...this.captions.map(at)]);
  }

  /** What is true at a moment. */
  at(time: number): Moment {
    const { film } = this;
    const isWithinGap = this.waitGaps.some(
      one => one.begin <= time && one.end > time
    );
    const deadlocks = film.deadlocks.filter(
      one => one.begin <= time && isAfter(one.end, time)
    );
    const caughtLanes = new Set(deadlocks.flatMap(one => one.lanes));
    const caughtObjects = new Set(deadlocks.flatMap(one => one.objects));
    const holds = new Map<string, string[]>();
    const waiters = new Map<string, string[]>();
    const waits = new Map<string, FilmWait>();
    for (const lane of film.lanes) {
      const wait = this.waitOf(lane.id, time);
      if (wait !== null) {
        waits.set(lane.id, wait);
        if (wait.object) {
          append(waiters, wait.object, lane.id);
        }
      }
    }
    const objects = film.objects.map((object): ObjectNow => {
      const state = lastBy(this._states.get(object.id) ?? [], time, at);
      const holders = state?.holders ?? [];
      for (const lane of holders) {
        append(holds, lane, object.id);
      }
      return {
        object,
        there: object.born <= time && isAfter(object.ended, time),
        left_out: state?.left_out ?? false,
        fill: state?.fill ?? null,
        value: state?.value ?? '',
        holders,
        waiters: waiters.get(object.id) ?? [],
        caught: caughtObjects.has(object.id)
      };
    });
    return {
      time,
      lanes: film.lanes.map(lane => {
        const wait = waits.get(lane.id) ?? null;
        return {
          lane,
          doing: doing(lane, wait, time),
          wait,
          left_out: wait === null && isWithinGap,
          holds: holds.get(lane.id) ?? [],
          caught: caughtLanes.has(lane.id)
        };
      }),
      objects,
      links: film.links.filter(
        link => link.begin <= time && isAfter(link.end, time)
      ),
      deadlocks
    };
  }

  /** The last moment, up to this time, at which anything changed: until the next one all stays true. */
  momentAt(time: number): number {
    return lastBy(this._changes, time, one => one) ?? this.film.begin;
  }

  /** What a lane waits for at a moment. */
  waitOf(lane: string, time: number): FilmWait | null {
    const wait = lastBy(this._waits.get(lane) ?? [], time, one => one.begin);
    return wait !== null && isAfter(wait.end, time) ? wait : null;
  }

  /** All waits of a lane, in order. */
  waitsOf(lane: string): readonly FilmWait[] {
    return this._waits.get(lane) ?? [];
  }

  /** What was true of an object, in order. */
  statesOf(object: string): readonly FilmState[] {
    return this._states.get(object) ?? [];
  }

  /** Who held an object from when to when, in order of the beginning. */
  holdsOf(object: string): readonly Hold[] {
    const open = new Map<string, number>();
    const holds: Hold[] = [];
    for (const state of this.statesOf(object)) {
      for (const [lane, begin] of open) {
        if (!state.holders.includes(lane)) {
          open.delete(lane);
          holds.push({ lane, begin, end: state.at });
        }
      }
      for (const lane of state.holders) {
        if (!open.has(lane)) {
          open.set(lane, state.at);
        }
      }
    }
    for (const [lane, begin] of open) {
      holds.push({ lane, begin, end: null });
    }
    return holds.sort((one, other) => one.begin - other.begin);
  }

  /** From when to when the film leaves out what was true of an object. */
  gapsOf(object: string): readonly { begin: number; end: number }[] {
    const states = this.statesOf(object);
    return states.flatMap(({ at: begin, left_out }, index) =>
      left_out ? [{ begin, end: states[index + 1]?.at ?? this.film.end }] : []
    );
  }

  /** From when to when the film leaves out what anybody waited for. */
  get waitGaps(): readonly FilmGap[] {
    return this.film.left_out.filter(gap => gap.what === 'waits');
  }

  /** The caption that stands at a moment, null before the first. */
  captionAt(time: number): FilmCaption | null {
    return lastBy(this.captions, time, at);
  }

  /** Where playing waits for whoever reads the captions. */
  get stops(): readonly Stop[] {
    return this.captions.map(({ at: when, text }) => ({
      at: when,
      ms: CAPTION_MS + LETTER_MS * text.length
    }));
  }

  /** The last thing that had happened at a moment, null before the first. */
  lastAt(time: number): Happening | null {
    return lastBy(this.happenings, time, at);
  }

  /** The most that were at work at once within a span of time. */
  mostAtWork(begin: number, end: number): number {
    const steps = this.atWork;
    const before = countUntil(steps, begin, at) - 1;
    return Math.max(
      steps[before]?.count ?? 0,
      ...steps
        .filter(one => one.at > begin && one.at < end)
        .map(one => one.count)
    );
  }
}

function atWork(lanes: readonly FilmLane[]): AtWork[] {
  const changes = lanes
    .filter(lane => lane.kind !== 'notebook' && lane.ran !== null)
    .flatMap(lane => [
      [lane.ran ?? lane.born, 1] as const,
      [lane.ended ?? Infinity, -1] as const
    ])
    .sort((one, other) => one[0] - other[0] || one[1] - other[1]);
  const told: { at: number; count: number }[] = [];
  let count = 0;
  for (const [when, change] of changes) {
    count += change;
    if (when === Infinity) {
      break;
    }
    const last = told[told.length - 1];
    if (last?.at === when) {
      last.count = count;
    } else {
      told.push({ at: when, count });
    }
  }
  return told;
}

function doing(lane: FilmLane, wait: FilmWait | null, time: number): Doing {
  if (lane.born > time) {
    return 'unborn';
  }
  if (!isAfter(lane.ended, time)) {
    return 'ended';
  }
  if (wait !== null) {
    return 'waiting';
  }
  return lane.ran !== null && lane.ran <= time ? 'running' : 'starting';
}

function happenings(film: Film): Happening[] {
  const found: Happening[] = [
    ...film.marks.map(mark => ({ kind: 'mark' as const, at: mark.at, mark })),
    ...film.deadlocks.map(deadlock => ({
      kind: 'deadlock' as const,
      at: deadlock.begin,
      deadlock
    }))
  ];
  for (const lane of film.lanes) {
    if (lane.kind === 'notebook') {
      continue;
    }
    if (lane.ran !== null) {
      found.push({ kind: 'run', at: lane.ran, lane });
    }
    if (lane.ended !== null) {
      found.push({ kind: 'end', at: lane.ended, lane });
    }
  }
  for (const wait of film.waits) {
    // A join is told by its mark already.
    const long = wait.end === null || wait.end - wait.begin >= SHORT_MS;
    if (long && wait.kind !== 'end') {
      found.push({ kind: 'wait', at: wait.begin, wait });
    }
    if (long && wait.end !== null && wait.kind === 'end') {
      found.push({ kind: 'resume', at: wait.end, wait });
    }
  }
  // What closes a circle comes before the circle.
  const rank = (one: Happening) => (one.kind === 'deadlock' ? 1 : 0);
  return found
    .filter(one => one.at >= film.begin && one.at <= film.end)
    .sort((one, other) => one.at - other.at || rank(one) - rank(other));
}

function moments(film: Film, found: readonly Happening[]): number[] {
  const times = new Set([film.begin, ...found.map(at), film.end]);
  return [...times].sort((one, other) => one - other);
}

/** Every time in the film: moments, and what only changes a state. */
function changes(film: Film, known: readonly number[]): number[] {
  const times = [
    ...known,
    ...film.states.map(at),
    ...film.lanes.map(one => one.born),
    ...film.objects.flatMap(one => [one.born, one.ended ?? film.end]),
    ...[
      ...film.waits,
      ...film.links,
      ...film.deadlocks,
      ...film.left_out
    ].flatMap(one => [one.begin, one.end ?? film.end])
  ];
  return [...new Set(times)].sort((one, other) => one - other);
}

function apart(captions: readonly FilmCaption[]): FilmCaption[] {
  let last = -Infinity;
  return captions.map(one => {
    last = Math.max(one.at, last + APART_MS);
    return { ...one, at: last };
  });
}

function at(one: { readonly at: number }): number {
  return one.at;
}

/** Whether an end is still to come; one that is not known is. */
function isAfter(end: number | null, time: number): boolean {
  return end === null || end > time;
}

function append<K, V>(into: Map<K, V[]>, key: K, value: V): void {
  const known = into.get(key);
  if (known) {
    known.push(value);
  } else {
    into.set(key, [value]);
  }
}

function grouped<T>(
  items: readonly T[],
  key: (item: T) => string
): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const item of items) {
    append(found, key(item), item);
  }
  return found;
}

/** The last item that had begun at a moment; items are in order. */
function lastBy<T>(
  items: readonly T[],
  time: number,
  begin: (item: T) => number
): T | null {
  return items[countUntil(items, time, begin) - 1] ?? null;
}

/** How many of these, in order, had begun at a moment. */
export function countUntil<T>(
  items: readonly T[],
  time: number,
  begin: (item: T) => number
): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (begin(items[middle] as T) <= time) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
