/** The card in the launcher. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ILauncher } from '@jupyterlab/launcher';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { CommandIDs } from '../tokens';

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'parallab:launcher',
  description: 'The Parallab card in the launcher.',
  autoStart: true,
  // Optional, since Notebook 7 has no launcher.
  optional: [ILauncher, ITranslator],
  activate: (
    _app: JupyterFrontEnd,
    launcher: ILauncher | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('parallab');
    launcher?.add({
      command: CommandIDs.open,
      args: { view: 'course' },
      category: trans.__('Parallab'),
      rank: 0
    });
  }
};

export default plugin;
