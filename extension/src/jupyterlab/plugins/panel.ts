/** The sidebar. */

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ISanitizer } from '@jupyterlab/apputils';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { htmlWith } from '../html';
import { PanelWidget } from '../panel';
import { IParallab, PANEL_ID } from '../tokens';

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'parallab:panel',
  description: 'The Parallab sidebar.',
  autoStart: true,
  requires: [IParallab],
  optional: [ILayoutRestorer, ISanitizer, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    parallab: IParallab,
    restorer: ILayoutRestorer | null,
    sanitizer: IRenderMime.ISanitizer | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('parallab');
    const html = htmlWith(sanitizer ?? undefined);
    const language = (translator ?? nullTranslator).languageCode;
    const panel = new PanelWidget(parallab, { trans, html, language });
    app.shell.add(panel, 'left', { rank: 650, type: 'Parallab' });
    restorer?.add(panel, PANEL_ID);
  }
};

export default plugin;
