/** The pictures in the main area: map, timeline and replay, of the kernel in front or of a saved film. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { MainAreaWidget } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { GoalMoment, PictureView } from '../../core';
import { parallabIcon } from '../icon';
import { PictureWidget, type PictureOptions } from '../picture';
import { CommandIDs, IParallab } from '../tokens';

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'parallab:picture',
  description: 'The map, the timeline and the replay of what a kernel did.',
  autoStart: true,
  requires: [IParallab],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    parallab: IParallab,
    translator: ITranslator | null
  ): void => {
    const { commands, shell } = app;
    const { client, connect, store } = parallab;
    const trans = (translator ?? nullTranslator).load('parallab');
    const open = new Set<MainAreaWidget<PictureWidget>>();
    let made = 0;

    const add = (options: PictureOptions): MainAreaWidget<PictureWidget> => {
      const content = new PictureWidget(
        client,
        connect,
        { trans, html: () => null },
        options
      );
      const widget = new MainAreaWidget({ content });
      widget.id = `parallab-picture-${++made}`;
      open.add(widget);
      widget.disposed.connect(() => open.delete(widget));
      // Beside the notebook, where there is room for both.
      shell.add(widget, 'main', { mode: 'split-right' });
      return widget;
    };

    commands.addCommand(CommandIDs.picture, {
      label: trans.__('Show the Picture'),
      caption: trans.__(
        'Map and timeline of what your processes and threads do, and did'
      ),
      icon: args => (args.toolbar ? undefined : parallabIcon),
      isVisible: args =>
        !args.toolbar || Boolean(store.state.host.notebook?.lab),
      isEnabled: () => store.state.host.kernel !== null,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            view: {
              type: 'string',
              enum: ['map', 'timeline'],
              description: 'What to show first; the map if not given'
            },
            moment: {
              type: ['object', 'null'],
              description: 'When, and whom to look at; the end if not given'
            },
            toolbar: {
              type: 'boolean',
              description: 'Whether the command stands in a toolbar'
            }
          }
        }
      },
      execute: args => {
        const { kernel, notebook } = store.state.host;
        if (kernel === null) {
          return;
        }
        const view: PictureView = args.view === 'timeline' ? 'timeline' : 'map';
        const moment = (args.moment ?? null) as GoalMoment | null;
        const name = notebook?.path.split('/').pop() ?? '';
        const widget =
          [...open].find(one => one.content.kernel === kernel.id) ??
          add({
            kernel: kernel.id,
            title: trans.__('Picture of %1', name),
            tab: view
          });
        widget.content.turnTo(view, moment);
        shell.activateById(widget.id);
      }
    });

    commands.addCommand(CommandIDs.openFilm, {
      label: trans.__('Open a Film…'),
      caption: trans.__('Open a film that was saved from a picture'),
      icon: parallabIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => {
        const input = document.createElement('input');
        input.type = 'file';
        input.accept = '.json,application/json';
        input.onchange = () => {
          const file = input.files?.[0];
          if (file) {
            const widget = add({
              kernel: null,
              file,
              title: file.name,
              tab: 'map'
            });
            shell.activateById(widget.id);
          }
        };
        input.click();
      }
    });

    // Toolbar buttons and menus ask again only when told to.
    let before = '';
    store.changed.listen(({ host }) => {
      const now = `${host.kernel?.id} ${host.notebook?.lab}`;
      if (now !== before) {
        before = now;
        commands.notifyCommandChanged(CommandIDs.picture);
      }
    });
  }
};

export default plugin;
