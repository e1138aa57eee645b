/** Films of real runs, written by tests/corpus/films.py. */

import type { Film } from '../core';
import { filmOf } from '../core/film';
import crowd from './films/crowd.json';
import deadlock from './films/deadlock.json';
import everything from './films/everything.json';
import fourAtOnce from './films/four-at-once.json';
import oneAfterAnother from './films/one-after-another.json';
import stuck from './films/stuck.json';

/** As if it came from a file: also the check of what comes from outside is tried on all of them. */
function film(value: unknown): Film {
  const found = filmOf(JSON.stringify(value));
  if (found === null) {
    throw new Error('That is no film.');
  }
  return found;
}

export const FILMS = {
  crowd: film(crowd),
  deadlock: film(deadlock),
  everything: film(everything),
  fourAtOnce: film(fourAtOnce),
  oneAfterAnother: film(oneAfterAnother),
  stuck: film(stuck)
};

/** Frames that come when a test says so. */
export class Handmade {
  time = 0;
  private _calls: (() => void)[] = [];

  now = () => this.time;

  next = (call: () => void) => {
    this._calls.push(call);
    return () => {
      this._calls = this._calls.filter(one => one !== call);
    };
  };

  get waiting(): number {
    return this._calls.length;
  }

  /** So many milliseconds pass, then a frame comes. */
  pass(ms: number): void {
    this.time += ms;
    const calls = this._calls;
    this._calls = [];
    for (const call of calls) {
      call();
    }
  }
}
