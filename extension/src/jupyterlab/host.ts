/**
 * JupyterLab as the store's Host: the notebook in front, its kernel, and edits to its cells.
 * It listens to one notebook at a time and polls nothing.
 */

import type { ISessionContext } from '@jupyterlab/apputils';
import type {
  INotebookModel,
  INotebookTracker,
  NotebookPanel
} from '@jupyterlab/notebook';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import {
  codeOf,
  KERNEL_NAME,
  NO_NOTEBOOK,
  planReplace,
  stepCells,
  stepsOf,
  textsOf,
  type CellRef,
  type GoalMoment,
  type Host,
  type HostKernel,
  type HostState,
  type KernelStatus,
  type NotebookCell,
  type PictureView,
  type PlanCell,
  type SourceCell
} from '../core';
import { CommandIDs } from './tokens';

/** The key of our metadata in notebooks and cells. */
const METADATA = 'parallab';

/** Milliseconds without a key, after which a notebook is looked at for what was changed. */
const REST = 400;

/** Milliseconds that a kernel may take to tell its status by itself. */
const SILENCE = 1000;

export class NotebookHost implements Host, IDisposable {
  private readonly _changed = new Signal<this, HostState>(this);
  private _panel: NotebookPanel | null = null;
  private _question: number | undefined;
  /** The code of steps as it was checked, by their notebook. */
  private readonly _checked = new WeakMap<NotebookPanel, Map<string, string>>();
  private _edited: readonly string[] = [];
  /** Kernels to which there was a connection. */
  private readonly _reached = new WeakSet<object>();
  private _look: number | undefined;
  private _isDisposed = false;

  constructor(
    private readonly _commands: CommandRegistry,
    private readonly _tracker: INotebookTracker | null
  ) {
    _tracker?.currentChanged.connect(this._onCurrent, this);
    this._onCurrent();
  }

  get changed(): ISignal<this, HostState> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._follow(null);
    Signal.clearData(this);
  }

  get state(): HostState {
    const panel = this._panel;
    if (panel === null || panel.isDisposed) {
      return NO_NOTEBOOK;
    }
    const active = panel.content.activeCellIndex;
    const cells = planCells(panel.model);
    const steps = stepsOf(cells);
    return {
      notebook: {
        path: panel.context.path,
        lab: labOf(panel),
        version: versionOf(panel.model),
        language: text(panel.model?.getMetadata(METADATA), 'language'),
        activeStep: steps[active] ?? null,
        texts: textsOf(cells),
        edited: this._edited
      },
      kernel: kernelOf(panel.sessionContext, this._reached)
    };
  }

  cells(): readonly CellRef[] {
    const cells = this._panel?.model?.cells;
    return Array.from(cells ?? [], cell => ({
      id: cell.id,
      step: text(cell.getMetadata(METADATA), 'step')
    }));
  }

  sourceCells(): readonly SourceCell[] {
    return Array.from(this._panel?.model?.cells ?? [], cell => ({
      id: cell.id,
      step: text(cell.getMetadata(METADATA), 'step'),
      source: cell.sharedModel.getSource()
    }));
  }

  remember(step: string): void {
    const panel = this._panel;
    if (panel !== null) {
      const known = this._checked.get(panel) ?? new Map<string, string>();
      known.set(step, codeOf(planCells(panel.model), step));
      this._checked.set(panel, known);
      this._compare();
    }
  }

  async save(lab: string): Promise<void> {
    const dirty: Promise<void>[] = [];
    this._tracker?.forEach(panel => {
      if (labOf(panel) === lab && panel.context.model.dirty) {
        dirty.push(panel.context.save());
      }
    });
    await Promise.all(dirty);
  }

  async open(path: string, fresh: boolean): Promise<void> {
    const open = this._tracker?.find(panel => panel.context.path === path);
    if (fresh) {
      await open?.context.revert();
    }
    await this._commands.execute('docmanager:open', {
      path,
      factory: 'Notebook'
    });
  }

  reveal(step: string): boolean {
    const panel = this._panel;
    if (panel === null) {
      return false;
    }
    const cells = planCells(panel.model);
    const tagged = cells.findIndex(cell => cell.tag === step);
    if (tagged < 0) {
      return false;
    }
    // The cursor goes to where the learner writes, the view to where the step begins.
    const code = stepCells(cells, step)[0]?.at ?? tagged;
    panel.content.activeCellIndex = code;
    // It fails when the reader goes elsewhere before it is there.
    panel.content.scrollToItem(tagged, 'start').catch(() => undefined);
    return true;
  }

  replace(
    step: string,
    fresh: readonly NotebookCell[],
    order: readonly string[]
  ): readonly NotebookCell[] {
    const model = this._panel?.model;
    if (!model) {
      throw new Error('There is no notebook to write to.');
    }
    const shared = model.sharedModel;
    const cells = planCells(model);
    const mine = { lab: text(model.getMetadata(METADATA), 'lab'), step };
    const old = stepCells(cells, step).map((cell): NotebookCell => ({
      source: cell.source,
      cell_type: 'code',
      step
    }));
    // One transaction, so that one Undo of the notebook takes it back too.
    shared.transact(() => {
      for (const edit of planReplace(cells, step, fresh, order)) {
        switch (edit.do) {
          case 'set': {
            const cell = shared.getCell(edit.at);
            cell.setSource(edit.source);
            cell.setMetadata(METADATA, mine);
            if ('setOutputs' in cell) {
              // An output under code that did not make it would mislead.
              cell.setOutputs([]);
              cell.execution_count = null;
            }
            break;
          }
          case 'insert':
            shared.insertCell(edit.at, {
              cell_type: 'code',
              source: edit.source,
              metadata: { [METADATA]: mine }
            });
            break;
          case 'remove':
            shared.deleteCell(edit.at);
            break;
        }
      }
    });
    return old;
  }

  async switchKernel(): Promise<void> {
    await this._panel?.sessionContext.changeKernel({ name: KERNEL_NAME });
  }

  showPicture(view: PictureView, moment: GoalMoment | null): void {
    // A value without methods: it goes through a command's arguments as it is.
    const asked = moment as unknown as ReadonlyPartialJSONObject | null;
    void this._commands.execute(CommandIDs.picture, { view, moment: asked });
  }

  showReplay(lab: string): void {
    void this._commands.execute(CommandIDs.watch, { lab });
  }

  async restartKernel(): Promise<void> {
    const context = this._panel?.sessionContext;
    if (!context) {
      return;
    }
    if (context.session?.kernel?.status !== 'dead') {
      // Asks, since what is in memory gets lost.
      await this._commands.execute('notebook:restart-kernel', {
        activate: false
      });
      return;
    }
    try {
      await context.restartKernel();
    } catch {
      // The server has given the dead kernel up: start another of its kind.
      await context.changeKernel({ name: context.session.kernel.name });
    }
  }

  private _onCurrent(): void {
    this._follow(this._tracker?.currentWidget ?? null);
    this._emit();
  }

  private _follow(panel: NotebookPanel | null): void {
    const before = this._panel;
    if (before === panel) {
      return;
    }
    window.clearTimeout(this._question);
    window.clearTimeout(this._look);
    if (before !== null) {
      before.sessionContext.kernelChanged.disconnect(this._onKernel, this);
      before.sessionContext.statusChanged.disconnect(this._onKernel, this);
      before.sessionContext.connectionStatusChanged.disconnect(
        this._onKernel,
        this
      );
      before.content.activeCellChanged.disconnect(this._emit, this);
      before.context.pathChanged.disconnect(this._emit, this);
      before.context.model?.metadataChanged.disconnect(this._emit, this);
      before.context.model?.contentChanged.disconnect(this._onContent, this);
    }
    this._panel = panel;
    this._edited = [];
    if (panel === null) {
      return;
    }
    panel.sessionContext.kernelChanged.connect(this._onKernel, this);
    panel.sessionContext.statusChanged.connect(this._onKernel, this);
    panel.sessionContext.connectionStatusChanged.connect(this._onKernel, this);
    panel.content.activeCellChanged.connect(this._emit, this);
    panel.context.pathChanged.connect(this._emit, this);
    panel.context.model.metadataChanged.connect(this._emit, this);
    panel.context.model.contentChanged.connect(this._onContent, this);
    this._compare();
    // Its metadata and kernel come later than the notebook itself.
    void Promise.all([panel.context.ready, panel.sessionContext.ready])
      .catch(() => undefined)
      .then(() => this._emit());
    void panel.context.ready.then(() => this._emit()).catch(() => undefined);
  }

  private _onContent(): void {
    // Nothing was checked yet: nothing can have changed since.
    if (this._panel !== null && this._checked.has(this._panel)) {
      window.clearTimeout(this._look);
      this._look = window.setTimeout(() => this._compare(), REST);
    }
  }

  /** Tells the steps whose code is no longer what was checked, if they are others than before. */
  private _compare(): void {
    const panel = this._panel;
    const known = panel === null ? undefined : this._checked.get(panel);
    if (panel === null || panel.isDisposed || known === undefined) {
      return;
    }
    const cells = planCells(panel.model);
    const edited = [...known]
      .filter(([step, code]) => codeOf(cells, step) !== code)
      .map(([step]) => step);
    if (edited.join() !== this._edited.join()) {
      this._edited = edited;
      this._emit();
    }
  }

  private _onKernel(): void {
    this._emit();
    window.clearTimeout(this._question);
    if (isUntold(this._panel?.sessionContext)) {
      this._question = window.setTimeout(() => this._ask(), SILENCE);
    }
  }

  /**
   * After a kernel's death JupyterLab may stay at "starting" or "unknown": what the new kernel said came before
   * the connection to it. Any question makes it speak again, if it is one whose answer JupyterLab counts
   * (`untracked_message_types` leaves out kernel_info). This one runs no code.
   */
  private _ask(): void {
    const context = this._panel?.sessionContext;
    if (isUntold(context)) {
      // A kernel that ends meanwhile answers nothing; its status says so.
      context?.session?.kernel
        ?.requestIsComplete({ code: '' })
        .catch(() => undefined);
    }
  }

  private _emit(): void {
    const kernel = this._panel?.sessionContext.session?.kernel;
    if (kernel?.connectionStatus === 'connected') {
      this._reached.add(kernel);
    }
    if (!this._isDisposed) {
      this._changed.emit(this.state);
    }
  }
}

function planCells(model: INotebookModel | null): PlanCell[] {
  return Array.from(model?.cells ?? [], cell => ({
    type: cell.type,
    source: cell.sharedModel.getSource(),
    tag: text(cell.getMetadata(METADATA), 'step')
  }));
}

function labOf(panel: NotebookPanel): string | null {
  return text(panel.model?.getMetadata(METADATA), 'lab');
}

function versionOf(model: INotebookModel | null): number | null {
  const metadata = model?.getMetadata(METADATA) as
    { version?: unknown } | undefined | null;
  return typeof metadata?.version === 'number' ? metadata.version : null;
}

/** A text of our metadata, which anybody may have edited. */
function text(metadata: unknown, key: string): string | null {
  const value = (metadata as Record<string, unknown> | undefined | null)?.[key];
  return typeof value === 'string' ? value : null;
}

/** There is a connection, and yet JupyterLab was not told what the kernel does. */
function isUntold(context: ISessionContext | undefined): boolean {
  const kernel = context?.session?.kernel;
  return (
    kernel?.connectionStatus === 'connected' &&
    (kernel.status === 'unknown' || kernel.status === 'starting')
  );
}

const STATUSES: Partial<
  Record<ISessionContext.KernelDisplayStatus, KernelStatus>
> = {
  idle: 'idle',
  connected: 'idle',
  busy: 'busy',
  starting: 'starting',
  initializing: 'starting',
  connecting: 'starting',
  restarting: 'restarting',
  autorestarting: 'restarting',
  dead: 'dead',
  terminating: 'dead',
  disconnected: 'disconnected'
};

/** `reached`: the kernels to which there was a connection before. */
function kernelOf(
  context: ISessionContext,
  reached: WeakSet<object>
): HostKernel | null {
  const shown = context.kernelDisplayStatus;
  const kernel = context.session?.kernel;
  // Who looks for a connection that was there has lost it: that kernel is not starting.
  const lost = shown === 'connecting' && kernel && reached.has(kernel);
  const status = lost ? 'disconnected' : (STATUSES[shown] ?? 'unknown');
  if (kernel) {
    return { id: kernel.id, name: kernel.name, status };
  }
  // One that is about to come has no id yet; one that was shut down is none.
  return status === 'starting' ? { id: '', name: '', status } : null;
}
