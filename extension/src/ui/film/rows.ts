/** The rows of the timeline: which there are, in which order, what each is called, and how large they are. */

import type { ScaleLinear } from 'd3-scale';
import type { FilmLane, FilmObject } from '../../core';
import type { Reel } from '../../core/film';
import { fittedName, widthOf, type Letters } from './fit';
import type { Words } from './words';

/** From the film's milliseconds to pixels. */
export type Scale = ScaleLinear<number, number>;

/** What all that is drawn along the time needs. */
export interface Drawing {
  readonly reel: Reel;
  readonly words: Words;
  readonly scale: Scale;
  readonly width: number;
}

/** Pixels of a row, and of what stands above the first. */
export const ROW = 30;
export const TOP = 58;
/** Beside a name: its sign, and what keeps it from the edges. */
const ASIDE = 36;
const LETTERS: Letters = { size: 13, bold: false, average: 7.2 };

export type Row =
  | { readonly id: string; readonly lane: FilmLane; readonly object: null }
  | { readonly id: string; readonly lane: null; readonly object: FilmObject };

/** Processes and threads first, then the things of which something is told over time. */
export function rowsOf(reel: Reel): Row[] {
  const { lanes, objects } = reel.film;
  return [
    ...lanes.map(lane => ({ id: lane.id, lane, object: null })),
    ...objects
      .filter(object => isTold(reel, object))
      .map(object => ({ id: object.id, lane: null, object }))
  ];
}

export function nameOf(row: Row, words: Words): string {
  return row.lane ? words.label(row.id) : words.object(row.id);
}

/** A row's name, cut to a column so wide. */
export function fittedRow(row: Row, words: Words, column: number): string {
  return fittedName(nameOf(row, words), column - ASIDE, LETTERS);
}

/** Enough for the longest name, but at most a good third of the room. */
export function namesWidth(
  rows: readonly Row[],
  words: Words,
  room: number
): number {
  const longest = Math.max(
    0,
    ...rows.map(row => widthOf(nameOf(row, words), LETTERS))
  );
  const most = Math.min(220, Math.max(96, 0.36 * room));
  return Math.ceil(Math.min(most, Math.max(96, ASIDE + longest)));
}

function isTold(reel: Reel, object: FilmObject): boolean {
  return reel
    .statesOf(object.id)
    .some(one => one.holders.length > 0 || one.fill !== null);
}
