import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import * as React from 'react';
import { aKernel, aProcess, aThread } from '../__tests__/fixtures';
import { kit, spies } from '../__tests__/views';
import type { KernelState, LinkState, RescueWork } from '../core';
import { NO_RESCUE } from '../core';
import { Rescued, RunningNow, Stuck } from './kernel';

function show(
  kernel: Partial<KernelState>,
  rescue: Partial<RescueWork> = {},
  live: LinkState = 'on'
) {
  const actions = spies();
  const props = {
    kernel: aKernel(kernel),
    live,
    rescue: { ...NO_RESCUE, ...rescue },
    actions,
    kit
  };
  const all = (
    <>
      <Stuck {...props} />
      <Rescued {...props} />
      <RunningNow {...props} />
    </>
  );
  render(all);
  return actions;
}

const button = (name: string | RegExp) => screen.getByRole('button', { name });

const STUCK: Partial<KernelState> = {
  busy: true,
  stuck: true,
  diagnoses: ['“A” waits for a lock that “B” holds'],
  mistake: { id: 'M43', sentence: 'Always lock in the same order.' },
  processes: [aProcess({ name: 'A' })]
};

describe('a program that is stuck', () => {
  test('is told with who waits for whom, the mistake, and what to do', async () => {
    const actions = show(STUCK);
    const alert = screen.getByRole('alert');
    expect(alert).toHaveTextContent('“A” waits for a lock that “B” holds.');
    expect(alert).toHaveTextContent(
      'Mistake: Always lock in the same order. (M43)'
    );
    expect(alert).toHaveTextContent('Then interrupt the cell.');
    await userEvent.click(button('Interrupt'));
    expect(actions.rescue).toHaveBeenCalledWith({ action: 'interrupt' });
  });

  test('names no mistake that was not recognised', () => {
    show({ ...STUCK, mistake: null });
    expect(screen.getByRole('alert')).not.toHaveTextContent('Mistake');
  });

  test('is interrupted once at a time', async () => {
    const actions = show(STUCK, { busy: true });
    await userEvent.click(button('Interrupting…'));
    expect(actions.rescue).not.toHaveBeenCalled();
  });
});

describe('what a rescue came to', () => {
  const reply = (done: boolean, ...happened: string[]) => ({
    schema: 1,
    done,
    happened,
    state: aKernel()
  });

  test('is said, with what is left', async () => {
    const happened = ['The cell was interrupted once.', 'Run the cells again.'];
    const actions = show(
      {
        processes: [aProcess(), aProcess({ pid: 8, state: 'ended' })],
        threads: [aThread(), aThread({ number: 2, left: false })]
      },
      { reply: reply(true, ...happened) }
    );
    const said = screen.getByRole('status');
    expect(said).toHaveTextContent(happened.join(''));
    expect(said).toHaveTextContent('1 process lives on.');
    expect(said).toHaveTextContent(/1 thread of an earlier cell lives on/);
    await userEvent.click(button('Close'));
    expect(actions.closeRescue).toHaveBeenCalled();
  });

  test('says so when nothing is left', () => {
    show({}, { reply: reply(true, 'The cell was interrupted once.') });
    expect(screen.getByRole('status')).toHaveTextContent(
      'Nothing of it is left running.'
    );
  });

  test('a cell that runs on can be interrupted again, or its kernel restarted', async () => {
    const actions = show(
      { busy: true },
      { reply: reply(false, 'The cell was interrupted 2 times and runs on.') }
    );
    expect(screen.getByRole('status')).toHaveTextContent('runs on');
    await userEvent.click(button('Interrupt again'));
    expect(actions.rescue).toHaveBeenCalledWith({ action: 'interrupt' });
    await userEvent.click(button('Restart the kernel'));
    expect(actions.restartKernel).toHaveBeenCalled();
  });

  test('a refusal is told', () => {
    const problem = {
      kind: 'refused' as const,
      message: 'This process has ended already.',
      reason: '',
      status: 409
    };
    show({}, { problem });
    expect(screen.getByRole('alert')).toHaveTextContent('has ended already');
  });
});

describe('one process', () => {
  test.each([
    ['Terminate', 'terminate'],
    ['Kill', 'kill']
  ])('%s, after a question that takes the focus', async (name, action) => {
    const actions = show({ processes: [aProcess({ name: 'A' })] });
    await userEvent.click(button('End process A…'));
    expect(actions.rescue).not.toHaveBeenCalled();
    const question = within(screen.getByRole('group', { name: 'End A?' }));
    expect(question.getByRole('button', { name: 'Terminate' })).toHaveFocus();
    await userEvent.click(question.getByRole('button', { name }));
    expect(actions.rescue).toHaveBeenCalledWith({
      action,
      pid: 7,
      started: 4711
    });
  });

  test('can be left, and the focus comes back', async () => {
    const actions = show({ processes: [aProcess({ name: 'A' })] });
    await userEvent.click(button('End process A…'));
    await userEvent.click(button('Leave it'));
    expect(button('End process A…')).toHaveFocus();
    expect(actions.rescue).not.toHaveBeenCalled();
  });

  test('that has gone meanwhile is not asked about any more', async () => {
    const now = (processes: KernelState['processes']) => (
      <RunningNow
        kernel={aKernel({ processes })}
        live="on"
        rescue={NO_RESCUE}
        actions={spies()}
        kit={kit}
      />
    );
    const { rerender } = render(now([aProcess({ name: 'A' })]));
    await userEvent.click(button('End process A…'));
    rerender(now([aProcess({ name: 'A', state: 'ended' })]));
    expect(screen.queryByRole('group', { name: 'End A?' })).toBeNull();
    // Nor of the next one that is there.
    rerender(now([aProcess({ name: 'A' })]));
    expect(screen.queryByRole('group', { name: 'End A?' })).toBeNull();
  });

  test('that has ended, or that the system has not shown yet, is not offered', () => {
    show({
      processes: [
        aProcess({ state: 'ended', exit_code: 0, started: 0 }),
        aProcess({ pid: 8, started: 0 })
      ]
    });
    expect(screen.queryByRole('button')).not.toBeInTheDocument();
  });
});

describe("the notebook's threads", () => {
  const threads = [
    aThread({ name: 'one', tid: 11, number: 4 }),
    aThread({ name: 'two', tid: 12, number: 5 }),
    aThread({ name: 'three', tid: 13, number: 6, left: false })
  ];

  test.each([
    ['Dismiss thread two…', 'Dismiss thread two?', [5]],
    ['Dismiss all threads of earlier cells (2)…', 'Dismiss 2 threads?', [4, 5]]
  ])('%s, after a question', async (name, title, numbers) => {
    const actions = show({ threads });
    await userEvent.click(button(name));
    expect(actions.rescue).not.toHaveBeenCalled();
    const question = within(screen.getByRole('group', { name: title }));
    await userEvent.click(question.getByRole('button', { name: 'Dismiss' }));
    expect(actions.rescue).toHaveBeenCalledWith({
      action: 'dismiss',
      threads: numbers
    });
    expect(button(name)).toHaveFocus();
  });

  test('of the cell that runs are not offered', () => {
    show({ threads });
    expect(
      screen.queryByRole('button', { name: /three/ })
    ).not.toBeInTheDocument();
  });
});

describe('how far the picture can be believed', () => {
  test('frozen, when the cell hangs', () => {
    show(STUCK);
    expect(screen.getByText(/^Frozen: nothing moves/)).toBeInTheDocument();
    expect(screen.getByRole('treegrid')).toHaveAttribute('data-frozen', 'true');
  });

  test('of a moment ago, when the server is gone', async () => {
    const actions = show({}, {}, 'lost');
    expect(screen.getByText(/not live any more/)).toBeInTheDocument();
    await userEvent.click(button('Try now'));
    expect(actions.reconnect).toHaveBeenCalled();
  });

  test('of when the kernel was last heard of, when it cannot be reached', () => {
    show({ processes: [aProcess()] }, {}, 'off');
    expect(screen.getByText(/was last heard of/)).toBeInTheDocument();
    expect(screen.getByRole('treegrid')).toHaveAttribute('data-frozen', 'true');
  });

  test('there is none of a kernel that is not watched', () => {
    show({ kind: 'foreign' });
    expect(screen.queryByRole('treegrid')).not.toBeInTheDocument();
  });
});
