/**
 * Which part of a film the timeline shows first. A program that hangs does all that it does in a small part of its
 * time; drawn whole, that part is one stroke beside a standstill of minutes.
 */

import type { Reel } from '../../core/film';
import type { Span } from './measure';

/** A standstill of at least so much of the film is left out, */
const LONG = 0.7;
/** but for its beginning: so much of what is shown, so that the waits are seen to go on. */
const BESIDE = 0.5;

/** What comes before or after the standstill that makes up most of a film, where more happens; null without one. */
export function opening(reel: Reel): Span | null {
  const { begin, end, cells } = reel.film;
  const ends = cells.flatMap(cell => cell.end ?? []);
  const times = [begin, ...reel.moments, ...ends, end].sort((a, b) => a - b);
  let still: Span = { begin, end: begin };
  times.slice(1).forEach((time, at) => {
    const before = times[at] ?? begin;
    if (time - before > still.end - still.begin) {
      still = { begin: before, end: time };
    }
  });
  if (
    still.end - still.begin < LONG * (end - begin) ||
    !standsStill(reel, still.begin)
  ) {
    return null;
  }
  const before = reel.moments.filter(time => time <= still.begin).length;
  const [first, last] = [still.begin - begin, end - still.end];
  if (before >= reel.moments.length - before) {
    return first > 0 ? { begin, end: still.begin + BESIDE * first } : null;
  }
  return last > 0 ? { begin: still.end - BESIDE * last, end } : null;
}

/** Whether all who are alive wait, and for nothing that ends by itself; of a notebook, whether no cell runs. */
function standsStill(reel: Reel, time: number): boolean {
  const idle = reel.film.cells.every(
    ({ end, begin }) => begin > time || (end !== null && end <= time)
  );
  return reel
    .at(time)
    .lanes.filter(({ doing }) => doing !== 'unborn' && doing !== 'ended')
    .every(({ lane, wait }) =>
      wait ? !wait.timed : idle && lane.kind === 'notebook'
    );
}
