/** What a film, its player and a goal's moment tell the picture as they change. */

import * as React from 'react';
import type { Film, GoalMoment } from '../../core';
import type { Moment, Player, Reel } from '../../core/film';

/** Two films of one life of a kernel say the same beginning, but for the clocks’ steps, in seconds. */
const SAME_LIFE_S = 1;
const NOBODY: ReadonlySet<string> = new Set();

/** Gives a film to the player, once; one of the same kernel and run goes on. */
export function useFilm(player: Player, reel: Reel): void {
  const before = React.useRef<Film | null>(null);
  React.useLayoutEffect(() => {
    const { film } = reel;
    const old = before.current;
    const again =
      old !== null && old.kernel_id === film.kernel_id && old.run === film.run;
    before.current = film;
    player.load(film, reel.moments, again, reel.stops);
    if (!again && film.captions.length > 0) {
      // One that tells a story begins at its beginning.
      player.seek(film.begin);
    }
  }, [player, reel]);
}

export function usePlayer(player: Player): Player['state'] {
  const [state, setState] = React.useState(player.state);
  React.useLayoutEffect(() => {
    setState(player.state);
    return player.changed.listen(setState);
  }, [player]);
  return state;
}

/** What is true now, the same value until the next moment at which anything changes. */
export function useNow(reel: Reel, time: number): Moment {
  const key = reel.momentAt(time);
  return React.useMemo(() => reel.at(key), [reel, key]);
}

interface Pointed {
  readonly marked: ReadonlySet<string>;
  /** The moment was in another life of the kernel: there is nothing of it left to be seen. */
  readonly gone: boolean;
}

/** Goes to the moment that decided a goal, in the run in which it was, and marks whom it is about. */
export function useMoment(
  player: Player,
  moment: GoalMoment | null,
  reel: Reel,
  onLoad: (run?: number) => void
): Pointed {
  const { film } = reel;
  const shown = React.useRef<GoalMoment | null>(null);
  const asked = React.useRef<GoalMoment | null>(null);
  const gone =
    moment !== null &&
    (moment.kernel_id !== film.kernel_id ||
      Math.abs(moment.unix - film.unix) > SAME_LIFE_S);
  React.useLayoutEffect(() => {
    if (moment === null || gone || shown.current === moment) {
      return;
    }
    const inside = moment.at >= film.begin && moment.at <= film.end;
    const cell = film.cells.find(
      one => one.begin <= moment.at && (one.end ?? Infinity) >= moment.at
    );
    if (!inside && cell && asked.current !== moment) {
      asked.current = moment;
      onLoad(cell.run);
      return;
    }
    shown.current = moment;
    player.pause();
    player.seek(moment.at);
  }, [player, moment, film, gone, onLoad]);
  const marked = React.useMemo(
    () =>
      moment && !gone ? new Set([...moment.lanes, ...moment.objects]) : NOBODY,
    [moment, gone]
  );
  return { marked, gone };
}
