import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import * as React from 'react';
import { aNews } from '../__tests__/fixtures';
import { kit, spies } from '../__tests__/views';
import { NewVersion, type NewVersionProps } from './news';

function show(part: Partial<NewVersionProps>) {
  const actions = spies();
  render(
    <NewVersion
      lab="L04"
      version={2}
      has={2}
      language="en"
      speaks="en"
      news={null}
      opening={false}
      actions={actions}
      kit={kit}
      {...part}
    />
  );
  return actions;
}

const told = () =>
  screen.getAllByRole('listitem').map(item => item.textContent);

test.each([null, 2, 3])(
  'a notebook that says version %s of a lab at 2 is left in peace',
  has => {
    show({ has });
    expect(screen.queryByRole('button')).not.toBeInTheDocument();
  }
);

test('an older notebook is offered the new version', async () => {
  const actions = show({ has: 1 });
  expect(
    screen.getByText('There is a new version of this lab.')
  ).toBeInTheDocument();
  await userEvent.click(
    screen.getByRole('button', { name: 'Bring it into my notebook' })
  );
  expect(actions.openLab).toHaveBeenCalledWith('L04');
});

test('what happened is told in words, only what did happen, until it was read', async () => {
  const actions = show({
    news: aNews({
      added: ['Two more', 'Three'],
      kept: ['Four at once'],
      files: ['tally.py']
    })
  });
  expect(screen.getByRole('status')).toHaveTextContent(
    'Your notebook is now of version 2 of the lab.'
  );
  expect(told()).toEqual([
    'What you wrote and what you passed has stayed.',
    'New: “Two more”, “Three”.',
    'You had changed what was given in “Four at once”, so yours stays. Reset the step to get the new code.',
    'Files that you had changed stay yours: “tally.py”.',
    'Your notebook as it was is kept: parallab/04/04.version-1.ipynb'
  ]);
  await userEvent.click(screen.getByRole('button', { name: 'I have read it' }));
  expect(actions.closeNews).toHaveBeenCalledWith('L04');
});

test('a notebook in another language is offered the reader’s', async () => {
  const actions = show({ language: 'de', speaks: 'en' });
  expect(
    screen.getByText('This notebook is in another language: English.')
  ).toBeInTheDocument();
  await userEvent.click(
    screen.getByRole('button', { name: 'Show it in German' })
  );
  expect(actions.openLab).toHaveBeenCalledWith('L04');
});

test('one that does not say its language is left in peace', () => {
  show({ language: 'de', speaks: null });
  expect(screen.queryByRole('button')).not.toBeInTheDocument();
});

test('a notebook that has changed its language says what stayed', () => {
  show({
    language: 'de',
    speaks: 'de',
    news: aNews({ before: 2, language: 'de', kept: ['Four at once'], old: '' })
  });
  expect(screen.getByRole('status')).toHaveTextContent(
    'Your notebook is now in German.'
  );
  expect(told()).toEqual([
    'What you wrote, and what you ran, has stayed.',
    'You had changed the text of “Four at once”, so yours stays.'
  ]);
});

test('cells of removed steps and renewed texts are told, too', () => {
  show({ news: aNews({ removed: ['Old one'], renewed: ['Life and death'] }) });
  expect(told()).toContain(
    'No longer in the lab: “Old one”. The cells are still there, and count for no step.'
  );
  expect(told()).toContain(
    'Text or code that was given is renewed in “Life and death”.'
  );
});
