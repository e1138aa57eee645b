import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import * as React from 'react';
import { FILMS } from '../__tests__/films';
import { Client, type Fetch } from '../core';
import { ENGLISH } from '../ui/kit';
import { Replay } from './replay';

const KIT = { trans: ENGLISH, language: 'en', html: (text: string) => text };

function replay(fetch: Fetch) {
  return render(
    <Replay
      client={new Client(fetch)}
      learner="ada b"
      clip="0123456789abcdef0123456789abcdef"
      kit={KIT}
    />
  );
}

it('asks for the clip once, and shows its map, timeline and tables', async () => {
  const asked: string[] = [];
  replay(path => {
    asked.push(path);
    const text = JSON.stringify({ ...FILMS.deadlock, kernel_id: '' });
    return Promise.resolve({ status: 200, text: () => Promise.resolve(text) });
  });
  const user = userEvent.setup();
  expect(await screen.findByRole('button', { name: /A then B/ })).toBeVisible();
  expect(asked).toEqual(['clip/ada%20b/0123456789abcdef0123456789abcdef']);
  expect(screen.getByRole('button', { name: 'Timeline' })).toHaveAttribute(
    'aria-pressed',
    'true'
  );
  await user.click(screen.getByRole('button', { name: 'Map' }));
  await user.click(screen.getByRole('button', { name: 'As a table' }));
  expect(screen.getAllByRole('table').length).toBeGreaterThan(0);
  // There is one run, and nobody opens files here.
  expect(screen.queryByLabelText('Which run')).toBeNull();
  expect(screen.queryByRole('button', { name: 'Open a film…' })).toBeNull();
});

it('says what the service says when there is none, and asks again when told to', async () => {
  let there = false;
  replay(() => {
    const reply = there
      ? { status: 200, text: JSON.stringify(FILMS.fourAtOnce) }
      : {
          status: 404,
          text: '{"message": "This replay is not kept", "reason": ""}'
        };
    return Promise.resolve({
      status: reply.status,
      text: () => Promise.resolve(reply.text)
    });
  });
  expect(await screen.findByText('This replay is not kept')).toBeVisible();
  there = true;
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  await waitFor(() =>
    expect(screen.queryByText('This replay is not kept')).toBeNull()
  );
  expect(await screen.findByRole('button', { name: 'Map' })).toBeVisible();
});
