/**
 * The timeline: a lane for each process and thread, and one for each thing that they share, over the
 * same time. How many are at work at once stands on top; what was taken by whom stands in the lane
 * of the thing, so that "never two at once" is seen without counting.
 */

import { scaleLinear } from 'd3-scale';
import { zoomIdentity } from 'd3-zoom';
import * as React from 'react';
import type { Reel } from '../../core/film';
import type { Kit } from '../kit';
import { Above } from './axis';
import type { Found } from './find';
import { Patterns } from './hatch';
import { Lanes } from './lanes';
import { Crosshair, Cursor, SpanShade } from './layers';
import { Measured, spanOf, type Span } from './measure';
import { Names } from './names';
import { Overview } from './overview';
import { opening } from './opening';
import { nameOf, namesWidth, ROW, rowsOf, TOP, type Row } from './rows';
import type { Words } from './words';
import { useSize, useZoom } from './zoom';
import { ZoomButtons } from './zoombuttons';

export interface TimelineProps {
  readonly reel: Reel;
  readonly time: number;
  readonly playing: boolean;
  readonly words: Words;
  readonly selected: string | null;
  readonly marked: ReadonlySet<string>;
  /** What is looked for and was found: it comes into sight. */
  readonly found: Found | null;
  readonly onSelect: (id: string | null) => void;
  readonly onSeek: (time: number) => void;
  readonly kit: Kit;
  readonly pictureRef: React.RefObject<SVGSVGElement>;
  /** What the ids within it begin with. */
  readonly ids: string;
}

/** Zoomed in no further than this many pixels a millisecond. */
const CLOSEST = 4000;
/** One step of the zoom, and pixels of one step to the side. */
const STEP = 1.5;
const ASIDE = 80;
/** Pixels beside the first and the last moment. */
const EDGE = 6;

export function Timeline(props: TimelineProps): React.JSX.Element {
  const { reel, words, kit, pictureRef, ids, time } = props;
  const { trans } = kit;
  const { film } = reel;
  const box = React.useRef<HTMLDivElement>(null);
  const scroll = React.useRef<HTMLDivElement>(null);
  const whole = React.useRef<HTMLDivElement>(null);
  const size = useSize(box);
  // What the buttons beside it leave, however long their words are.
  const room = useSize(whole).width;
  const rows = React.useMemo(() => rowsOf(reel), [reel]);
  const names = React.useMemo(
    () => namesWidth(rows, words, size.width),
    [rows, words, size.width]
  );
  const width = Math.max(120, size.width - names - 16);
  const height = TOP + rows.length * ROW + 8;
  const length = Math.max(0.001, film.end - film.begin);
  const closest = Math.max(1, (CLOSEST * length) / width);
  const zooming = useZoom(pictureRef, {
    width,
    height,
    scale: [1, closest],
    within: [
      [0, 0],
      [width, height]
    ],
    takes: event => isZoom(event, height > size.height)
  });
  const base = React.useMemo(
    () =>
      scaleLinear()
        .domain([film.begin, film.begin + length])
        .range([EDGE, width - EDGE]),
    [film.begin, length, width]
  );
  const scale = React.useMemo(
    () => zooming.transform.rescaleX(base),
    [zooming.transform, base]
  );
  const [from, setFrom] = React.useState<number | null>(null);
  const span = from === null ? null : spanOf(from, time);
  // Exactly this part, with so many pixels beside it, as far as the film goes.
  const look = (part: Span, beside: number) => {
    const long = base(part.end) - base(part.begin);
    const grown = Math.min(closest, Math.max(1, (width - 2 * beside) / long));
    const middle = (base(part.end) + base(part.begin)) / 2;
    const x = width / 2 - middle * grown;
    const within = Math.min(0, Math.max(width - width * grown, x));
    zooming.to(zoomIdentity.translate(within, 0).scale(grown));
  };
  const fit = (part: Span) => look(part, 2 * EDGE);
  // The part that is looked at; null: all.
  const part = React.useRef<Span | null>(null);
  React.useEffect(() => {
    const [begin, end] = scale.domain() as [number, number];
    part.current = zooming.transform.k === 1 ? null : { begin, end };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- as it is zoomed and moved
  }, [zooming.transform]);
  React.useEffect(() => {
    // In another room, and when the film has grown, it stays.
    if (part.current !== null) {
      look(part.current, EDGE);
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- not as it is zoomed and moved
  }, [base]);
  const cursor = scale(time);
  const { kernel_id: kernel, run } = film;
  React.useEffect(() => {
    const first = opening(reel);
    if (first === null) {
      zooming.to();
    } else {
      fit(first);
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once for each run that is shown, not as it goes on
  }, [kernel, run]);
  // Around the moment shown, so that it stays in sight.
  const grow = (factor: number) =>
    zooming.by(
      factor,
      cursor >= 0 && cursor <= width ? [cursor, 0] : undefined
    );
  const { row, go, choose, said } = useChosenRow(rows, words, kit);
  const { selected, marked, found, onSelect } = props;
  const before = React.useRef({ time, found });
  React.useEffect(() => {
    const old = before.current;
    before.current = { time, found };
    // A find goes to its moment, so only one of the two may bring it into sight.
    const isFound = found !== null && found !== old.found;
    // Who plays, steps or is shown a moment sees it; what is followed to its end stays as it is looked at.
    if (!isFound && (time === old.time || time >= film.end)) {
      return;
    }
    const x = isFound ? scale(found.at) : cursor;
    if (x < 0 || x > width) {
      const place = isFound ? 0.5 : time > old.time ? 0.1 : 0.9;
      zooming.pan(place * width - x, 0);
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- as the time goes, not as the picture is moved
  }, [time, found]);
  React.useEffect(() => {
    if (found === null) {
      return;
    }
    const at = rows.findIndex(one => one.id === found.id);
    if (at >= 0) {
      go(at);
      scroll.current
        ?.querySelectorAll('.pl-Timeline-name')
        [at]?.scrollIntoView?.({ block: 'nearest' });
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once for each that is found
  }, [found]);
  const measure = () => setFrom(from === null ? time : null);
  const onKeyDown = (event: React.KeyboardEvent) => {
    const acts: Readonly<Record<string, () => void>> = {
      '+': () => grow(STEP),
      '=': () => grow(STEP),
      w: () => grow(STEP),
      '-': () => grow(1 / STEP),
      s: () => grow(1 / STEP),
      '0': () => zooming.to(),
      ArrowLeft: () => zooming.pan(ASIDE, 0),
      a: () => zooming.pan(ASIDE, 0),
      ArrowRight: () => zooming.pan(-ASIDE, 0),
      d: () => zooming.pan(-ASIDE, 0),
      ArrowUp: () => choose(row - 1),
      ArrowDown: () => choose(row + 1),
      Home: () => choose(0),
      End: () => choose(rows.length - 1),
      Enter: () => onSelect(rows[row]?.id ?? null),
      Escape: () => (from === null ? onSelect(null) : setFrom(null)),
      m: measure,
      f: () => fit(span ?? lifeOf(rows[row], reel))
    };
    const act =
      acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    // With Ctrl, Alt or the Mac's key they are the browser's and JupyterLab's.
    if (act && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      event.stopPropagation();
      act();
    }
  };
  const timeAt = (event: React.MouseEvent<SVGSVGElement>) => {
    const { left } = event.currentTarget.getBoundingClientRect();
    const moment = scale.invert(event.clientX - left);
    return Math.min(film.end, Math.max(film.begin, moment));
  };
  const body = React.useMemo(
    () => (
      <Lanes
        rows={rows}
        reel={reel}
        words={words}
        scale={scale}
        width={width}
      />
    ),
    [rows, reel, words, scale, width]
  );
  const column = React.useMemo(
    () => (
      <Names
        rows={rows}
        words={words}
        width={names}
        ids={ids}
        active={row}
        selected={selected}
        marked={marked}
        onPick={(id, at) => {
          choose(at);
          onSelect(selected === id ? null : id);
        }}
      />
    ),
    [rows, words, names, ids, row, choose, selected, marked, onSelect]
  );
  // The row that was gone to by a key may be out of sight.
  React.useEffect(() => {
    if (said) {
      scroll.current
        ?.querySelector('[data-active]')
        ?.scrollIntoView?.({ block: 'nearest' });
    }
  }, [said]);
  const over = { scale, width, height };
  return (
    <div className="pl-Timeline">
      <div className="pl-Timeline-frame" ref={box}>
        <div
          className="pl-Timeline-scroll"
          ref={scroll}
          // What was gone to does not end up behind what stands above the lanes, nor at the very edge.
          style={{ scrollPaddingBlock: `${TOP + ROW}px ${ROW}px` }}
          role="group"
          // The keys of a picture that is larger than its frame.
          tabIndex={0}
          aria-label={trans.__(
            'Timeline: arrows up and down choose a lane, Enter shows more, left and right move, + and − zoom, 0 shows all, M measures from the moment shown, F zooms to what is measured or to the lane, / finds'
          )}
          aria-activedescendant={`${ids}-row-${row}`}
          onKeyDown={onKeyDown}
        >
          {column}
          <div className="pl-Timeline-drawing">
            <Above reel={reel} words={words} scale={scale} width={width} />
            <svg
              ref={pictureRef}
              className="pl-Timeline-picture"
              width={width}
              height={height}
              role="img"
              aria-label={trans.__(
                'Lives, waits and deeds over time; the table says the same in words'
              )}
              onClick={event => props.onSeek(timeAt(event))}
              onPointerDown={event => {
                if (event.shiftKey && event.button === 0) {
                  event.currentTarget.setPointerCapture(event.pointerId);
                  setFrom(timeAt(event));
                  props.onSeek(timeAt(event));
                }
              }}
              onPointerMove={event => {
                if (event.shiftKey && event.buttons === 1) {
                  props.onSeek(timeAt(event));
                }
              }}
            >
              <Patterns ids={ids} />
              {body}
              <rect
                className="pl-Timeline-row"
                x="0"
                y={TOP + row * ROW}
                width={width}
                height={ROW}
              />
            </svg>
            {span ? <SpanShade {...over} span={span} /> : null}
            <Crosshair {...over} over={pictureRef} words={words} />
            <Cursor at={cursor} width={width} height={height} />
          </div>
        </div>
      </div>
      {span ? (
        <Measured
          span={span}
          quiet={props.playing}
          reel={reel}
          words={words}
          kit={kit}
          onFit={() => fit(span)}
          onEnd={() => setFrom(null)}
        />
      ) : null}
      <div className="pl-Timeline-foot">
        <div className="pl-Timeline-whole" ref={whole}>
          <Overview
            reel={reel}
            base={base}
            scale={scale}
            time={time}
            width={room}
            onGo={moment => zooming.pan(width / 2 - scale(moment), 0)}
          />
        </div>
        <button
          type="button"
          className="pl-Button"
          aria-pressed={from !== null}
          title={trans.__('From the moment shown to where you go next')}
          onClick={measure}
        >
          {trans.__('Measure')}
        </button>
        <ZoomButtons
          kit={kit}
          onIn={() => grow(STEP)}
          onOut={() => grow(1 / STEP)}
          onAll={() => zooming.to()}
        />
      </div>
      <p className="pl-Hidden" aria-live="polite">
        {said}
      </p>
    </div>
  );
}

/** Whether this zooms or moves the picture: with Shift a drag measures, and where lanes scroll, the wheel alone does. */
function isZoom(event: Event, scrolls: boolean): boolean {
  const { type, shiftKey, ctrlKey, altKey } = event as WheelEvent;
  return type === 'wheel' ? !scrolls || ctrlKey || altKey : !shiftKey;
}

/** The time of a lane or thing. */
function lifeOf(row: Row | undefined, reel: Reel): Span {
  const { begin, end } = reel.film;
  const life = row?.lane ?? row?.object;
  return {
    begin: Math.max(begin, row?.lane?.born ?? begin),
    end: Math.min(end, life?.ended ?? end)
  };
}

interface ChosenRow {
  readonly row: number;
  /** Goes there without a word. */
  readonly go: (row: number) => void;
  readonly choose: (row: number) => void;
  /** What a screen reader is told of it, once it was chosen. */
  readonly said: string;
}

/** The row that keys act on. */
function useChosenRow(rows: readonly Row[], words: Words, kit: Kit): ChosenRow {
  const { trans } = kit;
  const [chosen, setChosen] = React.useState(0);
  const [said, setSaid] = React.useState('');
  const row = Math.max(0, Math.min(chosen, rows.length - 1));
  const choose = React.useCallback(
    (wanted: number) => {
      const at = Math.max(0, Math.min(wanted, rows.length - 1));
      const one = rows[at];
      setChosen(at);
      setSaid(
        one
          ? trans.__(
              '%1: %2 of %3',
              nameOf(one, words),
              String(at + 1),
              String(rows.length)
            )
          : ''
      );
    },
    [rows, words, trans]
  );
  return { row, go: setChosen, choose, said };
}
