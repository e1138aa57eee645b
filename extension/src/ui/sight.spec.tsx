import { render, screen } from '@testing-library/react';
import * as React from 'react';
import { aKernel } from '../__tests__/fixtures';
import { kit } from '../__tests__/views';
import type { Capabilities, KernelState } from '../core';
import { Sight, SightWarning } from './sight';

const sight = (why: string): Capabilities => ({
  schema: 1,
  platform: 'linux',
  capabilities: [
    { what: 'processes and threads', can: true, why: '' },
    { what: 'semaphores and locks', can: why === '', why }
  ]
});

function show(of: Capabilities | null, kernel: KernelState | null = null) {
  render(
    <>
      <SightWarning sight={of} kernel={kernel} kit={kit} />
      <Sight sight={of} kernel={kernel} kit={kit} />
    </>
  );
}

test('where all can be seen, nothing stands up front', () => {
  show(sight(''));
  expect(screen.queryByText(/cannot see everything/)).not.toBeInTheDocument();
  const folded = screen.getByText('What Parallab can see here');
  expect(folded.closest('details')).not.toHaveAttribute('open');
});

test('what is hidden is named up front, and why in the list', () => {
  show(sight('It belongs to root.'));
  expect(
    screen.getByText(/Hidden: semaphores and locks\. .* undecided/)
  ).toBeInTheDocument();
  expect(
    screen.getByText(/cannot be seen\. It belongs to root\./)
  ).toBeInTheDocument();
});

test('what is out of sight of one kernel is told too', () => {
  show(sight(''), aKernel({ cannot_tell: ['Cannot tell the memory: no.'] }));
  expect(screen.getByText('Cannot tell the memory: no.')).toBeInTheDocument();
});

test('before anything is known, nothing is said', () => {
  show(null);
  expect(screen.queryByText(/can see here/)).not.toBeInTheDocument();
});
