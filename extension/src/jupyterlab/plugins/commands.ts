/** The commands, in the palette; schema/commands.json puts them into menu, toolbar and shortcuts. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, InputDialog } from '@jupyterlab/apputils';
import {
  ITranslator,
  nullTranslator,
  type TranslationBundle
} from '@jupyterlab/translation';
import { isCheckable, labOf, type LabStore } from '../../core';
import { parallabIcon } from '../icon';
import { showPanel } from '../show';
import { CommandIDs, IParallab } from '../tokens';

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'parallab:commands',
  description: 'The commands of the Parallab course.',
  autoStart: true,
  requires: [IParallab],
  optional: [ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    parallab: IParallab,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ): void => {
    const { commands, shell } = app;
    const { store } = parallab;
    const trans = (translator ?? nullTranslator).load('parallab');
    const show = () => showPanel(shell);

    commands.addCommand(CommandIDs.open, {
      label: trans.__('Parallab'),
      caption: trans.__(
        'Learn Python concurrency: the labs, your steps, and the verdicts'
      ),
      icon: parallabIcon,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            view: {
              type: 'string',
              enum: ['course', 'lab'],
              description: 'What to show; what was shown last if not given'
            }
          }
        }
      },
      execute: args => {
        show();
        const lab = store.state.host.notebook?.lab ?? store.state.labId;
        if (args.view === 'course') {
          store.showCourse();
        } else if (args.view === 'lab' && lab !== null) {
          void store.showLab(lab);
        }
      }
    });

    commands.addCommand(CommandIDs.openLab, {
      label: trans.__('Open a Lab…'),
      caption: trans.__("Open a lab's notebook and its steps"),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            lab: {
              type: 'string',
              description: 'The id of the lab, as L04; asked for if not given'
            }
          }
        }
      },
      execute: async args => {
        const lab =
          typeof args.lab === 'string' ? args.lab : await askLab(store, trans);
        if (lab !== null) {
          show();
          await store.openLab(lab);
        }
      }
    });

    commands.addCommand(CommandIDs.check, {
      label: trans.__('Check My Work'),
      caption: trans.__(
        'Look at what the kernel really did, and say which goals of this step are met'
      ),
      // No icon: beside one, the toolbar would leave the words out.
      // In the toolbar of anybody's own notebook it would be out of place.
      isVisible: args => !args.toolbar || hasLab(store),
      isEnabled: () => hasLab(store),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            step: {
              type: 'string',
              description:
                'The id of the step; if not given, that of the active cell, else the open one'
            },
            toolbar: {
              type: 'boolean',
              description: 'Whether the command stands in a toolbar'
            }
          }
        }
      },
      execute: async args => {
        const id = store.state.host.notebook?.lab;
        if (!id) {
          return;
        }
        show();
        if (store.state.labId !== id || store.state.view !== 'lab') {
          await store.showLab(id);
        }
        const step = stepFor(store, args.step);
        if (step !== null) {
          store.openStep(step, false);
          const lab = labOf(store.state);
          if (isCheckable(lab?.steps.find(one => one.id === step))) {
            await store.check(step);
          }
        }
      }
    });

    commands.addCommand(CommandIDs.nextStep, {
      label: trans.__('Go to the Next Step'),
      caption: trans.__('Open the next step that is still to be done'),
      isEnabled: () => labOf(store.state) !== null,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => {
        show();
        store.openNext();
      }
    });

    commands.addCommand(CommandIDs.resetStep, {
      label: trans.__('Reset This Step'),
      caption: trans.__(
        "Put the open step's starter cells back; your own text is kept for Undo"
      ),
      isEnabled: () => hasLab(store) && store.state.openStep !== null,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: async () => {
        const step = store.state.openStep;
        if (step !== null) {
          show();
          await store.reset(step);
        }
      }
    });

    commands.addCommand(CommandIDs.hint, {
      label: trans.__('Give Me a Hint'),
      caption: trans.__('Show the next hint of the open step'),
      isEnabled: () => store.nextHint() !== null,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: async () => {
        const next = store.nextHint();
        if (next !== null) {
          show();
          await store.hint(next.step, next.level);
        }
      }
    });

    commands.addCommand(CommandIDs.switchKernel, {
      label: trans.__("Switch to Parallab's Kernel"),
      caption: trans.__('Start a kernel that Parallab can watch'),
      isEnabled: () => store.state.host.notebook !== null,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => store.switchKernel()
    });

    // Toolbar buttons and menus ask again only when told to.
    let before = '';
    store.changed.listen(({ host, openStep, labId }) => {
      const now = JSON.stringify([host.notebook?.lab, openStep, labId]);
      if (now !== before) {
        before = now;
        commands.notifyCommandChanged(CommandIDs.check);
        commands.notifyCommandChanged(CommandIDs.resetStep);
        commands.notifyCommandChanged(CommandIDs.nextStep);
        commands.notifyCommandChanged(CommandIDs.hint);
      }
    });

    for (const command of Object.values(CommandIDs)) {
      // Those of the pictures too, which are another plugin's.
      palette?.addItem({ command, category: trans.__('Parallab') });
    }
  }
};

/** The notebook in front is that of a lab. */
function hasLab(store: LabStore): boolean {
  return Boolean(store.state.host.notebook?.lab);
}

function stepFor(store: LabStore, asked: unknown): string | null {
  const { host, openStep } = store.state;
  return typeof asked === 'string'
    ? asked
    : (host.notebook?.activeStep ?? openStep);
}

async function askLab(
  store: LabStore,
  trans: TranslationBundle
): Promise<string | null> {
  if (store.state.course === null) {
    await store.refresh();
  }
  const labs = store.state.course?.labs ?? [];
  const title = (lab: { id: string; title: string }) =>
    `${lab.id} ${lab.title}`;
  const { value } = await InputDialog.getItem({
    title: trans.__('Open a lab'),
    items: labs.map(title)
  });
  return labs.find(lab => title(lab) === value)?.id ?? null;
}

export default plugin;
