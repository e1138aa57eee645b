/** What the plugins share: one store, one view of the notebook in front, the learner's settings. */

import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';
import type { Client, Connect, LabStore } from '../core';
import type { ViewSettings } from '../ui';
import type { NotebookHost } from './host';

export interface ISettings extends ViewSettings {
  /** Show the sidebar when JupyterLab starts. */
  readonly openAtStart: boolean;
  /** Show the lab of a notebook that comes to the front. */
  readonly followNotebook: boolean;
}

export interface IParallab {
  readonly store: LabStore;
  readonly host: NotebookHost;
  readonly client: Client;
  readonly connect: Connect;
  readonly settings: ISettings;
  readonly settingsChanged: ISignal<IParallab, ISettings>;
}

export const IParallab = new Token<IParallab>(
  'parallab:IParallab',
  'The Parallab course: its store, the notebook it follows, and its settings.'
);

/** The sidebar's widget, to be activated by id: in Notebook 7 there is no ILabShell to ask. */
export const PANEL_ID = 'parallab-panel';

export namespace CommandIDs {
  export const open = 'parallab:open';
  export const openLab = 'parallab:open-lab';
  export const check = 'parallab:check';
  export const nextStep = 'parallab:next-step';
  export const resetStep = 'parallab:reset-step';
  export const hint = 'parallab:hint';
  export const switchKernel = 'parallab:switch-kernel';
  export const picture = 'parallab:show-picture';
  export const openFilm = 'parallab:open-film';
}
