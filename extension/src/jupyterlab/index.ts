import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'parallab:plugin',
  description: 'The Parallab course.',
  autoStart: true,
  activate: (_app: JupyterFrontEnd) => undefined
};

export default plugin;
