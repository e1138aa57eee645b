import { FILMS, Handmade } from '../../__tests__/films';
import type { Film } from '../wire';
import { goodSpeed, Player } from './player';
import { Reel } from './reel';
import { filmOf, KernelFilm } from './source';
import type { Client } from '../client';

const { deadlock, fourAtOnce, oneAfterAnother, everything } = FILMS;

function laneNamed(film: Film, name: string): string {
  return film.lanes.find(one => one.name === name)!.id;
}

function objectNamed(film: Film, name: string): string {
  return film.objects.find(one => one.name === name)!.id;
}

describe('a reel', () => {
  const reel = new Reel(deadlock);
  const circle = deadlock.deadlocks[0]!;

  it('knows who waits for what and who holds it when a circle closes', () => {
    const now = reel.at(circle.begin);
    const first = now.lanes.find(
      one => one.lane.id === laneNamed(deadlock, 'A then B')
    )!;
    expect(first.doing).toBe('waiting');
    expect(first.wait?.object).toBe(objectNamed(deadlock, 'lock_b'));
    expect(first.holds).toEqual([objectNamed(deadlock, 'lock_a')]);
    expect(first.caught).toBe(true);
    const lock = now.objects.find(
      one => one.object.id === objectNamed(deadlock, 'lock_b')
    )!;
    expect(lock.holders).toEqual([laneNamed(deadlock, 'B then A')]);
    expect(lock.waiters).toEqual([laneNamed(deadlock, 'A then B')]);
    expect(now.deadlocks).toEqual([circle]);
  });

  it('knows that nobody is caught before it closes and after it breaks', () => {
    for (const time of [circle.begin - 0.001, circle.end!]) {
      const now = reel.at(time);
      expect(now.deadlocks).toEqual([]);
      expect(now.lanes.some(one => one.caught)).toBe(false);
    }
  });

  it('has nobody before they are started, and all ended at the end', () => {
    const doing = (time: number) =>
      reel
        .at(time)
        .lanes.filter(one => one.lane.kind === 'process')
        .map(one => one.doing);
    expect(doing(deadlock.begin)).toEqual(['unborn', 'unborn']);
    expect(doing(deadlock.end)).toEqual(['ended', 'ended']);
  });

  it('gives time to read each caption, also of those that come at once', () => {
    const caption = { lanes: [], objects: [] };
    const told = new Reel({
      ...fourAtOnce,
      captions: [
        { ...caption, at: fourAtOnce.begin, text: 'One.' },
        { ...caption, at: fourAtOnce.begin, text: 'And another one.' }
      ]
    });
    const [first, second] = told.stops;
    expect(told.captionAt(first!.at)?.text).toBe('One.');
    expect(told.captionAt(second!.at)?.text).toBe('And another one.');
    expect(told.momentAt(second!.at)).toBe(second!.at);
    expect(second!.ms).toBeGreaterThan(first!.ms);
  });

  it('counts how many are at work at once', () => {
    const most = (film: Film) =>
      Math.max(...new Reel(film).atWork.map(one => one.count));
    expect(most(fourAtOnce)).toBe(4);
    expect(most(oneAfterAnother)).toBe(1);
  });

  it('tells who held a lock, one after the other and never two at once', () => {
    const holds = new Reel(everything).holdsOf(objectNamed(everything, 'lock'));
    expect(holds.length).toBeGreaterThan(1);
    for (let at = 1; at < holds.length; at++) {
      expect(holds[at]!.begin).toBeGreaterThanOrEqual(holds[at - 1]!.end!);
    }
  });

  it('says the same between two moments', () => {
    const times = [circle.begin + 1, circle.begin + 50];
    const moments = new Set(times.map(time => reel.momentAt(time)));
    expect(moments.size).toBe(1);
  });
});

describe('a player', () => {
  function playing() {
    const frames = new Handmade();
    const player = new Player(frames);
    player.load({ begin: 100, end: 200 }, [100, 120, 150, 200], false);
    return { frames, player };
  }

  it('stands at the end of a film that it is given', () => {
    expect(playing().player.state).toMatchObject({ time: 200, playing: false });
  });

  it('plays from the beginning to the end, and stops there', () => {
    const { frames, player } = playing();
    player.setSpeed(0.5);
    player.play();
    frames.pass(40);
    expect(player.state).toMatchObject({ time: 120, playing: true });
    frames.pass(1000);
    expect(player.state).toMatchObject({ time: 200, playing: false });
    expect(frames.waiting).toBe(0);
  });

  it('stands still where there is something to read, and is not told so each frame', () => {
    const { frames, player } = playing();
    player.load({ begin: 100, end: 160 }, [], false, [
      { at: 100, ms: 500 },
      { at: 120, ms: 300 },
      { at: 160, ms: 900 }
    ]);
    player.setSpeed(goodSpeed(60));
    const told: number[] = [];
    player.changed.listen(one => told.push(one.time));
    player.play();
    told.length = 0;
    frames.pass(400);
    expect(told).toEqual([]);
    frames.pass(200);
    expect(player.state.time).toBeCloseTo(100 + 100 * player.state.speed);
    frames.pass(100_000);
    expect(player.state.time).toBe(120);
    frames.pass(299);
    expect(player.state.time).toBe(120);
    frames.pass(100_000);
    // The last caption stays by itself.
    expect(player.state).toMatchObject({ time: 160, playing: false });
  });

  it('reads faster for who plays faster, and lets go of a stop when it is moved', () => {
    const { frames, player } = playing();
    player.load({ begin: 100, end: 160 }, [], false, [{ at: 100, ms: 500 }]);
    player.seek(100);
    player.setSpeed(goodSpeed(60) * 10);
    player.play();
    frames.pass(51);
    expect(player.state.time).toBeGreaterThan(100);
    player.pause();
    player.setSpeed(goodSpeed(60));
    player.seek(100);
    player.play();
    player.seek(130);
    frames.pass(10);
    expect(player.state.time).toBeGreaterThan(130);
  });

  it('asks for no frame while it is paused', () => {
    const { frames, player } = playing();
    player.play();
    player.pause();
    expect(frames.waiting).toBe(0);
  });

  it('steps from moment to moment, both ways', () => {
    const { player } = playing();
    player.step(-1);
    expect(player.state.time).toBe(150);
    player.step(-1);
    player.seek(130);
    player.step(-1);
    expect(player.state.time).toBe(120);
    player.step(1);
    expect(player.state.time).toBe(150);
  });

  it('follows a film that goes on only while it stands at its end', () => {
    const { player } = playing();
    player.load({ begin: 100, end: 300 }, [], true);
    expect(player.state.time).toBe(300);
    player.seek(150);
    player.load({ begin: 100, end: 400 }, [], true);
    expect(player.state.time).toBe(150);
  });

  it('follows the next film, wherever it stood in the one before', () => {
    const { player } = playing();
    player.seek(150);
    player.load({ begin: 500, end: 520 }, [], false);
    player.load({ begin: 500, end: 900 }, [], true);
    expect(player.state.time).toBe(900);
  });

  it('suits its speed to a film that goes on, until somebody chooses one or watches', () => {
    const { player } = playing();
    player.load({ begin: 0, end: 10 }, [], false);
    player.load({ begin: 0, end: 1_200 }, [], true);
    expect(player.state.speed).toBe(goodSpeed(1_200));
    player.play();
    player.load({ begin: 0, end: 12_000 }, [], true);
    expect(player.state.speed).toBe(goodSpeed(1_200));
    player.pause();
    player.setSpeed(5);
    player.load({ begin: 0, end: 24_000 }, [], true);
    expect(player.state.speed).toBe(5);
  });

  it('chooses a speed at which one can watch', () => {
    expect(goodSpeed(12_000)).toBe(1);
    expect(goodSpeed(120)).toBe(0.01);
    expect(goodSpeed(0.001)).toBe(0.001);
  });
});

describe('a file', () => {
  it('is a film only when every part of it is as it should be', () => {
    const text = JSON.stringify(deadlock);
    expect(filmOf(text)).toEqual(deadlock);
    for (const wrong of [
      'no JSON',
      '[]',
      '{}',
      text.replace('"schema":1', '"schema":2'),
      text.replace('"lanes":[', '"lanes":[null,'),
      text.replace(/"begin":[0-9.]+/, '"begin":"x"'),
      text.replace('"holders":["', '"holders":[1,"')
    ]) {
      expect(filmOf(wrong)).toBeNull();
    }
  });
});

describe("a kernel's film", () => {
  it('is asked for once at a time, and once more when it was asked for meanwhile', async () => {
    const asked: (number | null)[] = [];
    let answer: (film: Film) => void = () => {};
    const client = {
      film: (_: string, run: number | null) => {
        asked.push(run);
        return new Promise<Film>(resolve => {
          answer = resolve;
        });
      }
    };
    const source = new KernelFilm(client as unknown as Client, 'k1');
    const loaded = source.load();
    void source.load(3);
    void source.load();
    expect(asked).toEqual([null]);
    answer(deadlock);
    await loaded;
    expect(source.state.film).toBe(deadlock);
    expect(asked).toEqual([null, 3]);
  });
});
