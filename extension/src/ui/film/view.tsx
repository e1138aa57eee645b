/**
 * The whole picture: which film, map or timeline or their tables, what is to be read now, and the
 * controls of time. All of them share one player, so that they always show the same moment.
 */

import * as React from 'react';
import type { GoalMoment } from '../../core';
import { Reel, type FilmState, type Player } from '../../core/film';
import { Notice } from '../controls';
import type { Kit } from '../kit';
import { ProblemNotice } from '../problem';
import { Details } from './details';
import type { Found } from './find';
import { useFilm, useMoment, useNow, usePlayer } from './follow';
import { hatchesOf } from './hatch';
import { Head, type Tab } from './head';
import { Legend } from './legend';
import { MapView } from './map';
import { LeftOut, Reading } from './reading';
import { MapTable, TimelineTable } from './tables';
import { Timeline } from './timeline';
import { Transport } from './transport';
import { Words } from './words';
import { useDrawingId } from './zoom';

export interface PictureProps {
  readonly source: FilmState;
  readonly player: Player;
  readonly tab: Tab;
  readonly onTab: (tab: Tab) => void;
  /** What a goal was decided by: shown once, when it is new. */
  readonly moment: GoalMoment | null;
  readonly kit: Kit;
  /** Asks for the film again; of another run of a cell, if one is named. */
  readonly onLoad: (run?: number) => void;
  /** Opens a file that the reader has chosen; without it, none can be chosen. */
  readonly onOpen?: (file: File) => void;
  /** What a step of the lab is called, by its id. */
  readonly stepName?: (step: string) => string;
}

export function Picture(props: PictureProps): React.JSX.Element {
  const { source, kit, onLoad } = props;
  const { trans } = kit;
  const { film, problem, loading } = source;
  const reel = React.useMemo(() => (film ? new Reel(film) : null), [film]);
  const ids = useDrawingId();
  return (
    <div
      className="pl-Picture-content"
      style={hatchesOf(ids)}
      onKeyDown={goToFind}
    >
      {problem ? (
        <ProblemNotice problem={problem} kit={kit} onRetry={() => onLoad()} />
      ) : null}
      {reel === null ? (
        <p className="pl-Empty" role="status">
          {loading
            ? trans.__('Loading…')
            : problem
              ? ''
              : trans.__('There is no film yet.')}
        </p>
      ) : (
        <Shown {...props} reel={reel} ids={ids} />
      )}
    </div>
  );
}

/** The keys with which one looks for something in browsers and their tools. */
function goToFind(event: React.KeyboardEvent<HTMLElement>): void {
  const field =
    event.currentTarget.querySelector<HTMLElement>('.pl-Find input');
  const typed = event.target instanceof HTMLInputElement;
  const slash = event.key === '/' && !typed;
  if (field && (slash || (event.key === 'f' && isCommand(event)))) {
    event.preventDefault();
    event.stopPropagation();
    field.focus();
  }
}

function isCommand(event: React.KeyboardEvent): boolean {
  return (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
}

function Shown(
  props: PictureProps & { readonly reel: Reel; readonly ids: string }
): React.JSX.Element {
  const { reel, player, tab, moment, kit } = props;
  const { trans } = kit;
  const { film } = reel;
  const words = React.useMemo(() => new Words(reel, trans), [reel, trans]);
  const [selected, setSelected] = React.useState<string | null>(null);
  const [asTable, setAsTable] = React.useState(false);
  const picture = React.useRef<SVGSVGElement>(null);
  const body = React.useRef<HTMLDivElement>(null);
  const [found, setFound] = React.useState<Found | null>(null);
  const onFound = React.useCallback(
    (one: Found | null) => {
      setFound(one);
      setSelected(one?.id ?? null);
      if (one !== null) {
        player.pause();
        player.seek(one.at);
      }
    },
    [player]
  );
  // The button that closes the details goes with them: the focus goes back to the picture.
  const close = () => {
    setSelected(null);
    body.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus();
  };
  useFilm(player, reel);
  const state = usePlayer(player);
  const { marked, gone } = useMoment(player, moment, reel, props.onLoad);
  const seek = React.useCallback((time: number) => player.seek(time), [player]);
  // A map changes only where something happens, however smoothly the cursor goes.
  const now = useNow(reel, state.time);
  const nothing = film.lanes.length < 2 && film.objects.length === 0;
  return (
    <>
      <Head
        reel={reel}
        words={words}
        empty={nothing}
        onFound={onFound}
        tab={tab}
        onTab={props.onTab}
        asTable={asTable}
        onTable={setAsTable}
        onLoad={props.onLoad}
        onOpen={props.onOpen}
        stepName={props.stepName}
        picture={picture}
        kit={kit}
      />
      {gone ? (
        <Notice tone="info" title={trans.__('That moment is gone')}>
          <p>
            {trans.__(
              'The kernel was restarted since. Run the step’s cells again and check again; this is what the kernel did since then.'
            )}
          </p>
        </Notice>
      ) : null}
      {nothing && !film.stuck ? null : (
        <Reading
          words={words}
          now={now}
          playing={state.playing}
          stuck={film.stuck === true && state.time >= film.end}
          kit={kit}
        />
      )}
      {nothing ? (
        <p className="pl-Empty" role="status">
          {trans.__(
            'No process or thread was started yet. Run a cell that starts some, then look again.'
          )}
        </p>
      ) : (
        <div className="pl-Picture-body" ref={body}>
          {asTable ? (
            tab === 'map' ? (
              <MapTable now={now} words={words} kit={kit} />
            ) : (
              <TimelineTable
                reel={reel}
                time={state.time}
                words={words}
                kit={kit}
                onSeek={seek}
              />
            )
          ) : tab === 'map' ? (
            <MapView
              reel={reel}
              now={now}
              words={words}
              selected={selected}
              marked={marked}
              onSelect={setSelected}
              kit={kit}
              pictureRef={picture}
            />
          ) : (
            <Timeline
              reel={reel}
              time={state.time}
              playing={state.playing}
              words={words}
              selected={selected}
              marked={marked}
              found={found}
              onSelect={setSelected}
              onSeek={seek}
              kit={kit}
              pictureRef={picture}
              ids={props.ids}
            />
          )}
          {selected !== null ? (
            <Details
              id={selected}
              reel={reel}
              now={now}
              words={words}
              kit={kit}
              onClose={close}
            />
          ) : null}
        </div>
      )}
      {nothing ? null : (
        <Transport player={player} state={state} words={words} kit={kit} />
      )}
      {asTable || nothing ? null : <Legend tab={tab} film={film} kit={kit} />}
      <LeftOut film={film} kit={kit} />
    </>
  );
}
