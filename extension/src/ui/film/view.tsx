/**
 * The whole picture: which film, map or timeline or their tables, what is to be read now, and the
 * controls of time. All of them share one player, so that they always show the same moment.
 */

import * as React from 'react';
import type { Film, FilmMark, GoalMoment } from '../../core';
import {
  Reel,
  type FilmState,
  type Moment,
  type Player
} from '../../core/film';
import { Button, Notice } from '../controls';
import type { Kit } from '../kit';
import { ProblemNotice } from '../problem';
import { Details } from './details';
import { MapView } from './map';
import { download, pngOf, svgText } from './picture';
import { ActShape } from './shapes';
import { MapTable, TimelineTable } from './tables';
import { Timeline } from './timeline';
import { Transport } from './transport';
import { actText, Words } from './words';

export type Tab = 'map' | 'timeline';

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
}

/** Two films of one life of a kernel say the same beginning, but for the clocks’ steps, in seconds. */
const SAME_LIFE_S = 1;
const NOBODY: ReadonlySet<string> = new Set();

export function Picture(props: PictureProps): React.JSX.Element {
  const { source, player, kit, onLoad } = props;
  const { trans } = kit;
  const { film, problem, loading } = source;
  const reel = React.useMemo(() => (film ? new Reel(film) : null), [film]);
  return (
    <div className="pl-Picture-content">
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
        <Shown {...props} reel={reel} player={player} />
      )}
    </div>
  );
}

function Shown(
  props: PictureProps & { readonly reel: Reel }
): React.JSX.Element {
  const { reel, player, tab, moment, kit } = props;
  const { trans } = kit;
  const { film } = reel;
  const words = React.useMemo(() => new Words(reel, trans), [reel, trans]);
  const [selected, setSelected] = React.useState<string | null>(null);
  const [asTable, setAsTable] = React.useState(false);
  const picture = React.useRef<SVGSVGElement>(null);
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
        {...props}
        asTable={asTable}
        onTable={setAsTable}
        picture={picture}
        words={words}
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
      <Reading
        words={words}
        now={now}
        playing={state.playing}
        stuck={film.stuck === true && state.time >= film.end}
        kit={kit}
      />
      {nothing ? (
        <p className="pl-Empty">
          {trans.__(
            'No process or thread was started yet. Run a cell that starts some, then look again.'
          )}
        </p>
      ) : (
        <div className="pl-Picture-body">
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
              words={words}
              selected={selected}
              marked={marked}
              onSelect={setSelected}
              onSeek={seek}
              kit={kit}
              pictureRef={picture}
            />
          )}
          {selected !== null ? (
            <Details
              id={selected}
              reel={reel}
              now={now}
              words={words}
              kit={kit}
              onClose={() => setSelected(null)}
            />
          ) : null}
        </div>
      )}
      <Transport player={player} state={state} words={words} kit={kit} />
      {asTable || nothing ? null : <Legend tab={tab} film={film} kit={kit} />}
      <LeftOut film={film} kit={kit} />
    </>
  );
}

interface HeadProps extends PictureProps {
  readonly reel: Reel;
  readonly words: Words;
  readonly asTable: boolean;
  readonly onTable: (on: boolean) => void;
  readonly picture: React.RefObject<SVGSVGElement>;
}

// What time does not change is not drawn anew in each frame.
const Head = React.memo(HeadRow);
const Legend = React.memo(LegendLine);
const LeftOut = React.memo(LeftOutNote);

function HeadRow(props: HeadProps): React.JSX.Element {
  const { reel, tab, onTab, onLoad, onOpen, kit, asTable } = props;
  const { trans } = kit;
  const { film } = reel;
  const file = React.useRef<HTMLInputElement>(null);
  const run = React.useId();
  const runs = film.cells.filter(
    cell => cell.lanes > 0 || cell.run === film.run
  );
  const name = (film.title || 'parallab').replace(/[^\p{L}\p{N}]+/gu, '-');
  const [failed, setFailed] = React.useState('');
  const save = (kind: 'film' | 'svg' | 'png') => {
    setFailed('');
    const drawn = props.picture.current;
    if (kind === 'film') {
      const text = JSON.stringify(film);
      download(
        new Blob([text], { type: 'application/json' }),
        `${name}.film.json`
      );
    } else if (drawn && kind === 'svg') {
      download(
        new Blob([svgText(drawn)], { type: 'image/svg+xml' }),
        `${name}-${tab}.svg`
      );
    } else if (drawn) {
      pngOf(drawn).then(
        blob => download(blob, `${name}-${tab}.png`),
        (error: unknown) =>
          setFailed(error instanceof Error ? error.message : String(error))
      );
    }
  };
  return (
    <div className="pl-Picture-head">
      <div
        role="group"
        aria-label={trans.__('What to show')}
        className="pl-Tabs"
      >
        {(['map', 'timeline'] as const).map(one => (
          <button
            key={one}
            type="button"
            className="pl-Button pl-Tab"
            aria-pressed={tab === one}
            onClick={() => onTab(one)}
          >
            {one === 'map' ? trans.__('Map') : trans.__('Timeline')}
          </button>
        ))}
        <button
          type="button"
          className="pl-Button pl-Tab"
          aria-pressed={asTable}
          onClick={() => props.onTable(!asTable)}
        >
          {trans.__('As a table')}
        </button>
      </div>
      {film.kernel_id && runs.length > 0 ? (
        <label htmlFor={run} className="pl-Picture-run">
          {trans.__('Which run')}
          <select
            id={run}
            value={String(film.run)}
            onChange={event => onLoad(Number(event.target.value))}
          >
            {runs.map(cell => (
              <option key={cell.run} value={String(cell.run)}>
                {cell.step
                  ? trans.__('Cell [%1], %2', String(cell.number), cell.step)
                  : trans.__('Cell [%1]', String(cell.number))}
              </option>
            ))}
            <option value="0">{trans.__('All cells')}</option>
          </select>
        </label>
      ) : null}
      <details className="pl-Menu">
        <summary>
          {onOpen ? trans.__('Save and open') : trans.__('Save')}
        </summary>
        <div className="pl-Menu-body">
          <Button kind="quiet" onClick={() => save('film')}>
            {trans.__('Save the film')}
          </Button>
          {onOpen ? (
            <Button kind="quiet" onClick={() => file.current?.click()}>
              {trans.__('Open a film…')}
            </Button>
          ) : null}
          <Button kind="quiet" off={asTable} onClick={() => save('svg')}>
            {trans.__('Save the picture as SVG')}
          </Button>
          <Button kind="quiet" off={asTable} onClick={() => save('png')}>
            {trans.__('Save the picture as PNG')}
          </Button>
        </div>
      </details>
      {onOpen ? (
        <input
          ref={file}
          type="file"
          accept=".json,application/json"
          className="pl-Hidden"
          tabIndex={-1}
          aria-label={trans.__('Open a film…')}
          onChange={event => {
            const chosen = event.target.files?.[0];
            event.target.value = '';
            if (chosen) {
              onOpen(chosen);
            }
          }}
        />
      ) : null}
      {failed ? (
        <p role="alert" className="pl-Picture-failed">
          {failed}
        </p>
      ) : null}
    </div>
  );
}

/** The deadlock, if there is one, and the caption; else what happened last. */
function Reading(props: {
  readonly words: Words;
  readonly now: Moment;
  readonly playing: boolean;
  readonly stuck: boolean;
  readonly kit: Kit;
}): React.JSX.Element {
  const { words, now, playing, kit } = props;
  const { trans } = kit;
  const circle = now.deadlocks[0];
  const text = words.reading(now.time);
  const caption = words.caption(now.time);
  return (
    <div
      className="pl-Reading"
      role="status"
      // While it plays, every line would be spoken over the one before.
      aria-live={playing ? 'off' : 'polite'}
    >
      {circle ? (
        <Notice
          tone="error"
          title={trans.__('Deadlock: they wait in a circle')}
        >
          <p>{words.deadlock(circle)}</p>
          {caption !== null ? <p>{caption}</p> : null}
        </Notice>
      ) : props.stuck ? (
        <Notice tone="warning" title={trans.__('Your program is stuck.')}>
          <p>{words.stuck(now) || text}</p>
        </Notice>
      ) : (
        <p className="pl-Reading-line">
          {/* A caption stands for longer than the moment that it speaks of. */}
          {caption === null ? (
            <span className="pl-Muted">{words.time(now.time)} </span>
          ) : null}
          {text}
        </p>
      )}
    </div>
  );
}

/** What the signs mean; of those that this film has none of, nothing. */
function LegendLine(props: {
  readonly tab: Tab;
  readonly film: Film;
  readonly kit: Kit;
}): React.JSX.Element {
  const { tab, film } = props;
  const { trans } = props.kit;
  const bare = film.objects.length === 0;
  const lines: [string, React.JSX.Element][] =
    tab === 'map'
      ? [
          [
            bare ? trans.__('has started') : trans.__('has to do with'),
            <Line key="1" tie="uses" />
          ],
          [trans.__('held by'), <Line key="2" tie="holds" />],
          [trans.__('waits for'), <Line key="3" tie="waits" />]
        ]
      : [
          [trans.__('is starting'), <Swatch key="1" kind="start" />],
          [trans.__('alive'), <Swatch key="2" kind="run" />],
          [trans.__('waits'), <Swatch key="3" kind="wait" />],
          ...(film.deadlocks.length > 0
            ? [
                sign(
                  trans.__('waits in a deadlock'),
                  <Swatch key="4" kind="caught" />
                )
              ]
            : []),
          ...(film.states.some(one => one.holders.length > 0)
            ? [sign(trans.__('holds it'), <Swatch key="5" kind="hold" />)]
            : []),
          ...[...new Set(film.marks.map(one => one.act))].map(act =>
            sign(actText(act, trans), <Deed key={act} act={act} />)
          )
        ];
  return (
    <ul className="pl-Legend" aria-label={trans.__('Legend')}>
      {lines.map(([text, shape]) => (
        <li key={text}>
          {shape} {text}
        </li>
      ))}
    </ul>
  );
}

function sign(
  text: string,
  shape: React.JSX.Element
): [string, React.JSX.Element] {
  return [text, shape];
}

function Deed(props: { readonly act: FilmMark['act'] }): React.JSX.Element {
  return (
    <svg width="14" height="14" viewBox="-7 -7 14 14" aria-hidden="true">
      <g className="pl-Mark">
        <ActShape act={props.act} />
      </g>
    </svg>
  );
}

function Line(props: { readonly tie: string }): React.JSX.Element {
  return (
    <svg width="34" height="12" aria-hidden="true">
      <path className="pl-Edge" data-tie={props.tie} d="M1 6H27" />
      {props.tie === 'uses' ? null : (
        <path
          className={`pl-Arrow pl-mod-${props.tie}`}
          d="M25 1 34 6 25 11z"
        />
      )}
    </svg>
  );
}

function Swatch(props: { readonly kind: string }): React.JSX.Element {
  const thin = props.kind === 'start';
  return (
    <svg width="26" height="14" aria-hidden="true">
      <rect
        className={
          props.kind === 'hold'
            ? 'pl-Hold'
            : `pl-Life-${props.kind === 'caught' ? 'wait' : props.kind}`
        }
        data-caught={props.kind === 'caught' || undefined}
        width="26"
        y={thin ? 5 : 0}
        height={thin ? 4 : 14}
        rx="2"
      />
    </svg>
  );
}

/** What is not in the film, so that nobody takes its absence for a fact. */
function LeftOutNote(props: {
  readonly film: Film;
  readonly kit: Kit;
}): React.JSX.Element | null {
  const { film, kit } = props;
  const { trans } = kit;
  const names: Readonly<Record<string, string>> = {
    marks: trans.__('deeds'),
    waits: trans.__('waits'),
    states: trans.__('states'),
    lanes: trans.__('processes and threads'),
    objects: trans.__('shared things'),
    links: trans.__('links'),
    cells: trans.__('cells')
  };
  const lines = [
    ...film.left_out.map(gap =>
      trans.__('%1 %2', String(gap.count), names[gap.what] ?? gap.what)
    ),
    ...film.not_recorded
  ];
  return lines.length > 0 ? (
    <details className="pl-LeftOut">
      <summary>{trans.__('What this film leaves out')}</summary>
      <ul>
        {lines.map(text => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </details>
  ) : null;
}

// -- time --------------------------------------------------------------------------

/** Gives a film to the player, once; one of the same kernel and run goes on. */
function useFilm(player: Player, reel: Reel): void {
  const before = React.useRef<Film | null>(null);
  React.useLayoutEffect(() => {
    const { film } = reel;
    const old = before.current;
    const again =
      old !== null && old.kernel_id === film.kernel_id && old.run === film.run;
    before.current = film;
    player.load(film, reel.moments, again, reel.stops);
    if (!again && film.captions.length > 0) {
      // One that tells a story begins at its beginning.
      player.seek(film.begin);
    }
  }, [player, reel]);
}

function usePlayer(player: Player): Player['state'] {
  const [state, setState] = React.useState(player.state);
  React.useLayoutEffect(() => {
    setState(player.state);
    return player.changed.listen(setState);
  }, [player]);
  return state;
}

/** What is true now, the same value until the next moment at which anything changes. */
function useNow(reel: Reel, time: number): Moment {
  const key = reel.momentAt(time);
  return React.useMemo(() => reel.at(key), [reel, key]);
}

interface Pointed {
  readonly marked: ReadonlySet<string>;
  /** The moment was in another life of the kernel: there is nothing of it left to be seen. */
  readonly gone: boolean;
}

/** Goes to the moment that decided a goal, in the run in which it was, and marks whom it is about. */
function useMoment(
  player: Player,
  moment: GoalMoment | null,
  reel: Reel,
  onLoad: (run?: number) => void
): Pointed {
  const { film } = reel;
  const shown = React.useRef<GoalMoment | null>(null);
  const asked = React.useRef<GoalMoment | null>(null);
  const gone =
    moment !== null &&
    (moment.kernel_id !== film.kernel_id ||
      Math.abs(moment.unix - film.unix) > SAME_LIFE_S);
  React.useLayoutEffect(() => {
    if (moment === null || gone || shown.current === moment) {
      return;
    }
    const inside = moment.at >= film.begin && moment.at <= film.end;
    const cell = film.cells.find(
      one => one.begin <= moment.at && (one.end ?? Infinity) >= moment.at
    );
    if (!inside && cell && asked.current !== moment) {
      asked.current = moment;
      onLoad(cell.run);
      return;
    }
    shown.current = moment;
    player.pause();
    player.seek(moment.at);
  }, [player, moment, film, gone, onLoad]);
  const marked = React.useMemo(
    () =>
      moment && !gone ? new Set([...moment.lanes, ...moment.objects]) : NOBODY,
    [moment, gone]
  );
  return { marked, gone };
}
