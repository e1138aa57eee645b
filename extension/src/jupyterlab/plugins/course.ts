/** The store, fed by the notebook in front, by the server's events, and by the settings. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { PageConfig } from '@jupyterlab/coreutils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import {
  Client,
  LAB_EVENT,
  LabStore,
  PROGRESS_EVENT,
  STALE_EVENT,
  type Connect,
  type LabEvent,
  type ProgressEvent,
  type StaleEvent
} from '../../core';
import { NotebookHost } from '../host';
import { connectThrough, fetchThrough } from '../request';
import { translatedSchema } from '../schema';
import { showPanel } from '../show';
import { IParallab, type ISettings } from '../tokens';

/** `parallab lab` asks for an open sidebar by this option of the page; what the learner has set comes first. */
const OPEN_SIDEBAR = 'parallabOpenSidebar';

/** As in schema/course.json. */
const DEFAULTS: ISettings = {
  openAtStart: false,
  followNotebook: true,
  foldHints: false
};

class Parallab implements IParallab {
  readonly settingsChanged = new Signal<this, ISettings>(this);
  private _settings = DEFAULTS;

  constructor(
    readonly store: LabStore,
    readonly host: NotebookHost,
    readonly client: Client,
    readonly connect: Connect
  ) {}

  get settings(): ISettings {
    return this._settings;
  }

  read(settings: ISettingRegistry.ISettings): void {
    const on = (key: keyof ISettings) =>
      (settings.get(key).composite as boolean | undefined) ?? DEFAULTS[key];
    this._settings = {
      openAtStart: on('openAtStart'),
      followNotebook: on('followNotebook'),
      foldHints: on('foldHints')
    };
    this.settingsChanged.emit(this._settings);
  }
}

const plugin: JupyterFrontEndPlugin<IParallab> = {
  id: 'parallab:course',
  description: "The Parallab course: the learner's labs, steps and verdicts.",
  autoStart: true,
  provides: IParallab,
  optional: [INotebookTracker, ISettingRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker | null,
    registry: ISettingRegistry | null,
    translator: ITranslator | null
  ): IParallab => {
    const { serverSettings, events } = app.serviceManager;
    const host = new NotebookHost(app.commands, tracker);
    const language = (translator ?? nullTranslator).languageCode;
    const client = new Client(fetchThrough(serverSettings, language));
    const connect = connectThrough(serverSettings, language);
    const store = new LabStore(client, host, connect, language);
    const parallab = new Parallab(store, host, client, connect);

    const tell = () =>
      store.setHost(host.state, parallab.settings.followNotebook);
    host.changed.connect(tell);
    tell();

    const see = () => store.setPageShown(!document.hidden);
    document.addEventListener('visibilitychange', see);
    see();

    events.stream.connect((_, event) => {
      if (event.schema_id === PROGRESS_EVENT) {
        store.onProgress(event as unknown as ProgressEvent);
      } else if (event.schema_id === LAB_EVENT) {
        store.onLab(event as unknown as LabEvent);
      } else if (event.schema_id === STALE_EVENT) {
        store.onStale(event as unknown as StaleEvent);
      }
    });

    if (registry) {
      // JupyterLab has the schemas translated that lie in its own language packs, and no others.
      const trans = (translator ?? nullTranslator).load('parallab');
      registry.transform(plugin.id, {
        fetch: found => ({
          ...found,
          schema: translatedSchema(found.schema, trans)
        })
      });
      Promise.all([registry.load(plugin.id), app.restored])
        .then(([settings]) => {
          settings.changed.connect(() => parallab.read(settings));
          parallab.read(settings);
          const asked =
            settings.user.openAtStart === undefined &&
            PageConfig.getOption(OPEN_SIDEBAR) === 'true';
          if (parallab.settings.openAtStart || asked) {
            showPanel(app.shell);
          }
        })
        .catch((reason: unknown) => {
          console.error("Parallab's settings could not be read.", reason);
        });
    }
    return parallab;
  }
};

export default plugin;
