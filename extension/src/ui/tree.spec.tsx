import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import * as React from 'react';
import { aKernel, aProcess, aThread } from '../__tests__/fixtures';
import { kit } from '../__tests__/views';
import type { KernelState } from '../core';
import { Button } from './controls';
import { treeOf } from './nodes';
import { Tree } from './tree';

function tree(part: Partial<KernelState>) {
  return (
    <Tree
      root={treeOf(aKernel(part), kit.trans)}
      label="Processes and threads"
      frozen={false}
      actions={(node, tab) =>
        node.process ? (
          <Button tabIndex={tab} onClick={() => undefined}>
            {`End ${node.name}`}
          </Button>
        ) : null
      }
      kit={kit}
    />
  );
}

/** The rows below the headings, as they are read out. */
const texts = () => rows().map(row => row.textContent);
const rows = () =>
  [...screen.getByRole('treegrid').children].slice(1) as HTMLElement[];
/** By its words: to work out the names of all rows is slow. */
const row = (words: RegExp) => {
  const found = rows().filter(one => words.test(one.textContent ?? ''));
  expect(found.length).toBe(1);
  return found[0] as HTMLElement;
};

const FAMILY: Partial<KernelState> = {
  busy: true,
  waits_for: '“A” to end',
  threads: [aThread({ name: 'cook', waits_for: 'an item from work' })],
  processes: [
    aProcess({
      pid: 7,
      parent: 0,
      name: 'A',
      state: 'running',
      threads: [aThread({ name: 'helper', tid: 72, left: false })]
    }),
    aProcess({ pid: 8, parent: 7, name: 'child', state: 'starting' }),
    aProcess({
      pid: 9,
      parent: 0,
      name: 'B',
      state: 'ended',
      exit_code: 1,
      error: 'ValueError: no'
    })
  ]
};

test('shows the notebook, its threads, its processes, and theirs, with what each waits for', () => {
  render(tree({ ...FAMILY, pid: 4711 }));
  expect(texts()).toEqual([
    'Your notebook pid 4711waits for “A” to end',
    'cook threadwaits for an item from work · lives on; its cell has ended',
    'A pid 7alive' + 'End A',
    'helper threadalive',
    'child pid 8is being started' + 'End child',
    'B pid 9ended with exit code 1ValueError: no' + 'End B'
  ]);
  const place = rows().map(one =>
    ['aria-level', 'aria-posinset', 'aria-setsize']
      .map(name => one.getAttribute(name))
      .join()
  );
  expect(place).toEqual(['1,1,1', '2,1,3', '2,2,3', '3,1,2', '3,2,2', '2,3,3']);
  expect(rows().map(one => one.dataset.mark)).toEqual([
    'waiting',
    'running',
    'running',
    'running',
    'starting',
    'failed'
  ]);
});

test('is walked and folded by arrow keys, with one stop for Tab', async () => {
  render(tree(FAMILY));
  const keys = (text: string) => userEvent.keyboard(text);
  await userEvent.tab();
  expect(row(/Your notebook/)).toHaveFocus();
  await keys('{ArrowDown}{ArrowDown}');
  expect(row(/^A/)).toHaveFocus();
  await keys('{ArrowRight}');
  expect(screen.getByText('End A')).toHaveFocus();
  await keys('{ArrowLeft}{ArrowLeft}');
  expect(row(/^A/)).toHaveFocus();
  expect(row(/^A/)).toHaveAttribute('aria-expanded', 'false');
  expect(rows().length).toBe(4);
  await keys('{End}');
  expect(row(/^B/)).toHaveFocus();
  await keys('{ArrowLeft}');
  expect(row(/Your notebook/)).toHaveFocus();
  await keys('{Enter}');
  expect(rows().length).toBe(1);
  await keys('{ArrowRight}{PageDown}');
  expect(row(/^B/)).toHaveFocus();
  await keys('{Home}');
  expect(row(/Your notebook/)).toHaveFocus();
  await keys('{ArrowDown}{ArrowDown}');
  await userEvent.tab();
  expect(screen.getByText('End A')).toHaveFocus();
  await userEvent.tab();
  expect(document.body).toHaveFocus();
});

test('the focus stays in it when its row is gone', async () => {
  const { rerender } = render(tree(FAMILY));
  await userEvent.tab();
  await userEvent.keyboard('{End}');
  expect(row(/^B/)).toHaveFocus();
  rerender(tree({ ...FAMILY, processes: [] }));
  expect(row(/Your notebook/)).toHaveFocus();
});

test('many that do the same are one row, which can be unfolded', async () => {
  const many = (n: number) =>
    Array.from({ length: n }, (_, i) =>
      aProcess({
        pid: 100 + i,
        parent: 0,
        name: `worker-${i}`,
        state: i === 3 ? 'waiting' : 'running',
        waits_for: i === 3 ? 'gate' : ''
      })
    );
  const { rerender } = render(tree({ processes: many(8) }));
  expect(rows().length).toBe(9);
  rerender(tree({ processes: many(64) }));
  expect(texts()).toEqual([
    'Your notebook pid 1no cell is running',
    'worker-0 … worker-63 (63)alive',
    'worker-3 pid 103waits for gate' + 'End worker-3'
  ]);
  const group = row(/worker-63/);
  await userEvent.tab();
  await userEvent.keyboard('{ArrowDown}');
  expect(group).toHaveFocus();
  expect(group).toHaveAttribute('aria-expanded', 'false');
  await userEvent.keyboard('{ArrowRight}');
  expect(rows().length).toBe(66);
  expect(rows()[2]).toHaveTextContent(/^worker-0 pid 100alive/);
  expect(rows()[2]).toHaveAttribute('role', 'row');
});

test('a process that claims to be its own ancestor is shown once, and hangs nothing', () => {
  const processes = [
    aProcess({ pid: 7, parent: 8, name: 'A' }),
    aProcess({ pid: 8, parent: 7, name: 'B' })
  ];
  render(tree({ processes }));
  expect(rows().length).toBe(1);
});
