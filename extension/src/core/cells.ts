/**
 * Which cells are a step's, and how to replace them. For editing only: which cells a verdict
 * counts is decided by the server.
 */

import type { NotebookCell } from './wire';

/** As much of a notebook cell as replacing needs. */
export interface PlanCell {
  readonly type: string;
  readonly source: string;
  /** The step that the cell's own metadata names. */
  readonly tag: string | null;
}

export type Edit =
  | { readonly do: 'set'; readonly at: number; readonly source: string }
  | { readonly do: 'insert'; readonly at: number; readonly source: string }
  | { readonly do: 'remove'; readonly at: number };

/** A cell without a tag belongs to the tagged cell above it. */
export function stepsOf(cells: readonly PlanCell[]): (string | null)[] {
  let current: string | null = null;
  return cells.map(cell => (current = cell.tag ?? current));
}

/** The steps whose own text cells stand in the notebook, each once. */
export function textsOf(cells: readonly PlanCell[]): readonly string[] {
  const texts = cells.filter(
    cell => cell.type === 'markdown' && cell.source.trim() !== ''
  );
  return [...new Set(texts.flatMap(cell => cell.tag ?? []))];
}

/** A step's code cells by their places, with what stands in them. */
export function stepCells(
  cells: readonly PlanCell[],
  step: string
): { at: number; source: string }[] {
  const steps = stepsOf(cells);
  return cells.flatMap((cell, at) =>
    cell.type === 'code' && steps[at] === step
      ? [{ at, source: cell.source }]
      : []
  );
}

/** A step's code as one value: whether it was changed is whether this was. */
export function codeOf(cells: readonly PlanCell[], step: string): string {
  return JSON.stringify(stepCells(cells, step).map(cell => cell.source));
}

/**
 * The edits, to be done in order, that put `fresh` in place of the step's code cells. Cells are
 * kept where they can be, since records of runs hang on their ids; text cells are not touched.
 */
export function planReplace(
  cells: readonly PlanCell[],
  step: string,
  fresh: readonly NotebookCell[],
  order: readonly string[]
): Edit[] {
  const sources = fresh
    .filter(cell => cell.cell_type === 'code')
    .map(cell => cell.source);
  const old = stepCells(cells, step).map(cell => cell.at);
  const last = old[Math.min(old.length, sources.length) - 1];
  const after = last === undefined ? place(cells, step, order) : last + 1;
  const sets = sources.flatMap((source, i): Edit[] => {
    const at = old[i];
    return at === undefined ? [] : [{ do: 'set', at, source }];
  });
  // From the end, so that the places of those before stay what they are.
  const removes = old
    .slice(sources.length)
    .reverse()
    .map((at): Edit => ({ do: 'remove', at }));
  const inserts = sources
    .slice(old.length)
    .map((source, i): Edit => ({ do: 'insert', at: after + i, source }));
  return [...sets, ...removes, ...inserts];
}

/** Where a step without code cells belongs: after its own text, else after the steps before it. */
function place(
  cells: readonly PlanCell[],
  step: string,
  order: readonly string[]
): number {
  const steps = stepsOf(cells);
  const own = steps.lastIndexOf(step);
  if (own >= 0) {
    return own + 1;
  }
  const mine = order.indexOf(step);
  if (mine < 0) {
    return cells.length;
  }
  const earlier = new Set(order.slice(0, mine));
  for (let at = steps.length - 1; at >= 0; at--) {
    if (earlier.has(steps[at] ?? '')) {
      return at + 1;
    }
  }
  // No earlier step: before the first later one, so that the set-up cells stay on top.
  const later = steps.findIndex(one => one !== null);
  return later < 0 ? cells.length : later;
}
