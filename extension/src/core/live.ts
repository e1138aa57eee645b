/**
 * The connection over which the server tells of one kernel while somebody looks: a WebSocket,
 * injected, that is made again with growing pauses when it breaks. Nothing is asked for and nothing
 * comes while nobody looks.
 */

import type { LiveMessage, LiveRequest } from './wire';

/** A connection, of which only this is asked. */
export interface Line {
  send(text: string): void;
  close(): void;
}

/** What a connection says of itself. */
export interface Ear {
  opened(): void;
  heard(text: unknown): void;
  closed(): void;
}

/** Takes a path below `parallab/`; a browser's WebSocket is behind it. */
export type Connect = (path: string, ear: Ear) => Line;

/** What is looked at: a kernel, and what of it. */
export interface Gaze {
  readonly kernel: string;
  readonly want: LiveRequest;
}

/**
 * `off`: nobody looks. `waiting`: the first message has not come yet. `lost`: the connection broke,
 * and what is shown is what was.
 */
export type LinkState = 'off' | 'waiting' | 'on' | 'lost';

/** Milliseconds before the second try, and at the most; each pause is twice the one before. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;

export class LiveLink {
  private _gaze: Gaze | null = null;
  private _line: Line | null = null;
  private _calls = 0;
  private _open = false;
  private _state: LinkState = 'off';
  private _failures = 0;
  private _timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly _connect: Connect,
    private readonly _tell: (message: LiveMessage) => void,
    private readonly _tellState: (state: LinkState) => void
  ) {}

  /** From now on this is looked at, or nothing. */
  look(gaze: Gaze | null): void {
    const before = this._gaze;
    this._gaze = gaze;
    if (gaze === null || gaze.kernel !== before?.kernel) {
      this._hangUp();
      this._failures = 0;
      this._set(gaze === null ? 'off' : 'waiting');
      if (gaze !== null) {
        this._call();
      }
    } else if (this._open && !same(gaze.want, before.want)) {
      this._ask();
    }
  }

  /** Tries at once, instead of at the end of the pause. */
  retry(): void {
    if (this._gaze !== null && this._line === null) {
      clearTimeout(this._timer);
      this._call();
    }
  }

  dispose(): void {
    this._gaze = null;
    this._hangUp();
  }

  private _call(): void {
    const path = `kernels/${encodeURIComponent(this._gaze?.kernel ?? '')}/live`;
    // A line that was left behind tells nothing more.
    const call = ++this._calls;
    const still = (tell: () => void) => () => {
      if (call === this._calls) {
        tell();
      }
    };
    try {
      this._line = this._connect(path, {
        opened: still(() => {
          this._open = true;
          this._ask();
        }),
        heard: text => still(() => this._hear(text))(),
        closed: still(() => this._broke())
      });
    } catch {
      this._broke();
    }
  }

  private _ask(): void {
    this._line?.send(JSON.stringify(this._gaze?.want));
  }

  private _hear(data: unknown): void {
    const message = read(data);
    if (message !== null) {
      this._failures = 0;
      this._set('on');
      this._tell(message);
    }
  }

  private _broke(): void {
    this._hangUp();
    this._failures += 1;
    this._set('lost');
    const pause = FIRST_PAUSE * 2 ** (this._failures - 1);
    this._timer = setTimeout(
      () => this._call(),
      Math.min(pause, LONGEST_PAUSE)
    );
  }

  private _hangUp(): void {
    clearTimeout(this._timer);
    const line = this._line;
    this._calls += 1;
    this._line = null;
    this._open = false;
    line?.close();
  }

  private _set(state: LinkState): void {
    if (state !== this._state) {
      this._state = state;
      this._tellState(state);
    }
  }
}

function same(one: LiveRequest, other: LiveRequest): boolean {
  return one.state === other.state && one.film === other.film;
}

/** What is no message of ours is passed over: it comes from outside. */
function read(data: unknown): LiveMessage | null {
  try {
    const value: unknown = JSON.parse(String(data));
    const ours = typeof value === 'object' && value !== null;
    return ours && 'schema' in value ? (value as LiveMessage) : null;
  } catch {
    return null;
  }
}
