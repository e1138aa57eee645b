/**
 * The sidebar's widget: loads the views at first sight, and draws the store's state while it can
 * be seen, and only then.
 */

import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import * as React from 'react';
import type * as Views from '../ui';
import { parallabIcon } from './icon';
import { PANEL_ID, type IParallab } from './tokens';

export class PanelWidget extends ReactWidget {
  private _views: typeof Views | null = null;
  private _actions: Views.Actions | null = null;
  private _leave: (() => void) | null = null;
  private _asked = false;

  constructor(
    private readonly _parallab: IParallab,
    private readonly _kit: Views.Kit
  ) {
    super();
    this.id = PANEL_ID;
    this.addClass('pl-Panel');
    this.title.icon = parallabIcon;
    this.title.caption = _kit.trans.__('Parallab: the course in concurrency');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', _kit.trans.__('Parallab'));
    _parallab.settingsChanged.connect(this.update, this);
  }

  override dispose(): void {
    this._stop();
    this._parallab.settingsChanged.disconnect(this.update, this);
    super.dispose();
  }

  protected override render(): React.JSX.Element | null {
    const { store, settings } = this._parallab;
    if (this._views === null || this._actions === null) {
      return null;
    }
    const { Panel } = this._views;
    return (
      <Panel
        state={store.state}
        settings={settings}
        actions={this._actions}
        kit={this._kit}
      />
    );
  }

  protected override onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this._start();
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    if (this.isVisible) {
      this._start();
    }
  }

  protected override onAfterHide(msg: Message): void {
    super.onAfterHide(msg);
    this._stop();
  }

  protected override onBeforeDetach(msg: Message): void {
    super.onBeforeDetach(msg);
    this._stop();
  }

  private _start(): void {
    const { store } = this._parallab;
    this._leave ??= store.changed.listen(() => this.update());
    store.setShown(true);
    // The first sight asks for the course; a later one asks again only after a failure.
    if (!this._asked || store.state.problem !== null) {
      this._asked = true;
      void store.refresh();
    }
    void this._draw();
  }

  private async _draw(): Promise<void> {
    this._views ??= await import('../ui');
    this._actions ??= this._views.actionsOf(this._parallab.store);
    this.update();
  }

  private _stop(): void {
    this._parallab.store.setShown(false);
    this._leave?.();
    this._leave = null;
  }
}
