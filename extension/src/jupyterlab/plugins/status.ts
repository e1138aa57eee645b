/** The status bar's item. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { StatusItem } from '../status';
import { CommandIDs, IParallab } from '../tokens';

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'parallab:status',
  description: "The lab's progress in the status bar.",
  autoStart: true,
  requires: [IParallab],
  // Optional, since Notebook 7 has no status bar.
  optional: [IStatusBar, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    parallab: IParallab,
    statusBar: IStatusBar | null,
    translator: ITranslator | null
  ): void => {
    if (!statusBar) {
      return;
    }
    const trans = (translator ?? nullTranslator).load('parallab');
    const item = new StatusItem(parallab.store, trans, () => {
      void app.commands.execute(CommandIDs.open, { view: 'lab' });
    });
    statusBar.registerStatusItem(plugin.id, {
      item,
      align: 'left',
      rank: 90,
      isActive: () => item.isActive,
      activeStateChanged: item.activeChanged
    });
  }
};

export default plugin;
