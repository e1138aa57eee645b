import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import * as React from 'react';
import { aGoal, aProgress, aResult, aStep } from '../__tests__/fixtures';
import { aWork, kit, spies } from '../__tests__/views';
import type { DoubtReply } from '../core';
import { Doubt, type DoubtProps } from './doubt';

const reply = (part: Partial<DoubtReply> = {}): DoubtReply => ({
  schema: 1,
  contents: ['The text of all 2 cells.', 'About 12 KiB.'],
  path: '',
  ...part
});

function show(part: Partial<DoubtProps> = {}) {
  const actions = spies();
  const failed = aResult('one', [aGoal({ id: 'g', verdict: 'failed' })], {
    verdict: 'failed'
  });
  render(
    <Doubt
      step={aStep({ id: 'one' })}
      progress={aProgress('one', { verdict: 'failed', last: failed })}
      work={aWork()}
      canAsk
      actions={actions}
      kit={kit}
      {...part}
    />
  );
  return actions;
}

const button = (name: string) => screen.getByRole('button', { name });

test('where nothing was judged there is nothing to doubt', () => {
  show({ progress: aProgress('one') });
  expect(screen.queryByRole('button')).not.toBeInTheDocument();
});

test('a click asks what the file would hold, and saves nothing', async () => {
  const actions = show();
  await userEvent.click(button('This verdict is wrong'));
  expect(actions.doubt.mock.calls).toEqual([['one', '', false]]);
});

test('without the notebook and its kernel it cannot be asked', async () => {
  const actions = show({ canAsk: false });
  await userEvent.click(button('This verdict is wrong'));
  expect(actions.doubt).not.toHaveBeenCalled();
});

test('what it would hold is shown before it is saved, and the focus is where words go', async () => {
  const actions = show({ work: aWork({ doubt: reply() }) });
  expect(screen.getByText('The text of all 2 cells.')).toBeInTheDocument();
  const field = screen.getByLabelText(/in your own words/);
  expect(field).toHaveFocus();
  await userEvent.type(field, ' There are two! ');
  await userEvent.click(button('Save the file'));
  expect(actions.doubt.mock.calls).toEqual([['one', 'There are two!', true]]);
});

test('it can be left', async () => {
  const actions = show({ work: aWork({ doubt: reply() }) });
  await userEvent.click(button('No, leave it'));
  expect(actions.doubt).not.toHaveBeenCalled();
  expect(actions.closeDoubt).toHaveBeenCalledWith('one');
});

test('where it was saved is said', async () => {
  const actions = show({
    work: aWork({ doubt: reply({ path: 'parallab/04/verdict-one.json' }) })
  });
  expect(screen.getByRole('status')).toHaveTextContent(
    'Saved: parallab/04/verdict-one.json'
  );
  await userEvent.click(button('Good'));
  expect(actions.closeDoubt).toHaveBeenCalledWith('one');
});
