/** "L04 3/7" in the status bar, while the notebook in front is that of a lab. */

import { ReactWidget } from '@jupyterlab/ui-components';
import { Signal, type ISignal } from '@lumino/signaling';
import * as React from 'react';
import { countSteps, type LabStore } from '../core';
import type { Trans } from '../ui';

export class StatusItem extends ReactWidget {
  private readonly _activeChanged = new Signal<this, void>(this);
  private readonly _leave: () => void;
  private _text: string | null = null;

  constructor(
    private readonly _store: LabStore,
    private readonly _trans: Trans,
    private readonly _open: () => void
  ) {
    super();
    this._leave = _store.changed.listen(() => this._look());
    this._look();
  }

  get activeChanged(): ISignal<this, void> {
    return this._activeChanged;
  }

  get isActive(): boolean {
    return this._text !== null;
  }

  override dispose(): void {
    this._leave();
    Signal.clearData(this);
    super.dispose();
  }

  protected override render(): React.JSX.Element | null {
    return this._text === null ? null : (
      <button
        type="button"
        className="pl-StatusItem"
        title={this._trans.__('Parallab: steps passed in this lab')}
        onClick={this._open}
      >
        {this._text}
      </button>
    );
  }

  /** The store changes often, this text seldom. */
  private _look(): void {
    const { host, labs } = this._store.state;
    const id = host.notebook?.lab ?? null;
    const lab = id === null ? undefined : labs[id];
    const count = lab && countSteps(lab);
    const text = count ? `${id} ${count.passed}/${count.of}` : null;
    if (text !== this._text) {
      this._text = text;
      this._activeChanged.emit();
      this.update();
    }
  }
}
