import { act, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { FILMS } from '../../__tests__/films';
import { show } from '../../__tests__/pictures';
import { ENGLISH } from '../kit';
import { Reel } from '../../core/film';
import { findable, matching } from './find';
import { Words } from './words';

const { crowd, deadlock } = FILMS;

const all = findable(new Words(new Reel(deadlock), ENGLISH));

describe('what can be found', () => {
  it('is who is there, what they share, and what happened, in this order', () => {
    const [first, second, ...deeds] = matching(all, 'lock_a');
    expect(first!.text).toBe('lock_a, lock');
    expect(second!.text).toBe('“A then B” takes lock_a.');
    const times = deeds.map(one => one.at);
    expect(times).toEqual([...times].sort((one, other) => one - other));
  });

  it('has the words as they stand, in any case', () => {
    const found = matching(all, '  THEN b” Takes ');
    expect(found.map(one => one.text)).toEqual(['“A then B” takes lock_a.']);
    expect(matching(all, '   ')).toEqual([]);
    expect(matching(all, 'nobody of this name')).toEqual([]);
  });

  it('finds one of many by its name alone', () => {
    const many = findable(new Words(new Reel(crowd), ENGLISH));
    const names = matching(many, 'visitor 42, process');
    expect(names).toHaveLength(1);
    const visitor = crowd.lanes.find(one => one.name === 'visitor 42')!;
    expect(names[0]!.id).toBe(visitor.id);
  });
});

describe('the field', () => {
  it('goes to what it finds, on by Enter, back by Shift+Enter, and says how many there are', async () => {
    const user = userEvent.setup();
    const { container, player } = show(deadlock, { tab: 'timeline' });
    const found = matching(all, 'b then a');
    const field = screen.getByRole('searchbox', { name: 'Find' });
    await user.type(field, 'b then a');
    const said = container.querySelector('.pl-Find-said');
    expect(said).toHaveAttribute('aria-live', 'polite');
    expect(said).toHaveTextContent(`1 of ${found.length}: B then A, process`);
    expect(player.state.time).toBe(found[0]!.at);
    expect(screen.getByRole('region', { name: 'B then A' })).toBeVisible();
    await user.keyboard('{Enter}');
    expect(said).toHaveTextContent(`2 of ${found.length}`);
    expect(player.state.time).toBe(found[1]!.at);
    await user.keyboard('{Shift>}{Enter}{Enter}{/Shift}');
    expect(said).toHaveTextContent(`${found.length} of ${found.length}`);
    expect(player.state.time).toBe(found.at(-1)!.at);
    expect(field).toHaveFocus();
    await user.click(screen.getByRole('button', { name: 'Next found' }));
    expect(said).toHaveTextContent(`1 of ${found.length}`);
    await user.click(field);
    await user.keyboard('{Escape}');
    expect(field).toHaveValue('');
    expect(said).toBeEmptyDOMElement();
  });

  it('says so when there is nothing', async () => {
    const user = userEvent.setup();
    const { player } = show(deadlock, { tab: 'map' });
    const before = player.state.time;
    await user.type(screen.getByRole('searchbox'), 'xyzzy');
    expect(screen.getByText('Nothing found')).toBeVisible();
    expect(screen.getByRole('button', { name: 'Next found' })).toHaveAttribute(
      'aria-disabled',
      'true'
    );
    expect(player.state.time).toBe(before);
  });

  it.each(['/', '{Control>}f{/Control}'])(
    'is gone to by %s from anywhere in the picture',
    async keys => {
      const user = userEvent.setup();
      show(deadlock, { tab: 'timeline' });
      screen.getByRole('button', { name: 'Play' }).focus();
      await user.keyboard(keys);
      const field = screen.getByRole('searchbox');
      expect(field).toHaveFocus();
      expect(field).toHaveValue('');
    }
  );

  it('chooses the lane of what it finds', async () => {
    const user = userEvent.setup();
    const { container } = show(crowd, { tab: 'timeline', at: crowd.end });
    await user.type(screen.getByRole('searchbox'), 'visitor 42, process');
    expect(
      container.querySelector('.pl-Timeline-name[data-active]')
    ).toHaveTextContent('visitor 42');
  });
});

it('brings what is found into the middle of what is seen', async () => {
  const user = userEvent.setup();
  const { container } = show(crowd, { tab: 'timeline', at: crowd.begin });
  act(() => screen.getByRole('group', { name: /^Timeline:/ }).focus());
  await user.keyboard('wwwwwwww');
  await user.click(screen.getByRole('searchbox'));
  await user.paste('visitor 42, process');
  const cursor = container.querySelector<SVGSVGElement>('.pl-Cursor')!;
  expect(cursor).not.toHaveAttribute('data-out');
  const width = container
    .querySelector('.pl-Timeline-picture')!
    .getAttribute('width');
  // Its mark is 14 pixels wide.
  expect(Number(cursor.dataset.over) + 7).toBeCloseTo(Number(width) / 2, 0);
});

describe('the menu', () => {
  it('closes by Escape, by a choice, and by a click elsewhere', async () => {
    const user = userEvent.setup();
    show(deadlock);
    const menu = screen.getByText('Save and open');
    const isOpen = () => menu.closest('details')!.open;
    await user.click(menu);
    expect(isOpen()).toBe(true);
    await user.keyboard('{Escape}');
    expect(isOpen()).toBe(false);
    expect(menu).toHaveFocus();
    await user.click(menu);
    await user.click(screen.getByRole('button', { name: 'Play' }));
    expect(isOpen()).toBe(false);
  });
});
