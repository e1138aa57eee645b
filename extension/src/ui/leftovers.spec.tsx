import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import * as React from 'react';
import { aLeftover } from '../__tests__/fixtures';
import { kit, spies } from '../__tests__/views';
import { NO_LEFT, type LeftWork } from '../core';
import { Leftovers } from './leftovers';

function show(part: Partial<LeftWork>) {
  const actions = spies();
  render(
    <Leftovers left={{ ...NO_LEFT, ...part }} actions={actions} kit={kit} />
  );
  return actions;
}

const button = (name: string) => screen.getByRole('button', { name });
const FOUND = [
  aLeftover({ id: 'process:7:1' }),
  aLeftover({ id: 'process:8:1' }),
  aLeftover({
    id: 'segment:1a:5',
    kind: 'segment',
    name: 'psm_abc',
    what: 'shared memory',
    size: 4096
  })
];

test('nothing left, nothing said', () => {
  show({});
  expect(screen.queryByText(/Left over/)).not.toBeInTheDocument();
});

test('what is left is counted, and told in plain words', () => {
  show({ found: FOUND });
  expect(screen.getByRole('status')).toHaveTextContent(
    'Left over from an earlier kernel: 2 processes, 1 piece of shared memory'
  );
  const items = screen.getAllByRole('listitem').map(one => one.textContent);
  expect(items[0]).toContain(
    'a process that was forked · process 7 · 12 MiB · of L04.ipynb'
  );
  expect(items[2]).toContain('shared memory · psm_abc · 4 KiB');
});

test('it is removed after a question, which takes the focus', async () => {
  const actions = show({ found: FOUND });
  await userEvent.click(button('Clean up'));
  const question = screen.getByRole('group', {
    name: 'Remove 2 processes, 1 piece of shared memory?'
  });
  const yes = within(question).getByRole('button', {
    name: 'Yes, remove them'
  });
  expect(yes).toHaveFocus();
  expect(actions.clean).not.toHaveBeenCalled();
  await userEvent.click(yes);
  expect(actions.clean).toHaveBeenCalled();
});

test('or kept, and the focus comes back', async () => {
  const actions = show({ found: FOUND });
  await userEvent.click(button('Clean up'));
  await userEvent.click(button('No, keep them'));
  expect(button('Clean up')).toHaveFocus();
  expect(actions.clean).not.toHaveBeenCalled();
  await userEvent.click(button('Not now'));
  expect(actions.hideLeft).toHaveBeenCalled();
});

test('what must stay says why, and cannot be removed', () => {
  const found = [
    aLeftover({ removable: false, why: 'Somebody who lives still uses it.' })
  ];
  show({ found });
  expect(
    screen.getByText('Stays: Somebody who lives still uses it.')
  ).toBeInTheDocument();
  expect(
    screen.queryByRole('button', { name: 'Clean up' })
  ).not.toBeInTheDocument();
});

test('the outcome is said, with what stayed', async () => {
  const reply = {
    schema: 1,
    dry_run: false,
    removed: FOUND.slice(0, 2),
    kept: [aLeftover({ id: 'process:9:1', why: 'It is still there.' })],
    left: [],
    cannot_tell: []
  };
  const actions = show({ reply });
  const said = screen.getByRole('status');
  expect(said).toHaveTextContent('Removed: 2 processes');
  expect(said).toHaveTextContent('Stays: It is still there.');
  await userEvent.click(button('Close'));
  expect(actions.hideLeft).toHaveBeenCalled();
});

test('what another window has removed is no failure', () => {
  const reply = {
    schema: 1,
    dry_run: false,
    removed: [],
    kept: [aLeftover({ id: 'process:9:1', what: '', why: 'Look again.' })],
    left: [],
    cannot_tell: []
  };
  show({ reply });
  const said = screen.getByRole('status');
  expect(said).toHaveTextContent('It is gone already');
  expect(said).not.toHaveTextContent('Look again.');
});

test('hidden is hidden', () => {
  show({ found: FOUND, hidden: true });
  expect(screen.queryByRole('button')).not.toBeInTheDocument();
});
