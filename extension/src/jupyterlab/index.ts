/** Parallab in JupyterLab and Notebook 7: the plugins. */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import commands from './plugins/commands';
import course from './plugins/course';
import launcher from './plugins/launcher';
import panel from './plugins/panel';
import picture from './plugins/picture';
import status from './plugins/status';
import type { IParallab } from './tokens';

const plugins: (
  JupyterFrontEndPlugin<void> | JupyterFrontEndPlugin<IParallab>
)[] = [course, panel, commands, picture, launcher, status];

export default plugins;
