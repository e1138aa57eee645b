/**
 * The one cursor in time that map, timeline and tables share: it plays, pauses, steps and jumps.
 * The frames come from outside, so that a page draws them and a test turns them by hand.
 */

import { Signal } from '../signal';
import { countUntil, type Stop } from './reel';

export interface Frames {
  /** Milliseconds of a clock that only goes forward. */
  now(): number;
  /** Calls once, at the next frame; the answer takes that back. */
  next(call: () => void): () => void;
}

export interface PlayerState {
  /** In the film's milliseconds. */
  readonly time: number;
  readonly playing: boolean;
  /** The film's time to the viewer's: 0.1 is ten times slower than it was. */
  readonly speed: number;
}

/** From a thousand times slower to ten times faster. */
export const SPEEDS: readonly number[] = [
  0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10
];

/** A film is first played at the speed at which it lasts about so long, in seconds. */
const GOOD_S = 12;

export class Player {
  readonly changed = new Signal<PlayerState>();
  private _state: PlayerState;
  private _begin = 0;
  private _end = 0;
  private _moments: readonly number[] = [];
  private _stops: readonly Stop[] = [];
  /** Milliseconds that are left of a stop. */
  private _rest = 0;
  private _cancel: (() => void) | null = null;
  private _before = 0;
  private _following = true;
  /** The speed is the viewer's choice; else it is what suits the film's length. */
  private _chosen = false;

  constructor(private readonly _frames: Frames) {
    this._state = { time: 0, playing: false, speed: 1 };
  }

  get state(): PlayerState {
    return this._state;
  }

  get begin(): number {
    return this._begin;
  }

  get end(): number {
    return this._end;
  }

  /**
   * Takes a film's time. `again`: it is the same one, gone on, so the cursor stays where it is, or
   * at the end if it was there, and so does a speed that was chosen; else it goes to the end. `stops`
   * are in order.
   */
  load(
    film: { readonly begin: number; readonly end: number },
    moments: readonly number[],
    again: boolean,
    stops: readonly Stop[] = []
  ): void {
    if (!again) {
      this.pause();
      this._following = true;
      this._chosen = false;
    }
    const stays = !this._following;
    // One that is being recorded is a few milliseconds long when it is first seen.
    const keeps = this._chosen || this._state.playing;
    this._begin = film.begin;
    this._end = film.end;
    this._moments = moments;
    this._stops = stops.filter(one => one.at < film.end);
    this._set({
      time: stays ? this._within(this._state.time) : film.end,
      speed: keeps ? this._state.speed : goodSpeed(film.end - film.begin)
    });
  }

  /** Plays on; from the beginning when it stands at the end. */
  play(): void {
    if (this._state.playing || this._end <= this._begin) {
      return;
    }
    if (this._state.time >= this._end) {
      this._set({ time: this._begin });
    }
    this._following = false;
    const { time } = this._state;
    this._rest = this._length(this._stops.find(one => one.at === time));
    this._before = this._frames.now();
    this._set({ playing: true });
    this._await();
  }

  pause(): void {
    this._cancel?.();
    this._cancel = null;
    if (this._state.playing) {
      this._set({ playing: false });
    }
  }

  toggle(): void {
    if (this._state.playing) {
      this.pause();
    } else {
      this.play();
    }
  }

  seek(time: number): void {
    this._following = time >= this._end;
    this._rest = 0;
    this._set({ time: this._within(time) });
  }

  /** To the next moment at which something happened, or with −1 to the one before. */
  step(direction: 1 | -1): void {
    this.pause();
    const { time } = this._state;
    const known = countUntil(this._moments, time, one => one);
    const before = this._moments[known - 1] === time ? known - 2 : known - 1;
    const to = this._moments[direction === 1 ? known : before];
    this.seek(to ?? (direction === 1 ? this._end : this._begin));
  }

  setSpeed(speed: number): void {
    this._chosen = true;
    this._set({ speed });
  }

  dispose(): void {
    this.pause();
    this.changed.clear();
  }

  private _await(): void {
    this._cancel = this._frames.next(() => this._frame());
  }

  private _frame(): void {
    const now = this._frames.now();
    const passed = now - this._before - this._rest;
    this._rest = Math.max(0, -passed);
    this._before = now;
    if (this._rest > 0) {
      this._await();
      return;
    }
    const stop =
      this._stops[countUntil(this._stops, this._state.time, one => one.at)];
    const wanted = this._state.time + passed * this._state.speed;
    const stops = stop !== undefined && stop.at <= wanted;
    this._rest = stops ? this._length(stop) : 0;
    const time = this._within(stops ? stop.at : wanted);
    if (time >= this._end) {
      this._cancel = null;
      this._following = true;
      this._set({ time, playing: false });
      return;
    }
    this._set({ time });
    this._await();
  }

  /** Who plays faster than proposed reads faster, too. */
  private _length(stop: Stop | undefined): number {
    const hurry = this._state.speed / goodSpeed(this._end - this._begin);
    return (stop?.ms ?? 0) / Math.max(1, hurry);
  }

  private _within(time: number): number {
    return Math.min(this._end, Math.max(this._begin, time));
  }

  private _set(part: Partial<PlayerState>): void {
    this._state = { ...this._state, ...part };
    this.changed.emit(this._state);
  }
}

/** The speed at which so many milliseconds of film last about as long as one likes to watch. */
export function goodSpeed(length: number): number {
  const wanted = length / (GOOD_S * 1000);
  return SPEEDS.reduce((best, one) =>
    Math.abs(Math.log(one / wanted)) < Math.abs(Math.log(best / wanted))
      ? one
      : best
  );
}
