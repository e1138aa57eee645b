import { act, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import * as axe from 'axe-core';
import { FILMS } from '../../__tests__/films';
import { show } from '../../__tests__/pictures';
import type { Film, GoalMoment } from '../../core';
import { Reel } from '../../core/film';
import { svgText } from './picture';

const { deadlock, everything, crowd, fourAtOnce, stuck } = FILMS;
/** axe looks at every element; on a busy machine that takes its time. */
const AXE_MS = 60_000;
const CIRCLE =
  '“A then B” waits for lock_b, which “B then A” holds; “B then A” waits for lock_a, which “A then B” holds. Nobody can go on.';

const ordered = (states: Film['states']) =>
  [...states].sort((one, other) => one.at - other.at);

const closed = deadlock.deadlocks[0]!.begin;

/** How large the map of a film is drawn in such a frame, all of it shown. */
function scaleIn(
  width: number,
  height: number,
  film: Film,
  at: number
): number {
  const frame = { clientWidth: width, clientHeight: height };
  for (const [side, pixels] of Object.entries(frame)) {
    jest
      .spyOn(HTMLElement.prototype, side as keyof typeof frame, 'get')
      .mockReturnValue(pixels);
  }
  const { container } = show(film, { at });
  jest.restoreAllMocks();
  const all = container.querySelector('.pl-Map-picture > g');
  const scale = /scale\((.*)\)/.exec(all?.getAttribute('transform') ?? '');
  return Number(scale?.[1]);
}

describe('the map', () => {
  it('tells the circle, both waiters and what each holds', () => {
    const { container } = show(deadlock, { at: closed });
    expect(screen.getByRole('status')).toHaveTextContent(CIRCLE);
    for (const [name, waits, holds] of [
      ['A then B', 'lock_b', 'lock_a'],
      ['B then A', 'lock_a', 'lock_b']
    ]) {
      expect(
        screen.getByRole('button', {
          name: `${name}, process: waits for ${waits}; holds ${holds}; part of a deadlock`
        })
      ).toBeVisible();
    }
    const lines = container.querySelectorAll('.pl-Edge[data-caught]');
    expect([...lines].map(one => one.getAttribute('data-tie')).sort()).toEqual([
      'holds',
      'holds',
      'waits',
      'waits'
    ]);
    expect(
      [...container.querySelectorAll('.pl-EdgeNumber-text')]
        .map(one => one.textContent)
        .sort()
    ).toEqual(['1', '2', '3', '4']);
  });

  it.each([320, 500, 800])(
    'can be read in %i pixels, with everything shown',
    width => {
      expect(scaleIn(width, 500, deadlock, closed)).toBeGreaterThan(0.7);
    }
  );

  it.each([
    [1200, 500, 0.65],
    [640, 900, 0.55]
  ])(
    'of a crowd takes the shape of its frame: %i to %i',
    (width, height, least) => {
      expect(scaleIn(width, height, crowd, crowd.end)).toBeGreaterThan(least);
    }
  );

  it('moves nothing as time goes on', () => {
    const { container, player } = show(deadlock, { at: closed });
    const places = () =>
      new Map(
        [...container.querySelectorAll('.pl-Node')].map(one => [
          one.getAttribute('data-id'),
          one.getAttribute('transform')
        ])
      );
    const then = places();
    act(() => player.seek(deadlock.end));
    const now = places();
    for (const [id, place] of now) {
      expect(then.get(id) ?? place).toBe(place);
    }
  });

  it('goes from node to node by arrows, and shows one with Enter', async () => {
    const user = userEvent.setup();
    show(deadlock, { at: closed });
    const [first] = screen.getAllByRole('button', { name: /, notebook:/ });
    act(() => first!.focus());
    await user.keyboard('{ArrowDown}{Enter}');
    const details = screen.getByRole('region', { name: 'lock_a' });
    expect(details).toHaveTextContent('held by “A then B”');
    expect(details).toHaveTextContent('Who waits for itB then A');
    await user.keyboard('{Escape}');
    expect(screen.queryByRole('region', { name: 'lock_a' })).toBeNull();
  });

  it('shows 60 processes, each with its name', () => {
    show(crowd, { at: crowd.end });
    expect(
      screen.getAllByRole('button', { name: /^visitor \d+, / })
    ).toHaveLength(60);
  });

  it('can be drawn at every moment, with however many lines', () => {
    const { container, player } = show(crowd, { at: crowd.begin });
    for (let part = 1; part <= 12; part++) {
      const time = crowd.begin + (part / 12) * (crowd.end - crowd.begin);
      act(() => player.seek(time));
      const there = crowd.lanes.filter(one => one.born <= time);
      expect(container.querySelectorAll('.pl-Node.pl-mod-lane')).toHaveLength(
        there.length
      );
    }
  });

  it('says who waits for ever where it is no circle', () => {
    show(everything);
    expect(screen.getByRole('status')).toHaveTextContent(
      '“cook 0” waits for a message from mine – yours'
    );
    expect(screen.getByRole('status')).toHaveTextContent(
      'Nobody is left who could end this.'
    );
  });
});

describe('the tables', () => {
  it('say what the map says', async () => {
    const user = userEvent.setup();
    show(deadlock, { at: closed });
    await user.click(screen.getByRole('button', { name: 'As a table' }));
    const [who, what] = screen.getAllByRole('table');
    const line = within(who!).getByRole('row', { name: /^A then B/ });
    expect(line).toHaveTextContent('waits for lock_b (part of a deadlock)');
    expect(line).toHaveTextContent('lock_a');
    expect(
      within(what!).getByRole('row', { name: /^lock_a/ })
    ).toHaveTextContent('held by “A then B”');
  });

  it('say what the timeline says, line by line', async () => {
    const user = userEvent.setup();
    const { player } = show(deadlock, { tab: 'timeline' });
    await user.click(screen.getByRole('button', { name: 'As a table' }));
    const [, happened] = screen.getAllByRole('table');
    expect(happened).toHaveTextContent('“A then B” takes lock_a.');
    const line = within(happened!)
      .getByText(`Deadlock! ${CIRCLE}`)
      .closest('tr')!;
    await user.click(within(line).getByRole('button'));
    expect(player.state.time).toBe(closed);
  });
});

describe('the timeline', () => {
  it('has a lane for each process and for what was held', () => {
    show(deadlock, { tab: 'timeline' });
    expect(
      screen
        .getAllByRole('listitem')
        .map(one => one.textContent)
        .slice(0, 6)
    ).toEqual([
      'Your notebook',
      'A then B',
      'B then A',
      'lock_a',
      'lock_b',
      'meet'
    ]);
  });

  it('says where it leaves out who held a lock: not that somebody did, nor that it was free', () => {
    const lock = deadlock.objects.find(one => one.name === 'lock_a')!.id;
    const held = deadlock.states.find(
      one => one.object === lock && one.holders.length > 0
    )!;
    const gap = {
      ...held,
      at: (held.at + deadlock.deadlocks[0]!.end!) / 2,
      holders: [],
      left_out: true
    };
    const film = { ...deadlock, states: ordered([...deadlock.states, gap]) };
    expect(new Reel(film).holdsOf(lock)[0]?.end).toBe(gap.at);
    const { container } = show(film, { tab: 'timeline', at: gap.at });
    const told = container.querySelectorAll('.pl-Gap');
    expect(
      [...told].map(one => one.querySelector('title')?.textContent)
    ).toEqual(['left out here']);
  });

  it('says where it leaves out waits: not that nobody waited there', () => {
    const wait = deadlock.waits.find(
      one => one.lane === deadlock.deadlocks[0]!.lanes[0] && one.object
    )!;
    const gap = { what: 'waits' as const, count: 1, begin: wait.begin };
    const film = {
      ...deadlock,
      waits: deadlock.waits.filter(one => one !== wait),
      left_out: [{ ...gap, end: wait.end ?? deadlock.end }]
    };
    const doing = (of: Film) =>
      new Reel(of).at(wait.begin).lanes.find(one => one.lane.id === wait.lane);
    expect(doing(deadlock)).toMatchObject({ wait, left_out: false });
    expect(doing(film)).toMatchObject({ wait: null, left_out: true });
    const { container } = show(film, { tab: 'timeline', at: wait.begin });
    expect(container.querySelector('.pl-Life .pl-Gap')).toHaveTextContent(
      'left out here'
    );
  });

  it('says how many were at work at once', () => {
    show(fourAtOnce, { tab: 'timeline' });
    expect(screen.getByText('at most 4 at once')).toBeInTheDocument();
  });

  it('marks the deadlock in the lanes that are caught', () => {
    const { container } = show(stuck, { tab: 'timeline' });
    expect(
      container.querySelectorAll('.pl-Life .pl-Life-wait[data-caught]')
    ).toHaveLength(2);
  });
});

describe('keys of the timeline', () => {
  const timeline = () => screen.getByRole('group', { name: /^Timeline:/ });
  /** Milliseconds that are in sight, as the overview draws them. */
  const seen = (container: HTMLElement) =>
    Number(container.querySelector('.pl-Overview-part')!.getAttribute('width'));

  it('zoom around the moment shown, and back', async () => {
    const user = userEvent.setup();
    const { container } = show(deadlock, { tab: 'timeline', at: closed });
    act(() => timeline().focus());
    await user.keyboard('0');
    const all = seen(container);
    await user.keyboard('www');
    expect(seen(container)).toBeLessThan(all / 3);
    expect(container.querySelector('.pl-Cursor')).not.toHaveAttribute(
      'data-out'
    );
    await user.keyboard('s0');
    expect(seen(container)).toBeCloseTo(all);
  });

  it('begin where something happens, when most of the film is a standstill', async () => {
    const user = userEvent.setup();
    const { container, player } = show(deadlock, { tab: 'timeline' });
    const part = seen(container);
    act(() => timeline().focus());
    await user.keyboard('0');
    // Five seconds of it, all wait for each other.
    expect(part).toBeLessThan(seen(container) / 20);
    const { container: whole } = show(fourAtOnce, { tab: 'timeline' });
    expect(seen(whole)).toBeCloseTo(seen(container));
    expect(player.state.time).toBe(deadlock.end);
  });

  it('begin where something happens, when the notebook has done its cell and others wait', () => {
    const [notebook, thread] = deadlock.lanes;
    const waits = deadlock.waits.filter(({ lane }) => lane === thread!.id);
    const [wait] = waits;
    const done = { ...deadlock.cells[0]!, end: wait!.begin + 500 };
    const film = (cells: Film['cells']) => ({
      ...deadlock,
      cells,
      lanes: [notebook!, thread!],
      waits: [{ ...wait!, end: null, timed: false }],
      deadlocks: [],
      end: wait!.begin + 300_000
    });
    const { container } = show(film([done]), { tab: 'timeline' });
    const part = seen(container);
    const { container: runs } = show(film([{ ...done, end: null }]), {
      tab: 'timeline'
    });
    expect(part).toBeLessThan(seen(runs) / 20);
  });

  it('go on showing the same part as the film grows', async () => {
    const { container, grow } = show(deadlock, { tab: 'timeline' });
    // Where a time is drawn; in a longer film it is told in seconds.
    const ticks = () =>
      [...container.querySelectorAll('.pl-Timeline-drawing text')]
        .filter(one => / m?s$/.test(one.textContent ?? ''))
        .map(one => Math.round(Number(one.getAttribute('x'))));
    const before = ticks();
    expect(before.length).toBeGreaterThan(3);
    const all = seen(container);
    grow({ ...deadlock, end: deadlock.end + 20_000 });
    expect(seen(container)).toBeLessThan(all / 3);
    expect(ticks()).toEqual(before);
  });

  it('keep the moment in sight that is stepped to', async () => {
    const user = userEvent.setup();
    const { container, player } = show(deadlock, { tab: 'timeline' });
    const cursor = container.querySelector('.pl-Cursor');
    // What is looked at is the beginning; the film stands at its end.
    expect(cursor).toHaveAttribute('data-out');
    act(() => player.step(-1));
    expect(player.state.time).toBeGreaterThan(closed + 1000);
    expect(cursor).not.toHaveAttribute('data-out');
    act(() => player.seek(deadlock.begin));
    expect(cursor).not.toHaveAttribute('data-out');
    // Whoever moves the picture away looks at something else.
    act(() => timeline().focus());
    await user.keyboard('{ArrowRight}'.repeat(20));
    expect(cursor).toHaveAttribute('data-out');
  });

  it('leave those with Ctrl to the browser', async () => {
    const user = userEvent.setup();
    const { container } = show(deadlock, { tab: 'timeline' });
    const all = seen(container);
    act(() => timeline().focus());
    await user.keyboard('{Control>}+{/Control}');
    expect(seen(container)).toBe(all);
  });

  it('measure from the moment shown, and zoom to what was measured', async () => {
    const user = userEvent.setup();
    const { container, player } = show(fourAtOnce, {
      tab: 'timeline',
      at: fourAtOnce.begin
    });
    const [one, two] = fourAtOnce.lanes.filter(
      lane => lane.ran !== null && lane.kind !== 'notebook'
    );
    act(() => timeline().focus());
    act(() => player.seek(one!.ran!));
    await user.keyboard('m');
    act(() => player.seek(two!.ran!));
    const told = container.querySelector('.pl-Measured')!;
    expect(told).toHaveTextContent(/^[\d.]+ m?s from /);
    expect(told).toHaveTextContent('At most 1 at work at once.');
    act(() => player.seek(two!.ran! + 1));
    expect(told).toHaveTextContent('At most 2 at work at once.');
    const all = seen(container);
    await user.keyboard('f');
    expect(seen(container)).toBeLessThan(all);
    await user.keyboard('{Escape}');
    expect(container.querySelector('.pl-Measured')).toBeNull();
    expect(screen.getByRole('button', { name: 'Measure' })).toHaveAttribute(
      'aria-pressed',
      'false'
    );
  });

  it('say which lane was chosen, and the details give the focus back', async () => {
    const user = userEvent.setup();
    show(deadlock, { tab: 'timeline', at: closed });
    act(() => timeline().focus());
    await user.keyboard('{ArrowDown}{ArrowDown}');
    expect(screen.getByText('B then A: 3 of 6')).toBeInTheDocument();
    await user.keyboard('{Enter}');
    await user.click(screen.getByRole('button', { name: 'Close details' }));
    expect(timeline()).toHaveFocus();
  });
});

it.each(['map', 'timeline'] as const)(
  'draws with ids of its own, since those of a hidden picture draw nothing: %s',
  tab => {
    const one = show(stuck, { tab });
    const other = show(stuck, { tab });
    const ids = [one, other].map(({ container }) =>
      [...container.querySelectorAll('[id]')].map(found => found.id)
    );
    expect(ids[0]).not.toHaveLength(0);
    expect(ids[1]!.filter(id => ids[0]!.includes(id))).toEqual([]);
  }
);

describe('replay', () => {
  it('steps by buttons and by keys, and reads what happened', async () => {
    const user = userEvent.setup();
    const { player } = show(deadlock, { at: deadlock.begin });
    await user.click(screen.getByRole('button', { name: 'One step on' }));
    expect(screen.getByRole('status')).toHaveTextContent(
      'Your notebook starts “A then B”.'
    );
    act(() => screen.getByRole('slider', { name: 'Moment' }).focus());
    const before = player.state.time;
    await user.keyboard('{ArrowRight}');
    expect(player.state.time).toBeGreaterThan(before);
  });

  it('plays, and speaks only when it stands', async () => {
    const user = userEvent.setup();
    const { frames, player } = show(deadlock);
    await user.click(screen.getByRole('button', { name: 'Play' }));
    expect(screen.getByRole('status')).toHaveAttribute('aria-live', 'off');
    act(() => frames.pass(100));
    expect(player.state.time).toBeGreaterThan(deadlock.begin);
    await user.click(screen.getByRole('button', { name: 'Pause' }));
    expect(screen.getByRole('status')).toHaveAttribute('aria-live', 'polite');
  });

  it('reads a caption where the film has one', () => {
    const caption = { text: 'Here it stops.', lanes: [], objects: [] };
    const captions = [{ ...caption, at: fourAtOnce.begin }];
    show({ ...fourAtOnce, captions });
    expect(screen.getByRole('status')).toHaveTextContent('Here it stops.');
  });

  it('reads a caption below the circle that it speaks of', () => {
    const caption = { text: 'It is a circle.', lanes: [], objects: [] };
    const captions = [{ ...caption, at: closed }];
    show({ ...deadlock, captions }, { at: closed });
    expect(screen.getByRole('status')).toHaveTextContent(
      `${CIRCLE}It is a circle.`
    );
  });
});

describe('a moment that decided a goal', () => {
  const moment: GoalMoment = {
    at: closed,
    unix: deadlock.unix,
    kernel_id: deadlock.kernel_id,
    lanes: [deadlock.lanes[1]!.id],
    objects: []
  };

  it('is gone to, and whom it is about is marked', () => {
    const { container, player } = show(deadlock, { moment });
    expect(player.state.time).toBe(closed);
    expect(container.querySelector('[data-marked]')).toHaveAttribute(
      'data-id',
      deadlock.lanes[1]!.id
    );
  });

  it('is looked for in the run in which it was', () => {
    const other = { ...moment, at: deadlock.cells[0]!.begin };
    const { onLoad } = show(deadlock, { moment: other });
    expect(onLoad).toHaveBeenCalledWith(deadlock.cells[0]!.run);
  });

  it('of an earlier life of the kernel is told to be gone', () => {
    show(deadlock, { moment: { ...moment, unix: moment.unix - 60 } });
    expect(screen.getByText('That moment is gone')).toBeVisible();
  });
});

it('calls the step of a run as the sidebar does, or by its id', () => {
  const cells = deadlock.cells.filter(cell => cell.run === deadlock.run);
  const film = {
    ...deadlock,
    cells: cells.map(cell => ({ ...cell, step: 'four' }))
  };
  const { unmount } = show(film);
  expect(screen.getByRole('option', { name: /, four$/ })).toBeVisible();
  unmount();
  show(film, { stepName: step => `4. At once (${step})` });
  const told = /^Cell \[\d+\], 4\. At once \(four\)$/;
  expect(screen.getByRole('option', { name: told })).toBeVisible();
});

it('asks for another run', async () => {
  const user = userEvent.setup();
  const { onLoad } = show(deadlock);
  await user.selectOptions(screen.getByLabelText('Which run'), 'All cells');
  expect(onLoad).toHaveBeenCalledWith(0);
});

it('opens a file', async () => {
  const user = userEvent.setup();
  const { onOpen } = show(deadlock);
  const file = new File(['{}'], 'a.film.json', { type: 'application/json' });
  await user.upload(screen.getByLabelText('Open a film…'), file);
  expect(onOpen).toHaveBeenCalledWith(file);
});

it('draws a picture that stands alone', () => {
  const { container } = show(deadlock, { at: closed });
  const text = svgText(
    container.querySelector<SVGSVGElement>('.pl-Map-picture')!
  );
  const drawn = new DOMParser().parseFromString(text, 'image/svg+xml');
  expect(drawn.querySelector('parsererror')).toBeNull();
  expect(drawn.documentElement.textContent).toContain('lock_a');
  expect(text).not.toContain('class=');
});

it('draws the timeline with the cursor that lies over it', () => {
  const { container } = show(deadlock, { tab: 'timeline', at: closed });
  const text = svgText(
    container.querySelector<SVGSVGElement>('.pl-Timeline-picture')!
  );
  const drawn = new DOMParser().parseFromString(text, 'image/svg+xml');
  expect(drawn.querySelector('parsererror')).toBeNull();
  const cursor = container.querySelector<SVGSVGElement>('.pl-Cursor')!;
  const over = [
    ...drawn.querySelectorAll(
      `[transform="translate(${cursor.dataset.over} 0)"] > path`
    )
  ];
  expect(over).toHaveLength(2);
});

it.each(['map', 'timeline'] as const)(
  'saves the %s with its legend, and with names beside their lanes',
  tab => {
    const { container } = show(deadlock, { tab, at: closed });
    const text = svgText(
      container.querySelector<SVGSVGElement>(
        tab === 'map' ? '.pl-Map-picture' : '.pl-Timeline-picture'
      )!
    );
    const drawn = new DOMParser().parseFromString(text, 'image/svg+xml');
    const words = [...drawn.querySelectorAll('text')].map(
      one => one.textContent
    );
    const legend = screen.getByRole('list', { name: 'Legend' });
    for (const line of legend.querySelectorAll('li')) {
      expect(words).toContain(line.textContent!.trim());
    }
    for (const name of ['Your notebook', 'A then B', 'lock_a']) {
      expect(words).toContain(name);
    }
  }
);

it('draws nodes anew only where something has changed', () => {
  const { begin } = crowd.waits[crowd.waits.length >> 1]!;
  const { container, player } = show(crowd, { at: begin - 0.01 });
  const watch = new MutationObserver(() => undefined);
  watch.observe(container.querySelector('.pl-Map-picture')!, {
    attributes: true,
    characterData: true,
    childList: true,
    subtree: true
  });
  act(() => player.seek(begin));
  const touched = watch.takeRecords().length;
  expect(touched).toBeGreaterThan(0);
  expect(touched).toBeLessThan(20);
});

it('tells in the legend of the signs that there are, and of no others', () => {
  show(fourAtOnce, { tab: 'timeline' });
  const legend = screen.getByRole('list', { name: 'Legend' });
  expect(legend).toHaveTextContent('starts another');
  expect(legend).not.toHaveTextContent('deadlock');
  expect(legend).not.toHaveTextContent('puts something in');
});

it.each(['map', 'timeline'] as const)(
  'has no fault that axe knows: %s',
  async tab => {
    const { container } = show(deadlock, { tab, at: closed });
    const found = await axe.run(container, {
      rules: {
        'color-contrast': { enabled: false },
        region: { enabled: false }
      }
    });
    expect(found.violations).toEqual([]);
  },
  AXE_MS
);
