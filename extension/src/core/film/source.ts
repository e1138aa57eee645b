/**
 * Where a picture gets its film from: a kernel, which goes on, or a film that was saved or came with
 * a lab. It asks the server once when it is first seen, and again when that says that something
 * changed; it never polls.
 */

import type { Client } from '../client';
import { asProblem, type Problem } from '../problem';
import { Signal } from '../signal';
import { SCHEMA, type Film } from '../wire';

export interface FilmState {
  readonly film: Film | null;
  readonly loading: boolean;
  readonly problem: Problem | null;
}

export interface FilmSource {
  readonly state: FilmState;
  readonly changed: Signal<FilmState>;
  /** Asks for a film again; of another run, if one is named (0: of all that is kept). */
  load(run?: number): Promise<void>;
  dispose(): void;
}

abstract class Source implements FilmSource {
  readonly changed = new Signal<FilmState>();
  private _state: FilmState = { film: null, loading: false, problem: null };

  get state(): FilmState {
    return this._state;
  }

  abstract load(run?: number): Promise<void>;

  dispose(): void {
    this.changed.clear();
  }

  protected set(part: Partial<FilmState>): void {
    this._state = { ...this._state, ...part };
    this.changed.emit(this._state);
  }
}

/** What a kernel did, and does. */
export class KernelFilm extends Source {
  private _run: number | null = null;
  private _asking: Promise<void> | null = null;
  private _again = false;

  constructor(
    private readonly _client: Client,
    readonly kernel: string
  ) {
    super();
  }

  /** One request at a time; what is asked for meanwhile is asked once more at its end. */
  override load(run?: number): Promise<void> {
    if (run !== undefined) {
      this._run = run;
    }
    if (this._asking !== null) {
      this._again = true;
      return this._asking;
    }
    this._asking = this._ask().finally(() => {
      this._asking = null;
      if (this._again) {
        this._again = false;
        void this.load();
      }
    });
    return this._asking;
  }

  /** A film that came unasked, of the same kernel. */
  take(film: Film): void {
    if (this._run === null || this._run === film.run) {
      this.set({ film, problem: null });
    }
  }

  /** From now on the newest run is told, whichever that is. */
  follow(): Promise<void> {
    this._run = null;
    return this.load();
  }

  private async _ask(): Promise<void> {
    this.set({ loading: true });
    try {
      const film = await this._client.film(this.kernel, this._run);
      this.set({ film, problem: null, loading: false });
    } catch (error) {
      this.set({ problem: asProblem(error), loading: false });
    }
  }
}

/** A film that is there already: of a file, or of a lab. */
export class SavedFilm extends Source {
  constructor(private readonly _read: () => Promise<Film | null>) {
    super();
  }

  override async load(): Promise<void> {
    this.set({ loading: true });
    try {
      this.set({ film: await this._read(), problem: null, loading: false });
    } catch (error) {
      this.set({ problem: asProblem(error), loading: false });
    }
  }
}

/** Bytes of a film's file: the largest that the server makes is far below. */
export const LARGEST_FILE = 8 * 1024 * 1024;

/** What an opened file is; null when it is no film of ours. Everything in it is checked by its shape. */
export function filmOf(text: string): Film | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  return isFilm(value) ? value : null;
}

const LISTS = {
  lanes: ['id', 'parent', 'kind', 'role', 'name', 'error', 'target'],
  objects: ['id', 'kind', 'name', 'cls', 'owner'],
  links: ['lane', 'object', 'mode'],
  waits: ['lane', 'kind', 'object', 'call'],
  marks: ['lane', 'act', 'object', 'other', 'text'],
  states: ['object', 'value'],
  cells: ['cell', 'step', 'error'],
  deadlocks: [],
  captions: ['text'],
  left_out: ['what']
} as const;

const NUMBERS: Readonly<Record<string, readonly string[]>> = {
  lanes: ['born'],
  objects: ['born', 'number'],
  links: ['begin'],
  waits: ['begin'],
  marks: ['at'],
  states: ['at', 'waiters'],
  cells: ['begin', 'run', 'number', 'lanes'],
  deadlocks: ['begin'],
  captions: ['at'],
  left_out: ['count', 'begin', 'end']
};

const TEXT_LISTS: Readonly<Record<string, readonly string[]>> = {
  waits: ['lanes'],
  states: ['holders'],
  deadlocks: ['lanes', 'objects'],
  captions: ['lanes', 'objects']
};

/** Times and numbers that may be missing. */
const MAYBE: Readonly<Record<string, readonly string[]>> = {
  lanes: ['ran', 'ended', 'exit_code'],
  objects: ['ended', 'capacity'],
  links: ['end'],
  waits: ['end'],
  states: ['fill'],
  cells: ['end'],
  deadlocks: ['end']
};

function isFilm(value: unknown): value is Film {
  if (!isRecord(value) || value.schema !== SCHEMA) {
    return false;
  }
  const plain =
    ['begin', 'end', 'run', 'unix'].every(key => isNumber(value[key])) &&
    ['title', 'kernel_id'].every(key => typeof value[key] === 'string') &&
    isTexts(value.not_recorded);
  return (
    plain &&
    Object.entries(LISTS).every(([name, texts]) => {
      const list = value[name];
      return (
        Array.isArray(list) &&
        list.every(
          one =>
            isRecord(one) &&
            texts.every(key => typeof one[key] === 'string') &&
            (NUMBERS[name] ?? []).every(key => isNumber(one[key])) &&
            (TEXT_LISTS[name] ?? []).every(key => isTexts(one[key])) &&
            (MAYBE[name] ?? []).every(
              key => one[key] === null || isNumber(one[key])
            )
        )
      );
    })
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value);
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every(one => typeof one === 'string');
}
