/** The pictures in the main area: map, timeline and replay, of the kernel in front or of a saved film. */

import {
  ILabShell,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { MainAreaWidget } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { SplitPanel, TabPanel, type Widget } from '@lumino/widgets';
import { labOf, type GoalMoment, type PictureView } from '../../core';
import { parallabIcon } from '../icon';
import { PictureWidget, type PictureOptions } from '../picture';
import { CommandIDs, IParallab } from '../tokens';

/** Half of the window for it: what lies below the notebook has no height at first. */
function halve(widget: Widget): void {
  for (let above = widget.parent; above !== null; above = above.parent) {
    if (above instanceof SplitPanel && above.orientation === 'vertical') {
      above.setRelativeSizes([1, 1]);
      return;
    }
  }
}

/** To the front of the tabs below the notebook: there, activating alone leaves the one before in front. */
function bringForward(widget: Widget): void {
  const tabs = widget.parent?.parent;
  if (tabs instanceof TabPanel) {
    tabs.currentWidget = widget;
  }
}

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'parallab:picture',
  description: 'The map, the timeline and the replay of what a kernel did.',
  autoStart: true,
  requires: [IParallab],
  optional: [ITranslator, ILabShell],
  activate: (
    app: JupyterFrontEnd,
    parallab: IParallab,
    translator: ITranslator | null,
    labShell: ILabShell | null
  ): void => {
    const { commands, shell } = app;
    const { client, connect, store } = parallab;
    const trans = (translator ?? nullTranslator).load('parallab');
    const language = (translator ?? nullTranslator).languageCode;
    const open = new Set<MainAreaWidget<PictureWidget>>();
    let made = 0;

    const show = (widget: Widget): void => {
      shell.activateById(widget.id);
      bringForward(widget);
    };

    const add = (options: PictureOptions): MainAreaWidget<PictureWidget> => {
      const content = new PictureWidget(
        client,
        connect,
        { trans, html: () => null, language },
        options
      );
      const widget = new MainAreaWidget({ content });
      widget.id = `parallab-picture-${++made}`;
      // It has no buttons, and yet keeps some pixels until a theme changes.
      widget.toolbar.hide();
      const other = [...open].find(one => one.isAttached);
      open.add(widget);
      widget.disposed.connect(() => open.delete(widget));
      if (labShell) {
        // Beside the notebook there is room for one more: the second picture is a tab with the first.
        labShell.add(
          widget,
          'main',
          other ? { mode: 'tab-after', ref: other.id } : { mode: 'split-right' }
        );
      } else {
        // Notebook 7 has one document in its main area; below it there is room.
        shell.add(widget, 'down');
        show(widget);
        halve(widget);
      }
      return widget;
    };

    /** As the sidebar calls them, once the lab is known. */
    const stepNames = (lab: string) => (step: string) => {
      const steps = store.state.labs[lab]?.steps ?? [];
      const at = steps.findIndex(one => one.id === step);
      return at < 0
        ? step
        : trans.__('%1. %2', String(at + 1), steps[at]?.title ?? step);
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
            stepName: stepNames(notebook?.lab ?? ''),
            tab: view
          });
        widget.content.turnTo(view, moment);
        show(widget);
      }
    });

    commands.addCommand(CommandIDs.watch, {
      label: trans.__('Watch How It Should Go'),
      caption: trans.__('Play a run of the lab’s own solution, with captions'),
      icon: parallabIcon,
      isEnabled: args =>
        typeof args.lab === 'string' || Boolean(labOf(store.state)?.watch),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            lab: {
              type: 'string',
              description: 'The id of the lab; the one shown if not given'
            }
          }
        }
      },
      execute: args => {
        const lab = typeof args.lab === 'string' ? args.lab : store.state.labId;
        if (lab !== null) {
          const title = trans.__('How %1 should go', lab);
          const widget =
            [...open].find(one => one.content.lab === lab) ??
            add({ kernel: null, lab, title, tab: 'map' });
          show(widget);
        }
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
            show(widget);
          }
        };
        input.click();
      }
    });

    // Toolbar buttons and menus ask again only when told to.
    let before = '';
    store.changed.listen(state => {
      const { kernel, notebook } = state.host;
      const watch = labOf(state)?.watch;
      const now = `${kernel?.id} ${notebook?.lab} ${state.labId} ${watch}`;
      if (now !== before) {
        before = now;
        commands.notifyCommandChanged(CommandIDs.picture);
        commands.notifyCommandChanged(CommandIDs.watch);
      }
    });
  }
};

export default plugin;
