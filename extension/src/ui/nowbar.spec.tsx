import { act, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import * as React from 'react';
import { aKernel, aProcess, aThread } from '../__tests__/fixtures';
import { kit } from '../__tests__/views';
import type { KernelState } from '../core';
import { NowBar } from './nowbar';

/** Says what is in sight when a test says so. */
class Sight {
  static now: Sight | null = null;
  watched: Element | null = null;

  constructor(private readonly _tell: IntersectionObserverCallback) {
    Sight.now = this;
  }

  observe(element: Element): void {
    this.watched = element;
  }

  disconnect(): void {
    this.watched = null;
  }

  say(isIntersecting: boolean): void {
    const entry = { isIntersecting } as IntersectionObserverEntry;
    act(() => this._tell([entry], this as unknown as IntersectionObserver));
  }
}

beforeEach(() => {
  Object.assign(window, { IntersectionObserver: Sight });
});

afterEach(() => {
  delete (window as { IntersectionObserver?: unknown }).IntersectionObserver;
});

function show(kernel: Partial<KernelState>): HTMLElement {
  const view = (part: Partial<KernelState>) => (
    <div>
      <section className="pl-Kernel">there</section>
      <NowBar kernel={aKernel(part)} target="pl-Kernel" kit={kit} />
    </div>
  );
  render(view(kernel));
  return screen.getByText('there');
}

const line = () => document.querySelector('.pl-Now-line');

test('says what runs while the place that tells more is out of sight', () => {
  show({
    busy: true,
    processes: [
      aProcess({ pid: 1 }),
      aProcess({ pid: 2 }),
      aProcess({ pid: 3, state: 'ended' })
    ],
    threads: [aThread({})]
  });
  expect(line()).toBeNull();
  Sight.now!.say(false);
  expect(line()).toHaveTextContent('Runs now: 2 processes, 1 thread');
  Sight.now!.say(true);
  expect(line()).toBeNull();
});

test('leads there, and the focus goes along', async () => {
  const place = show({ busy: true, stuck: true });
  place.scrollIntoView = jest.fn();
  Sight.now!.say(false);
  expect(line()).toHaveTextContent('Your program is stuck.');
  await userEvent.click(screen.getByRole('button', { name: 'See why' }));
  expect(place.scrollIntoView).toHaveBeenCalled();
  expect(place).toHaveFocus();
});

test('of a cell alone it says that a check need not wait', () => {
  show({ busy: true, processes: [], threads: [] });
  Sight.now!.say(false);
  expect(line()).toHaveTextContent(
    'A cell is running. You can check meanwhile.'
  );
});

test('looks at nothing when nothing runs', () => {
  Sight.now = null;
  show({ busy: false, processes: [aProcess({ state: 'ended' })], threads: [] });
  expect(Sight.now).toBeNull();
  expect(line()).toBeNull();
});
