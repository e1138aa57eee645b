/** Where the learner stands with notebook and kernel, as one word that the views put into advice. */

import type { HostState } from './host';
import type { KernelState } from './wire';

export type Situation =
  | 'no-notebook'
  /** The notebook in front is not of any lab. */
  | 'not-a-lab'
  /** The notebook in front is of another lab than the one shown. */
  | 'other-lab'
  | 'no-kernel'
  | 'starting'
  | 'dead'
  | 'disconnected'
  /** A kernel that is not recorded: another kernelspec, or another language. */
  | 'foreign'
  /** Parallab's kernel, yet the recorder inside it did not start. */
  | 'no-probe'
  /** A kernel on another machine. */
  | 'remote'
  /** A system on which no processes can be seen. */
  | 'elsewhere'
  | 'busy'
  | 'ready';

/** The kernelspec that the package installs. */
export const KERNEL_NAME = 'parallab';

export function situationOf(
  host: HostState,
  lab: string | null,
  server: KernelState | null
): Situation {
  const { notebook, kernel } = host;
  if (notebook === null) {
    return 'no-notebook';
  }
  if (notebook.lab === null) {
    return 'not-a-lab';
  }
  if (lab !== null && notebook.lab !== lab) {
    return 'other-lab';
  }
  if (kernel === null) {
    return 'no-kernel';
  }
  if (kernel.status === 'dead') {
    return 'dead';
  }
  if (kernel.status === 'disconnected') {
    return 'disconnected';
  }
  if (kernel.status === 'starting' || kernel.status === 'restarting') {
    return 'starting';
  }
  // What the server says of an earlier kernel says nothing about this one.
  const known = server?.kernel_id === kernel.id ? server.kind : null;
  if (
    known === 'remote' ||
    known === 'elsewhere' ||
    known === 'no-probe' ||
    known === 'dead'
  ) {
    return known;
  }
  if (known === 'foreign' || known === 'none') {
    return 'foreign';
  }
  if (known === null && kernel.name !== KERNEL_NAME) {
    return 'foreign';
  }
  return kernel.status === 'busy' ? 'busy' : 'ready';
}

/** A check can be asked for: where little can be seen, the server says what it could not tell. */
const CHECKABLE: ReadonlySet<Situation> = new Set<Situation>([
  'ready',
  'busy',
  'foreign',
  'no-probe',
  'remote',
  'elsewhere',
  // These two end by themselves, and the server knows better than the browser.
  'starting',
  'disconnected'
]);

export function canCheck(situation: Situation): boolean {
  return CHECKABLE.has(situation);
}
