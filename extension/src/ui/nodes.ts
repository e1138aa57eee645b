/** The kernel's picture as the rows of a tree: the notebook, its processes and threads, and groups of those that are alike. */

import type { KernelState, LiveProcess, LiveThread } from '../core';
import type { Trans } from './kit';

/** What a row's shape says; its words say the same. */
export type LiveMark =
  'idle' | 'starting' | 'running' | 'waiting' | 'ended' | 'failed';

export interface Node {
  /** Holds as long as the process or thread does. */
  readonly id: string;
  readonly name: string;
  /** What kind of thing it is, where that is not plain from its place. */
  readonly kind: string;
  /** Its pid, in words: labs and error messages tell processes by it. */
  readonly pid: string;
  readonly mark: LiveMark;
  /** What it does or how it ended. */
  readonly fact: string;
  readonly error: string;
  readonly children: readonly Node[];
  /** Unfolded unless the learner folds it. */
  readonly open: boolean;
  readonly process: LiveProcess | null;
  readonly thread: LiveThread | null;
}

/** More siblings than this are put into groups of at least so many that do the same. */
const MANY = 8;
const ALIKE = 3;

export function treeOf(kernel: KernelState, trans: Trans): Node {
  const children = new Map<number, LiveProcess[]>();
  const pids = new Set(kernel.processes.map(one => one.pid));
  for (const process of kernel.processes) {
    // Who started it may be too old to be shown.
    const parent = pids.has(process.parent) ? process.parent : 0;
    children.set(parent, [...(children.get(parent) ?? []), process]);
  }
  const below = (pid: number, above: ReadonlySet<number>): Node[] =>
    (children.get(pid) ?? [])
      .filter(one => !above.has(one.pid))
      .map(one => {
        const inside = below(one.pid, new Set([...above, one.pid]));
        const threads = one.threads.map(thread =>
          threadNode(`${one.pid}`, thread, trans)
        );
        return processNode(one, [...threads, ...inside], trans);
      });
  const threads = kernel.threads.map(one => threadNode('', one, trans));
  return {
    id: 'kernel',
    name: trans.__('Your notebook'),
    kind: '',
    pid: pidOf(kernel.pid, trans),
    ...kernelFact(kernel, trans),
    error: '',
    children: [
      ...grouped(threads, 'threads', trans),
      ...grouped(below(0, new Set()), 'processes', trans)
    ],
    open: true,
    process: null,
    thread: null
  };
}

/** All rows that can be seen, from the top, with their place. */
export interface Row {
  readonly node: Node;
  readonly level: number;
  readonly parent: string | null;
  readonly at: number;
  readonly of: number;
}

export function rowsOf(
  root: Node,
  isOpen: (node: Node) => boolean
): readonly Row[] {
  const rows: Row[] = [];
  const walk = (
    nodes: readonly Node[],
    level: number,
    parent: string | null
  ) => {
    nodes.forEach((node, index) => {
      rows.push({ node, level, parent, at: index + 1, of: nodes.length });
      if (isOpen(node)) {
        walk(node.children, level + 1, node.id);
      }
    });
  };
  walk([root], 1, null);
  return rows;
}

function kernelFact(
  kernel: KernelState,
  trans: Trans
): { mark: LiveMark; fact: string } {
  if (kernel.kind === 'dead') {
    return { mark: 'failed', fact: trans.__('has died') };
  }
  if (!kernel.busy) {
    return { mark: 'idle', fact: trans.__('no cell is running') };
  }
  return kernel.waits_for
    ? { mark: 'waiting', fact: trans.__('waits for %1', kernel.waits_for) }
    : { mark: 'running', fact: trans.__('runs a cell') };
}

function processNode(
  process: LiveProcess,
  children: readonly Node[],
  trans: Trans
): Node {
  const failed = process.error !== '' || (process.exit_code ?? 0) !== 0;
  return {
    id: `process ${process.pid} ${process.name}`,
    name: process.name || trans.__('process %1', String(process.pid)),
    kind: kindOf(process.role, trans),
    // One without a name is called by it already.
    pid: process.name ? pidOf(process.pid, trans) : '',
    mark: process.state === 'ended' && failed ? 'failed' : process.state,
    fact: processFact(process, trans),
    error: process.error,
    children,
    open: true,
    process,
    thread: null
  };
}

/** "" before it is known. */
function pidOf(pid: number, trans: Trans): string {
  return pid > 0 ? trans.__('pid %1', String(pid)) : '';
}

function processFact(process: LiveProcess, trans: Trans): string {
  switch (process.state) {
    case 'starting':
      return trans.__('is being started');
    case 'running':
      return trans.__('alive');
    case 'waiting':
      return trans.__('waits for %1', process.waits_for);
    case 'ended':
      return process.exit_code === null
        ? trans.__('ended')
        : trans.__('ended with exit code %1', String(process.exit_code));
  }
}

function kindOf(role: string, trans: Trans): string {
  const kinds: Readonly<Record<string, string>> = {
    pool: trans.__('of a pool'),
    executor: trans.__('of an executor'),
    manager: trans.__('manager'),
    fork: trans.__('made by os.fork'),
    program: trans.__('another program')
  };
  return kinds[role] ?? '';
}

function threadNode(owner: string, thread: LiveThread, trans: Trans): Node {
  const facts = [
    thread.waits_for ? trans.__('waits for %1', thread.waits_for) : '',
    thread.left ? trans.__('lives on; its cell has ended') : ''
  ].filter(Boolean);
  const ended = thread.state === 'ended';
  return {
    id: `thread ${owner} ${thread.tid} ${thread.number}`,
    name: thread.name,
    kind: trans.__('thread'),
    pid: '',
    mark: ended ? 'failed' : thread.state,
    fact: ended
      ? trans.__('ended')
      : facts.length > 0
        ? facts.join(' · ')
        : trans.__('alive'),
    error: thread.error,
    children: [],
    open: true,
    process: null,
    thread
  };
}

/** Of many siblings those that do the same are put together, at the place of the first. */
function grouped(
  nodes: readonly Node[],
  where: string,
  trans: Trans
): readonly Node[] {
  if (nodes.length <= MANY) {
    return nodes;
  }
  const alike = new Map<string, Node[]>();
  for (const node of nodes) {
    const key = `${node.mark} ${node.fact} ${node.error}`;
    alike.set(key, [...(alike.get(key) ?? []), node]);
  }
  return [...alike.values()].flatMap(some => {
    const [first] = some;
    return first === undefined || some.length < ALIKE
      ? some
      : [groupOf(first, some, where, trans)];
  });
}

function groupOf(
  first: Node,
  some: readonly Node[],
  where: string,
  trans: Trans
): Node {
  const last = some[some.length - 1] ?? first;
  return {
    ...first,
    id: `group ${where} ${first.mark} ${first.fact}`,
    name: trans.__('%1 … %2 (%3)', first.name, last.name, String(some.length)),
    pid: '',
    children: some,
    open: false,
    process: null,
    thread: null
  };
}
