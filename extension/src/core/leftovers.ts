/** What dead kernels left: when it is asked for, and its removal. */

import type { Client } from './client';
import { isUp, type HostKernel, type HostState } from './host';
import { asProblem } from './problem';
import type { LeftWork } from './state';

/** The part of the store's state that this keeps. */
export interface LeftPage {
  get(): LeftWork;
  set(part: Partial<LeftWork>): void;
  /** The server is there. */
  answered(): void;
}

export class Leftovers {
  /** A kernel has gone, so that it may have left something. */
  private _mourning = false;

  constructor(
    private readonly _client: Pick<Client, 'clean' | 'leftovers'>,
    private readonly _page: LeftPage
  ) {}

  /** Removes what may be removed of all that is left. */
  async clean(): Promise<void> {
    const left = this._page.get();
    const ids = left.found.filter(one => one.removable).map(one => one.id);
    if (left.busy || ids.length === 0) {
      return;
    }
    this._page.set({ busy: true, problem: null, reply: null });
    try {
      const reply = await this._client.clean({ ids });
      this._page.answered();
      const { left: found, cannot_tell: cannotTell } = reply;
      this._page.set({ busy: false, reply, found, cannotTell });
    } catch (error) {
      this._page.set({ busy: false, problem: asProblem(error) });
    }
  }

  hide(): void {
    this._page.set({ hidden: true, reply: null, problem: null });
  }

  /** Asks what is left when a kernel has died, and again when its successor is up. */
  follow(before: HostKernel | null, host: HostState): void {
    const { kernel } = host;
    const dead = kernel?.status === 'dead' && before?.status !== 'dead';
    if (dead || kernel?.status === 'restarting') {
      this._mourning = true;
    }
    if (dead || (this._mourning && isUp(host))) {
      this._mourning = !isUp(host);
      void this.load();
    }
  }

  /** What cannot be asked is no reason to disturb: the next look may tell. */
  async load(): Promise<void> {
    try {
      const { found, cannot_tell: cannotTell } = await this._client.leftovers();
      const known = new Set(this._page.get().found.map(one => one.id));
      const more = found.some(one => !known.has(one.id));
      const hidden = this._page.get().hidden && !more;
      this._page.set({ found, cannotTell, hidden });
    } catch {
      this._page.set({ found: [], cannotTell: [] });
    }
  }
}
