import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import * as React from 'react';
import { aProgress, aStep } from '../__tests__/fixtures';
import { aWork, kit, spies } from '../__tests__/views';
import { NO_HAND_IN } from '../core';
import {
  AskInstructor,
  ClassTrouble,
  HandIn,
  type AskProps,
  type HandInProps
} from './classroom';

const CLASS = { waiting: 0, trouble: '', handed_in: {} };

function ask(part: Partial<AskProps> = {}) {
  const actions = spies();
  const props = {
    step: aStep({ id: 'one' }),
    progress: null,
    work: aWork(),
    actions,
    kit,
    ...part
  };
  const view = render(<AskInstructor {...props} />);
  const again = (more: Partial<AskProps>) =>
    view.rerender(<AskInstructor {...props} {...more} />);
  return { actions, again };
}

const button = (name: string) => screen.getByRole('button', { name });

test('a question is written, then sent; nothing is sent without words', async () => {
  const user = userEvent.setup();
  const { actions, again } = ask();
  await user.click(button('Ask your instructor'));
  expect(screen.getByLabelText('What do you need help with?')).toHaveFocus();
  await user.click(button('Ask'));
  expect(actions.help).not.toHaveBeenCalled();
  again({ work: aWork({ drafts: { '?help': [' It hangs '] } }) });
  await user.click(button('Ask'));
  expect(actions.help).toHaveBeenCalledWith('one', true, 'It hangs');
});

test('a hand that is up is shown, and can be taken down', async () => {
  const help = { text: 'It hangs', at: 1, answer: '', by: '' };
  const { actions } = ask({ progress: aProgress('one', { help }) });
  expect(screen.getByText('It hangs')).toBeVisible();
  await userEvent.click(button('Take it down'));
  expect(actions.help).toHaveBeenCalledWith('one', false, '');
});

test('the answer says whose it is', async () => {
  const help = { text: 'It hangs', at: 1, answer: 'Who joins?', by: 'teach' };
  const { actions } = ask({ progress: aProgress('one', { help }) });
  expect(screen.getByText('teach answers')).toBeVisible();
  expect(screen.getByText('Who joins?')).toBeVisible();
  await userEvent.click(button('Thank you, I go on'));
  expect(actions.help).toHaveBeenCalledWith('one', false, '');
});

function handIn(part: Partial<HandInProps> = {}) {
  const actions = spies();
  const props = {
    lab: 'L04',
    classroom: CLASS,
    work: NO_HAND_IN,
    canSave: true,
    actions,
    kit,
    ...part
  };
  render(<HandIn {...props} />);
  return actions;
}

test('a notebook is handed in, and again', async () => {
  const actions = handIn({
    classroom: { ...CLASS, handed_in: { L04: 1_700_000_000 } }
  });
  expect(screen.getByRole('status')).toHaveTextContent(
    'Your class has this notebook since'
  );
  await userEvent.click(button('Hand in again'));
  expect(actions.handIn).toHaveBeenCalled();
});

test('without the notebook in front nothing can be handed in, and it says why', async () => {
  const actions = handIn({ canSave: false });
  const off = button('Hand in this notebook');
  expect(off).toHaveAttribute('aria-disabled', 'true');
  expect(off).toHaveAccessibleDescription(/needs this lab's notebook/);
  await userEvent.click(off);
  expect(actions.handIn).not.toHaveBeenCalled();
});

test('that the class does not hear is told without alarm, and only then', () => {
  const { rerender } = render(<ClassTrouble classroom={CLASS} kit={kit} />);
  expect(screen.queryByText(/has not heard/)).toBeNull();
  rerender(
    <ClassTrouble
      classroom={{ ...CLASS, waiting: 3, trouble: 'it did not answer' }}
      kit={kit}
    />
  );
  expect(screen.getByText(/has not heard of everything/)).toBeVisible();
});
