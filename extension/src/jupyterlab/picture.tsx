/**
 * The picture's widget in the main area: loads the views at first sight, and is told of a kernel's
 * film while it can be seen. Hidden, it does nothing.
 */

import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import * as React from 'react';
import {
  LiveLink,
  type Client,
  type Connect,
  type Film,
  type GoalMoment
} from '../core';
import type * as Films from '../core/film';
import type * as Views from '../ui/film';
import type { Kit } from '../ui';
import { parallabIcon } from './icon';

/** What a picture is opened with. */
export interface PictureOptions {
  /** The kernel whose film it is; null for a film of a file or a lab. */
  readonly kernel: string | null;
  /** The film, where it is no kernel's: a file, or the replay of the lab with this id. */
  readonly file?: File;
  readonly lab?: string;
  readonly title: string;
  /** What the sidebar calls a step of the notebook's lab. */
  readonly stepName?: (step: string) => string;
  readonly tab: Views.Tab;
}

export class PictureWidget extends ReactWidget {
  private _views: typeof Views | null = null;
  private _films: typeof Films | null = null;
  private _player: Films.Player | null = null;
  private _source: Films.FilmSource | null = null;
  private _tab: Views.Tab;
  private _moment: GoalMoment | null = null;
  /** Takes a film that comes unasked; null while none is wanted. */
  private _take: ((film: Film) => void) | null = null;
  private _stale = true;
  private readonly _link: LiveLink;
  private readonly _see = () => this._follow();

  constructor(
    private readonly _client: Client,
    connect: Connect,
    private readonly _kit: Kit,
    private readonly _options: PictureOptions
  ) {
    super();
    this._tab = _options.tab;
    this._link = new LiveLink(
      connect,
      ({ film }) => film && this._take?.(film),
      () => undefined
    );
    document.addEventListener('visibilitychange', this._see);
    this.addClass('pl-Picture');
    this.title.icon = parallabIcon;
    this.title.label = _options.title;
    this.title.caption = _kit.trans.__('What your processes and threads do');
    this.title.closable = true;
  }

  get kernel(): string | null {
    return this._options.kernel;
  }

  /** The lab whose replay it is. */
  get lab(): string | null {
    return this._options.lab ?? null;
  }

  override dispose(): void {
    document.removeEventListener('visibilitychange', this._see);
    this._link.dispose();
    this._player?.dispose();
    this._source?.dispose();
    super.dispose();
  }

  /** Shows one of the views; at a moment, if one is given. */
  turnTo(tab: Views.Tab, moment: GoalMoment | null): void {
    this._tab = tab;
    this._moment = moment;
    if (moment !== null) {
      this._stale = true;
    }
    this._look();
    this.update();
  }

  protected override render(): React.JSX.Element | null {
    if (!this._views || !this._player || !this._source) {
      return null;
    }
    const { Picture } = this._views;
    return (
      <Picture
        source={this._source.state}
        player={this._player}
        tab={this._tab}
        onTab={tab => {
          this._tab = tab;
          this.update();
        }}
        moment={this._moment}
        kit={this._kit}
        onLoad={run => void this._source?.load(run)}
        onOpen={file => void this._open(file)}
        stepName={this._options.stepName}
      />
    );
  }

  protected override onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this._look();
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this._look();
  }

  protected override onAfterHide(msg: Message): void {
    super.onAfterHide(msg);
    this._player?.pause();
    this._follow();
  }

  protected override onBeforeDetach(msg: Message): void {
    super.onBeforeDetach(msg);
    this._link.look(null);
  }

  /** The kernel's film is told of while page and picture can be seen, and it is the kernel's that is shown. */
  private _follow(): void {
    const { kernel } = this._options;
    const sees = this.isVisible && !document.hidden && this._take !== null;
    this._link.look(
      sees && kernel !== null
        ? { kernel, want: { state: false, film: true } }
        : null
    );
  }

  /** Loads what is missing or old, while it can be seen. */
  private _look(): void {
    this._follow();
    if (this.isVisible && this._stale) {
      this._stale = false;
      void this._draw();
    }
  }

  private async _draw(): Promise<void> {
    const [views, films] = await Promise.all([
      import('../ui/film'),
      import('../core/film')
    ]);
    this._views = views;
    this._films = films;
    this._player ??= new films.Player(views.FRAMES);
    if (this._source === null) {
      this._from(this._first(films));
    }
    this.update();
    await this._source?.load();
  }

  private _first(films: typeof Films): Films.FilmSource {
    const { kernel, file, lab } = this._options;
    if (kernel !== null) {
      const source = new films.KernelFilm(this._client, kernel);
      this._take = film => source.take(film);
      return source;
    }
    return new films.SavedFilm(async () =>
      lab !== undefined
        ? this._client.replay(lab)
        : file
          ? readFilm(file, films, this._kit)
          : null
    );
  }

  private _from(source: Films.FilmSource): void {
    this._source?.dispose();
    this._source = source;
    this._follow();
    source.changed.listen(() => this.update());
  }

  /** A film that was saved takes the place of what is shown. */
  private async _open(file: File): Promise<void> {
    const films = this._films;
    if (films === null) {
      return;
    }
    this._moment = null;
    this._take = null;
    this._from(new films.SavedFilm(() => readFilm(file, films, this._kit)));
    this.title.label = file.name;
    await this._source?.load();
  }
}

/** A file of the learner's as a film; a sentence that says what to do when it is none. */
async function readFilm(
  file: File,
  films: typeof Films,
  kit: Kit
): Promise<Films.FilmState['film']> {
  const text = file.size <= films.LARGEST_FILE ? await file.text() : '';
  const film = films.filmOf(text);
  if (film === null) {
    throw new Error(
      kit.trans.__(
        '“%1” is no film of Parallab. Open one that was saved with “Save the film”.',
        file.name
      )
    );
  }
  return film;
}
