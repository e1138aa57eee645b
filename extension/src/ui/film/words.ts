/** What a film's lanes and objects are called, and what happened, in sentences for a beginner. */

import type { FilmDeadlock, FilmMark, FilmObject, FilmWait } from '../../core';
import type {
  Happening,
  LaneNow,
  Moment,
  ObjectNow,
  Reel
} from '../../core/film';
import type { Trans } from '../kit';

export class Words {
  constructor(
    readonly reel: Reel,
    readonly trans: Trans
  ) {}

  /** What a lane is called: in quotes, but for the notebook. */
  lane(id: string): string {
    const lane = this.reel.lanes.get(id);
    const { trans } = this;
    if (!lane) {
      return trans.__('a process that is not shown');
    }
    if (lane.kind === 'notebook') {
      return trans.__('your notebook');
    }
    return trans.__('“%1”', lane.name || String(lane.pid));
  }

  /** A label to stand alone, without quotes. */
  label(id: string): string {
    const lane = this.reel.lanes.get(id);
    const { trans } = this;
    if (!lane) {
      return '';
    }
    return lane.kind === 'notebook'
      ? trans.__('Your notebook')
      : lane.name || String(lane.pid);
  }

  lanes(ids: readonly string[]): string {
    return this._list(ids.map(id => this.lane(id)));
  }

  /** What kind of lane it is. */
  role(id: string): string {
    const lane = this.reel.lanes.get(id);
    const { trans } = this;
    const texts: Readonly<Record<string, string>> = {
      notebook: trans.__('notebook'),
      worker: trans.__('process'),
      pool: trans.__('process of a pool'),
      executor: trans.__('process of an executor'),
      manager: trans.__('manager’s process'),
      fork: trans.__('forked process'),
      program: trans.__('program'),
      thread: trans.__('thread')
    };
    if (lane?.kind === 'thread' && lane.role !== 'thread') {
      return trans.__('thread of a pool');
    }
    return texts[lane?.role ?? ''] ?? trans.__('process');
  }

  kind(object: FilmObject): string {
    const { trans } = this;
    const texts: Record<FilmObject['kind'], string> = {
      queue: trans.__('queue'),
      lock: trans.__('lock'),
      rlock: trans.__('lock (RLock)'),
      semaphore: trans.__('semaphore'),
      value: trans.__('shared number'),
      array: trans.__('shared array'),
      event: trans.__('event'),
      condition: trans.__('condition'),
      barrier: trans.__('barrier'),
      pipe: trans.__('pipe'),
      socket: trans.__('socket'),
      segment: trans.__('shared memory'),
      managed: trans.__('manager’s %1', object.cls || trans.__('object')),
      'thread-lock': trans.__('lock of threads')
    };
    return texts[object.kind];
  }

  /** The learner's name of an object; else its kind and number. */
  object(id: string): string {
    const object = this.reel.objects.get(id);
    const { trans } = this;
    if (!object) {
      return trans.__('something that is not shown');
    }
    if (object.name) {
      return object.name;
    }
    const kind = this.kind(object);
    return object.owner
      ? trans.__('the %1’s %2 %3', object.owner, kind, String(object.number))
      : trans.__('%1 %2', kind, String(object.number));
  }

  /** The same where nothing stands before it. A learner's own name stays as it is written. */
  objectAlone(id: string): string {
    const name = this.object(id);
    return this.reel.objects.get(id)?.name ? name : capital(name);
  }

  /** What a lane does now, short. */
  doing(now: LaneNow): string {
    const { trans } = this;
    switch (now.doing) {
      case 'unborn':
        return trans.__('not started yet');
      case 'starting':
        return trans.__('is starting');
      case 'running':
        // Of who waits for nothing that was seen, no more is known.
        return now.left_out ? trans.__('left out here') : trans.__('alive');
      case 'ended':
        return this._ended(now);
      case 'waiting':
        return now.wait ? this.waiting(now.wait) : trans.__('waits');
    }
  }

  /** What somebody waits for. */
  waiting(wait: FilmWait): string {
    const { trans } = this;
    if (wait.object) {
      const name = this.object(wait.object);
      const kind = this.reel.objects.get(wait.object)?.kind;
      if (kind === 'queue') {
        return (
          {
            put: trans.__('waits for room in %1', name),
            join: trans.__('waits until all of %1 is done', name)
          }[wait.call] ?? trans.__('waits for an item from %1', name)
        );
      }
      if (kind === 'barrier') {
        return trans.__('waits at %1 for the others', name);
      }
      if (kind === 'pipe' || kind === 'socket') {
        return wait.call.startsWith('w') || wait.call.startsWith('send')
          ? trans.__('waits for room in %1', name)
          : trans.__('waits for a message from %1', name);
      }
      return trans.__('waits for %1', name);
    }
    if (wait.lanes.length > 0) {
      return wait.kind === 'end'
        ? trans.__('waits for %1 to end', this.lanes(wait.lanes))
        : trans.__('waits for %1', this.lanes(wait.lanes));
    }
    return trans.__('waits');
  }

  /** What is true of an object now, short. */
  state(now: ObjectNow): string {
    const { trans } = this;
    const { object } = now;
    const parts: string[] = [];
    if (now.left_out) {
      parts.push(trans.__('left out here'));
    }
    if (now.value) {
      parts.push(
        object.kind === 'semaphore'
          ? trans.__('%1 more may enter', now.value)
          : trans.__('value %1', now.value)
      );
    }
    if (now.fill !== null) {
      parts.push(this._fill(now));
    }
    if (now.holders.length > 0) {
      parts.push(trans.__('held by %1', this.lanes(now.holders)));
    } else if (/lock$/.test(object.kind) && !now.left_out) {
      parts.push(trans.__('free'));
    }
    if (object.kind === 'segment' && object.capacity !== null) {
      parts.push(trans.__('%1 bytes', String(object.capacity)));
    }
    if (now.waiters.length > 0) {
      parts.push(trans._n('%1 waits', '%1 wait', now.waiters.length));
    }
    return parts.join(', ');
  }

  /** The circle, link by link, and what it means. */
  deadlock(deadlock: FilmDeadlock): string {
    const { trans } = this;
    const links = deadlock.lanes.map((lane, at) => {
      const next = deadlock.lanes[(at + 1) % deadlock.lanes.length] ?? lane;
      const object = deadlock.objects[at];
      if (!object) {
        return trans.__(
          '%1 waits for the end of %2',
          this.lane(lane),
          this.lane(next)
        );
      }
      return next === lane
        ? trans.__(
            '%1 waits for %2, which it holds itself',
            this.lane(lane),
            this.object(object)
          )
        : trans.__(
            '%1 waits for %2, which %3 holds',
            this.lane(lane),
            this.object(object),
            this.lane(next)
          );
    });
    return trans.__('%1. Nobody can go on.', capital(links.join('; ')));
  }

  /** Who waits for ever, where nobody can end it; "" where that is not known. */
  stuck(now: Moment): string {
    const { trans } = this;
    const lost = now.lanes.filter(one => one.wait?.forever);
    const lines = lost.map(one =>
      trans.__(
        '%1 %2',
        this.lane(one.lane.id),
        one.wait ? this.waiting(one.wait) : ''
      )
    );
    return lines.length > 0
      ? trans.__(
          '%1. Nobody is left who could end this.',
          capital(lines.join('; '))
        )
      : '';
  }

  /** Something that happened, as a sentence. */
  happening(one: Happening): string {
    const { trans } = this;
    switch (one.kind) {
      case 'mark':
        return this._mark(one.mark);
      case 'wait':
        return capital(
          trans.__('%1 %2.', this.lane(one.wait.lane), this.waiting(one.wait))
        );
      case 'resume':
        return capital(
          trans.__(
            '%1 has waited long enough: %2 has ended.',
            this.lane(one.wait.lane),
            this.lanes(one.wait.lanes)
          )
        );
      case 'run':
        return capital(trans.__('%1 begins its work.', this.lane(one.lane.id)));
      case 'end':
        return capital(
          trans.__('%1 %2.', this.lane(one.lane.id), this._end(one.lane))
        );
      case 'deadlock':
        return trans.__('Deadlock! %1', this.deadlock(one.deadlock));
    }
  }

  /** What stands to be read at a moment: a caption, else what happened last. */
  reading(time: number): string {
    const caption = this.caption(time);
    if (caption !== null) {
      return caption;
    }
    const last = this.reel.lastAt(time);
    return last === null
      ? this.trans.__('Nothing has happened yet.')
      : this.happening(last);
  }

  /** What the film's author says at a moment, null where nothing is said. */
  caption(time: number): string | null {
    return this.reel.captionAt(time)?.text ?? null;
  }

  /** A moment, counted from the film's beginning; of several so many milliseconds apart only as exact as they need. */
  time(time: number, apart = Infinity): string {
    const { trans } = this;
    const passed = Math.max(0, time - this.reel.film.begin);
    const length = this.reel.film.end - this.reel.film.begin;
    const inSeconds = length >= 10_000;
    const usual = inSeconds || length < 100 ? 2 : 0;
    const unit = inSeconds ? 1000 : 1;
    const needed = Math.ceil(Math.log10(unit / apart) - 1e-9);
    const digits =
      apart === Infinity ? usual : Math.max(0, Math.min(6, needed));
    const text = (passed / unit).toFixed(digits);
    return inSeconds ? trans.__('%1 s', text) : trans.__('%1 ms', text);
  }

  /** A length of time. */
  length(ms: number): string {
    const { trans } = this;
    return ms >= 1000
      ? trans.__('%1 s', (ms / 1000).toFixed(ms < 10_000 ? 2 : 1))
      : trans.__('%1 ms', ms.toFixed(ms > 0 && ms < 10 ? 2 : 0));
  }

  private _mark(mark: FilmMark): string {
    const { trans } = this;
    const who = this.lane(mark.lane);
    const thing = mark.object ? this.object(mark.object) : '';
    const other = mark.other ? this.lane(mark.other) : trans.__('a child');
    const item = mark.text;
    const pipe = this.reel.objects.get(mark.object)?.kind === 'pipe';
    if (pipe && mark.act === 'put') {
      return capital(trans.__('%1 sends %2 through %3.', who, item, thing));
    }
    if (pipe && mark.act === 'get') {
      return capital(trans.__('%1 receives %2 from %3.', who, item, thing));
    }
    if (pipe && mark.act === 'empty') {
      return capital(
        trans.__(
          '%1 learns that nobody will send through %2 any more.',
          who,
          thing
        )
      );
    }
    const texts: Record<FilmMark['act'], string> = {
      start: trans.__('%1 starts %2.', who, other),
      join: trans.__('%1 joins %2: it waits for its end.', who, other),
      put: item
        ? trans.__('%1 puts %2 into %3.', who, item, thing)
        : trans.__('%1 puts something into %2.', who, thing),
      get: item
        ? trans.__('%1 takes %2 out of %3.', who, item, thing)
        : trans.__('%1 takes something out of %2.', who, thing),
      done: trans.__('%1 says that an item of %2 is done.', who, thing),
      full: trans.__('%1 finds %2 full.', who, thing),
      empty: trans.__('%1 finds %2 empty.', who, thing),
      take: trans.__('%1 takes %2.', who, thing),
      give: trans.__('%1 gives %2 back.', who, thing),
      miss: trans.__('%1 stops waiting for %2, without it.', who, thing),
      arrive: trans.__('%1 arrives at %2.', who, thing),
      pass: trans.__('%1 passes %2: all have arrived.', who, thing),
      broken: trans.__('%1 finds %2 broken.', who, thing),
      call: trans.__('%1 asks %2: %3.', who, thing, item),
      create: trans.__('%1 makes %2.', who, thing),
      attach: trans.__('%1 opens %2.', who, thing),
      close: trans.__('%1 closes %2.', who, thing),
      unlink: trans.__('%1 removes %2.', who, thing)
    };
    return capital(texts[mark.act]);
  }

  private _fill(now: ObjectNow): string {
    const { trans } = this;
    const { kind, capacity } = now.object;
    const fill = now.fill ?? 0;
    if (kind === 'pipe' || kind === 'socket') {
      return trans._n('%1 byte in it', '%1 bytes in it', fill);
    }
    if (kind === 'barrier') {
      return capacity === null
        ? trans.__('%1 here', String(fill))
        : trans.__('%1 of %2 here', String(fill), String(capacity));
    }
    return capacity === null
      ? trans._n('%1 item', '%1 items', fill)
      : trans.__('%1 of %2 items', String(fill), String(capacity));
  }

  private _ended(now: LaneNow): string {
    const held = now.holds.map(id => this.object(id));
    const how = this._end(now.lane);
    return held.length > 0
      ? this.trans.__('%1, and still holds %2', how, this._list(held))
      : how;
  }

  private _end(lane: LaneNow['lane']): string {
    const { trans } = this;
    if (lane.error) {
      return trans.__('ended with %1', lane.error);
    }
    return lane.exit_code === null
      ? trans.__('has ended')
      : trans.__('ended with exit code %1', String(lane.exit_code));
  }

  private _list(names: readonly string[]): string {
    const { trans } = this;
    const [first = '', second = ''] = names;
    if (names.length > 3) {
      return trans.__('%1 and %2 others', first, String(names.length - 1));
    }
    return names.length < 2
      ? first
      : trans.__(
          '%1 and %2',
          names.slice(0, -1).join(', ') || second,
          names[names.length - 1] ?? ''
        );
  }
}

/** What a deed is called in the legend. */
export function actText(act: FilmMark['act'], trans: Trans): string {
  const texts: Record<FilmMark['act'], string> = {
    start: trans.__('starts another'),
    join: trans.__('joins another'),
    put: trans.__('puts something in'),
    get: trans.__('takes something out'),
    done: trans.__('says that an item is done'),
    full: trans.__('finds it full'),
    empty: trans.__('finds it empty'),
    take: trans.__('takes it'),
    give: trans.__('gives it back'),
    miss: trans.__('stops waiting for it'),
    arrive: trans.__('arrives'),
    pass: trans.__('passes'),
    broken: trans.__('finds it broken'),
    call: trans.__('asks the manager'),
    create: trans.__('makes it'),
    attach: trans.__('opens it'),
    close: trans.__('closes it'),
    unlink: trans.__('removes it')
  };
  return texts[act];
}

/** A sentence may begin with a role, written small. */
export function capital(text: string): string {
  return `${text.charAt(0).toLocaleUpperCase()}${text.slice(1)}`;
}
