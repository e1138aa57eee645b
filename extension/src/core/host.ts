/**
 * What an editor tells the store, and what the store asks of it: the whole of what core knows
 * about notebooks and kernels. JupyterLab's is in src/jupyterlab; another editor brings its own.
 */

import type { CellRef, GoalMoment, NotebookCell, SourceCell } from './wire';

export type KernelStatus =
  | 'starting'
  | 'idle'
  | 'busy'
  | 'restarting'
  | 'dead'
  | 'disconnected'
  | 'unknown';

export interface HostKernel {
  readonly id: string;
  /** The kernelspec's name. */
  readonly name: string;
  readonly status: KernelStatus;
}

export interface HostNotebook {
  readonly path: string;
  /** The lab that the notebook's metadata names, null for anybody's own notebook. */
  readonly lab: string | null;
  /** The version of the lab that the notebook was made from, null where it does not say. */
  readonly version: number | null;
  /** What its texts are told in, as `de`; null where it does not say. */
  readonly language: string | null;
  /** The step of the cell that has the cursor. */
  readonly activeStep: string | null;
  /** The steps whose text stands in the notebook. */
  readonly texts: readonly string[];
  /** The steps whose code has been changed since it was last checked, as far as this page has seen it. */
  readonly edited: readonly string[];
}

/** The editor as it is now: the notebook in front and its kernel. */
export interface HostState {
  readonly notebook: HostNotebook | null;
  readonly kernel: HostKernel | null;
}

export const NO_NOTEBOOK: HostState = { notebook: null, kernel: null };

export type PictureView = 'map' | 'timeline';

export interface Host {
  /** All of the notebook's cells in document order, each with the step of its own metadata. */
  cells(): readonly CellRef[];
  /** As `cells`, each with its text. */
  sourceCells(): readonly SourceCell[];
  /** Saves the open notebooks of a lab that have changed, so that the server sees them as they are. */
  save(lab: string): Promise<void>;
  /** Shows the notebook at a path of the Contents API; `fresh`: read again, since the server wrote to it. */
  open(path: string, fresh: boolean): Promise<void>;
  /** From now on says when a step's code is no longer what it is now. */
  remember(step: string): void;
  /** Scrolls to the first cell of a step; false when there is none. */
  reveal(step: string): boolean;
  /**
   * Puts these cells in place of the step's code cells and returns what stood there, so that
   * the same call undoes it. `order` is that of the lab's steps, for a step whose cells are gone.
   */
  replace(
    step: string,
    cells: readonly NotebookCell[],
    order: readonly string[]
  ): readonly NotebookCell[];
  /** Gives the notebook Parallab's kernel, starting it. */
  switchKernel(): Promise<void>;
  /** Opens the picture of what the kernel in front did, at a moment if one is given. */
  showPicture(view: PictureView, moment: GoalMoment | null): void;
  /** Opens the replay of a lab, which is there without a kernel. */
  showReplay(lab: string): void;
  /** Restarts the notebook's kernel, after asking where the editor asks. */
  restartKernel(): Promise<void>;
}

/** A lab's notebook with a kernel that can be asked about. */
export function isUp(
  host: HostState
): host is HostState & { kernel: HostKernel } {
  const status = host.kernel?.status;
  return (
    Boolean(host.notebook?.lab) && (status === 'idle' || status === 'busy')
  );
}
