import { FakeLines, aKernel } from '../__tests__/fixtures';
import { LiveLink, type Connect, type LinkState } from './live';
import type { LiveMessage } from './wire';

const WANT = { state: true, film: false };
const K1 = { kernel: 'k1', want: WANT };

function world(connect?: Connect) {
  const lines = new FakeLines();
  const heard: LiveMessage[] = [];
  const states: LinkState[] = [];
  const link = new LiveLink(
    connect ?? lines.connect,
    message => heard.push(message),
    state => states.push(state)
  );
  return { lines, heard, states, link };
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test('says what it wants when the connection is there, and hands on what comes', () => {
  const { link, lines, heard, states } = world();
  link.look({ kernel: 'a/b', want: WANT });
  expect(lines.open?.path).toBe('kernels/a%2Fb/live');
  expect(lines.open?.sent).toEqual([]);
  lines.open?.opens();
  expect(lines.open?.sent).toEqual([WANT]);
  lines.open?.says({ state: aKernel() });
  expect(heard.map(one => one.state?.kernel_id)).toEqual(['k1']);
  expect(states).toEqual(['waiting', 'on']);
});

test('another wish goes over the same connection, another kernel over its own', () => {
  const { link, lines } = world();
  link.look(K1);
  link.look({ ...K1, want: { state: true, film: true } });
  lines.open?.opens();
  expect(lines.open?.sent).toEqual([{ state: true, film: true }]);
  link.look(K1);
  link.look({ ...K1, want: { ...WANT } });
  expect(lines.open?.sent.slice(1)).toEqual([WANT]);
  const old = lines.made[0];
  link.look({ kernel: 'k2', want: WANT });
  expect(old?.isClosed).toBe(true);
  expect(lines.open?.path).toBe('kernels/k2/live');
});

test('a connection that was left behind says nothing more', () => {
  const { link, lines, heard, states } = world();
  link.look(K1);
  const old = lines.made[0];
  link.look(null);
  old?.opens();
  old?.says({ state: aKernel() });
  old?.breaks();
  jest.runAllTimers();
  expect(heard).toEqual([]);
  expect(states).toEqual(['waiting', 'off']);
  expect(lines.made.length).toBe(1);
});

test('a broken connection is made again, after pauses that grow to half a minute', () => {
  const { link, lines, states } = world();
  link.look(K1);
  const pauses: number[] = [];
  for (let tries = 0; tries < 9; tries++) {
    lines.open?.breaks();
    const began = Date.now();
    jest.advanceTimersToNextTimer();
    pauses.push(Date.now() - began);
  }
  expect(pauses).toEqual([
    500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000
  ]);
  expect(states).toEqual(['waiting', 'lost']);
  lines.open?.opens();
  lines.open?.says({ state: aKernel() });
  expect(states).toEqual(['waiting', 'lost', 'on']);
  lines.open?.breaks();
  const began = Date.now();
  jest.advanceTimersToNextTimer();
  expect(Date.now() - began).toBe(500);
});

test('a retry is at once, and none where there is nothing to repair', () => {
  const { link, lines } = world();
  link.retry();
  expect(lines.made).toEqual([]);
  link.look(K1);
  link.retry();
  expect(lines.made.length).toBe(1);
  lines.open?.breaks();
  link.retry();
  expect(lines.made.length).toBe(2);
  jest.runAllTimers();
  expect(lines.made.length).toBe(2);
});

test('nothing is tried while nobody looks', () => {
  const { link, lines } = world();
  link.look(K1);
  lines.open?.breaks();
  link.look(null);
  jest.runAllTimers();
  expect(lines.made.length).toBe(1);
  link.look(K1);
  link.dispose();
  expect(lines.open).toBeNull();
});

test('a browser that refuses to connect is a broken connection', () => {
  const { link, states } = world(() => {
    throw new Error('SecurityError');
  });
  link.look(K1);
  expect(states).toEqual(['waiting', 'lost']);
  link.dispose();
});

test.each(['{', '7', 'null', '"text"', '{"state": {}}'])(
  'what is no message of ours is passed over: %s',
  text => {
    const { link, lines, heard, states } = world();
    link.look(K1);
    lines.open?.opens();
    lines.open?.saysText(text);
    expect(heard).toEqual([]);
    expect(states).toEqual(['waiting']);
  }
);
