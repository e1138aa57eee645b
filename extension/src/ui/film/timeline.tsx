/**
 * The timeline: a lane for each process and thread, and one for each thing that they share, over the
 * same time. How many are at work at once stands on top; what was taken by whom stands in the lane
 * of the thing, so that "never two at once" is seen without counting.
 */

import { scaleLinear, type ScaleLinear } from 'd3-scale';
import * as React from 'react';
import type { FilmLane, FilmMark, FilmObject } from '../../core';
import type { Hold, Reel } from '../../core/film';
import type { Kit } from '../kit';
import { ZoomButtons } from './map';
import { ActShape, LaneShape, ObjectShape } from './shapes';
import type { Words } from './words';
import { useSize, useZoom } from './zoom';

export interface TimelineProps {
  readonly reel: Reel;
  readonly time: number;
  readonly words: Words;
  readonly selected: string | null;
  readonly marked: ReadonlySet<string>;
  readonly onSelect: (id: string | null) => void;
  readonly onSeek: (time: number) => void;
  readonly kit: Kit;
  readonly pictureRef: React.RefObject<SVGSVGElement>;
}

type Scale = ScaleLinear<number, number>;

/** Pixels of a letter in the column of names, on average. */
const LETTER = 7.2;
const ROW = 30;
const BAR = 14;
const TOP = 58;
/** Marks of one lane nearer than this are one. */
const NEAR = 7;
/** The width of the cursor's own picture. */
const CURSOR = 14;
/** Zoomed in no further than this many pixels a millisecond. */
const CLOSEST = 4000;

export function Timeline(props: TimelineProps): React.JSX.Element {
  const { reel, words, kit, pictureRef } = props;
  const { trans } = kit;
  const { film } = reel;
  const box = React.useRef<HTMLDivElement>(null);
  const size = useSize(box);
  const rows = React.useMemo(
    () => [
      ...film.lanes.map(lane => ({ id: lane.id, lane, object: null })),
      ...film.objects
        .filter(object => isTold(reel, object))
        .map(object => ({ id: object.id, lane: null, object }))
    ],
    [film, reel]
  );
  const names = React.useMemo(
    () => namesWidth(rows, words, size.width),
    [rows, words, size.width]
  );
  const width = Math.max(120, size.width - names - 16);
  const height = TOP + rows.length * ROW + 8;
  const length = Math.max(0.001, film.end - film.begin);
  const zooming = useZoom(pictureRef, {
    width,
    height,
    scale: [1, Math.max(1, (CLOSEST * length) / width)],
    within: [
      [0, 0],
      [width, height]
    ],
    // Where not all lanes fit, the wheel alone scrolls them.
    takes: event =>
      event.type !== 'wheel' ||
      height <= size.height ||
      (event as WheelEvent).ctrlKey ||
      (event as WheelEvent).altKey
  });
  const base = React.useMemo(
    () =>
      scaleLinear()
        .domain([film.begin, film.begin + length])
        .range([6, width - 6]),
    [film.begin, length, width]
  );
  const scale = React.useMemo(
    () => zooming.transform.rescaleX(base),
    [zooming.transform, base]
  );
  const [row, setRow] = React.useState(0);
  const chosenRow = Math.min(row, rows.length - 1);
  const onKeyDown = (event: React.KeyboardEvent) => {
    const acts: Readonly<Record<string, () => void>> = {
      '+': () => zooming.by(1.5),
      '=': () => zooming.by(1.5),
      '-': () => zooming.by(1 / 1.5),
      '0': () => zooming.to(),
      ArrowLeft: () => zooming.pan(80, 0),
      ArrowRight: () => zooming.pan(-80, 0),
      ArrowUp: () => setRow(Math.max(0, chosenRow - 1)),
      ArrowDown: () => setRow(Math.min(rows.length - 1, chosenRow + 1)),
      Home: () => setRow(0),
      End: () => setRow(rows.length - 1),
      Enter: () => props.onSelect(rows[chosenRow]?.id ?? null),
      Escape: () => props.onSelect(null)
    };
    const act = acts[event.key];
    if (act) {
      event.preventDefault();
      event.stopPropagation();
      act();
    }
  };
  const onClick = (event: React.MouseEvent<SVGSVGElement>) => {
    const left = event.currentTarget.getBoundingClientRect().left;
    const time = scale.invert(event.clientX - left);
    props.onSeek(Math.min(film.end, Math.max(film.begin, time)));
  };
  const { selected, marked, onSelect } = props;
  const body = React.useMemo(
    () => (
      <Rows rows={rows} reel={reel} words={words} scale={scale} width={width} />
    ),
    [rows, reel, words, scale, width]
  );
  const column = React.useMemo(
    () => (
      <Names
        rows={rows}
        words={words}
        width={names}
        active={chosenRow}
        selected={selected}
        marked={marked}
        onPick={(id, at) => {
          setRow(at);
          onSelect(selected === id ? null : id);
        }}
      />
    ),
    [rows, words, names, chosenRow, selected, marked, onSelect]
  );
  return (
    <div className="pl-Timeline" ref={box}>
      <div
        className="pl-Timeline-scroll"
        role="group"
        // The keys of a picture that is larger than its frame.
        tabIndex={0}
        aria-label={trans.__(
          'Timeline: arrows up and down choose a lane, Enter shows more, left and right move, + and − zoom, 0 shows all'
        )}
        aria-activedescendant={`pl-row-${chosenRow}`}
        onKeyDown={onKeyDown}
      >
        {column}
        <div className="pl-Timeline-drawing">
          <svg
            ref={pictureRef}
            className="pl-Timeline-picture"
            width={width}
            height={height}
            role="img"
            aria-label={trans.__(
              'Lives, waits and deeds over time; the table says the same in words'
            )}
            onClick={onClick}
          >
            <Patterns />
            {body}
            <rect
              className="pl-Timeline-row"
              x="0"
              y={TOP + chosenRow * ROW}
              width={width}
              height={ROW}
            />
          </svg>
          <Cursor at={scale(props.time)} width={width} height={height} />
        </div>
      </div>
      <ZoomButtons
        kit={kit}
        onIn={() => zooming.by(1.5)}
        onOut={() => zooming.by(1 / 1.5)}
        onAll={() => zooming.to()}
      />
    </div>
  );
}

/**
 * The moment shown. It lies over the picture, in a layer of its own: moved as a part of the picture, it would
 * have half of that painted anew in each frame. An export puts it back in (`data-over`).
 */
function Cursor(props: {
  readonly at: number;
  readonly width: number;
  readonly height: number;
}): React.JSX.Element {
  const { at, width, height } = props;
  return (
    <svg
      className="pl-Cursor"
      data-over={at - CURSOR / 2}
      data-out={at < 0 || at > width || undefined}
      style={{ transform: `translateX(${at - CURSOR / 2}px)` }}
      width={CURSOR}
      height={height}
      aria-hidden="true"
    >
      <path d={`M${CURSOR / 2} 14V${height}`} />
      <path
        className="pl-Cursor-head"
        d={`M${CURSOR / 2 - 6} 4h12v7l-6 6l-6 -6z`}
      />
    </svg>
  );
}

/** The lanes' names, beside the picture. */
function Names(props: {
  readonly rows: readonly Row[];
  readonly words: Words;
  readonly width: number;
  readonly active: number;
  readonly selected: string | null;
  readonly marked: ReadonlySet<string>;
  readonly onPick: (id: string, at: number) => void;
}): React.JSX.Element {
  const { rows, words, width, selected } = props;
  return (
    <ul className="pl-Timeline-names" style={{ width, paddingBlockStart: TOP }}>
      {rows.map((one, at) => (
        <li
          key={one.id}
          id={`pl-row-${at}`}
          className="pl-Timeline-name"
          data-active={at === props.active || undefined}
          data-chosen={selected === one.id || undefined}
          data-marked={props.marked.has(one.id) || undefined}
          style={{ height: ROW }}
        >
          <button
            type="button"
            tabIndex={-1}
            title={nameOf(one, words)}
            aria-pressed={selected === one.id}
            onClick={() => props.onPick(one.id, at)}
          >
            <svg
              width="18"
              height="18"
              viewBox="-9 -9 18 18"
              aria-hidden="true"
            >
              {one.lane ? (
                <LaneShape kind={one.lane.kind} />
              ) : (
                <ObjectShape kind={one.object.kind} />
              )}
            </svg>
            <span>{nameOf(one, words)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function nameOf(row: Row, words: Words): string {
  return row.lane ? words.label(row.id) : words.object(row.id);
}

/** Enough for the longest name, but at most a good third of the room. */
function namesWidth(rows: readonly Row[], words: Words, room: number): number {
  const longest = Math.max(0, ...rows.map(row => nameOf(row, words).length));
  const most = Math.min(220, Math.max(96, 0.36 * room));
  return Math.round(Math.min(most, Math.max(96, 40 + LETTER * longest)));
}

type Row =
  | { readonly id: string; readonly lane: FilmLane; readonly object: null }
  | { readonly id: string; readonly lane: null; readonly object: FilmObject };

/** Everything but the cursor: drawn anew only when the film or the zoom changes. */
function Rows(props: {
  readonly rows: readonly Row[];
  readonly reel: Reel;
  readonly words: Words;
  readonly scale: Scale;
  readonly width: number;
}): React.JSX.Element {
  const { rows, reel, words, scale, width } = props;
  const bottom = TOP + rows.length * ROW;
  return (
    <>
      <Cells {...props} bottom={bottom} />
      <AtWork reel={reel} words={words} scale={scale} width={width} />
      <Axis {...props} bottom={bottom} />
      {rows.map((row, at) => (
        <g key={row.id} transform={`translate(0 ${TOP + at * ROW})`}>
          <path className="pl-Timeline-line" d={`M0 ${ROW}H${width}`} />
          {row.lane ? (
            <Life {...props} lane={row.lane} />
          ) : (
            <Thing {...props} object={row.object} />
          )}
        </g>
      ))}
      <Deadlocks {...props} />
    </>
  );
}

/** Hatches, so that no meaning stands in colour alone. */
function Patterns(): React.JSX.Element {
  return (
    <defs>
      <pattern
        id="pl-waits"
        width="6"
        height="6"
        patternUnits="userSpaceOnUse"
        patternTransform="rotate(45)"
      >
        <rect className="pl-Pattern-ground" width="6" height="6" />
        <path className="pl-Pattern-line" d="M0 0V6" />
      </pattern>
      <pattern
        id="pl-caught"
        width="6"
        height="6"
        patternUnits="userSpaceOnUse"
        patternTransform="rotate(45)"
      >
        <rect className="pl-Pattern-caught" width="6" height="6" />
        <path className="pl-Pattern-line" d="M0 0V6M0 3H6" />
      </pattern>
    </defs>
  );
}

function Axis(props: {
  readonly words: Words;
  readonly scale: Scale;
  readonly width: number;
  readonly bottom: number;
}): React.JSX.Element {
  const { scale, width, words, bottom } = props;
  const begin = words.reel.film.begin;
  const shown = scale.domain().map(one => one - begin) as [number, number];
  const passed = scale.copy().domain(shown);
  return (
    <g className="pl-Axis">
      {passed.ticks(Math.max(2, width / 110)).map(tick => (
        <g key={tick} transform={`translate(${passed(tick)} 0)`}>
          <path d={`M0 ${TOP - 4}V${bottom}`} />
          <text y={TOP - 8} textAnchor={anchor(passed(tick), width)}>
            {words.time(tick + begin)}
          </text>
        </g>
      ))}
    </g>
  );
}

/** A time at the edge stands inside of it. */
function anchor(x: number, width: number): 'start' | 'middle' | 'end' {
  if (x < 30) {
    return 'start';
  }
  return x > width - 30 ? 'end' : 'middle';
}

function Cells(props: {
  readonly reel: Reel;
  readonly words: Words;
  readonly scale: Scale;
  readonly width: number;
  readonly bottom: number;
}): React.JSX.Element {
  const { reel, words, scale, width, bottom } = props;
  const { film } = reel;
  const seen = film.cells.filter(
    cell => cell.begin < film.end && (cell.end ?? film.end) > film.begin
  );
  return (
    <g className="pl-Cells">
      {seen.map(cell => {
        const left = Math.max(0, scale(cell.begin));
        const right = Math.min(width, scale(cell.end ?? film.end));
        return right > left ? (
          <g key={cell.run}>
            <rect
              className="pl-Cell"
              x={left}
              y="0"
              width={right - left}
              height={bottom}
            />
            <text x={left + 4} y="12">
              {right - left > 40
                ? words.trans.__('Cell [%1]', String(cell.number))
                : ''}
            </text>
          </g>
        ) : null;
      })}
    </g>
  );
}

/** How many are at work at once, as a staircase. */
function AtWork(props: {
  readonly reel: Reel;
  readonly words: Words;
  readonly scale: Scale;
  readonly width: number;
}): React.JSX.Element | null {
  const { reel, words, scale, width } = props;
  const steps = reel.atWork();
  const most = Math.max(0, ...steps.map(one => one.count));
  if (most === 0) {
    return null;
  }
  const base = 40;
  const tall = 22;
  let path = `M${scale(reel.film.begin)} ${base}`;
  for (const { at, count } of steps) {
    const x = Math.min(width + 10, Math.max(-10, scale(at)));
    path += `H${x}V${base - (tall * count) / most}`;
  }
  path += `H${scale(reel.film.end)}V${base}z`;
  const peak = steps.find(one => one.count === most);
  return (
    <g className="pl-AtWork">
      <path d={path} />
      <text
        x={Math.min(width - 90, Math.max(4, scale(peak?.at ?? 0) + 4))}
        y={base - 8}
      >
        {words.trans._n('at most %1 at once', 'at most %1 at once', most)}
      </text>
    </g>
  );
}

function Life(props: {
  readonly reel: Reel;
  readonly words: Words;
  readonly scale: Scale;
  readonly width: number;
  readonly lane: FilmLane;
}): React.JSX.Element {
  const { reel, words, scale, width, lane } = props;
  const { film } = reel;
  const end = lane.ended ?? film.end;
  const y = (ROW - BAR) / 2;
  const bar = (begin: number, until: number) => {
    const left = Math.max(-4, scale(Math.max(begin, film.begin)));
    const right = Math.min(width + 4, scale(Math.min(until, film.end)));
    return { x: left, width: Math.max(2, right - left) };
  };
  const ran = lane.ran ?? end;
  const marks = React.useMemo(
    () => film.marks.filter(mark => mark.lane === lane.id),
    [film, lane.id]
  );
  return (
    <g className="pl-Life" data-kind={lane.kind}>
      <rect
        className="pl-Life-start"
        {...bar(lane.born, Math.min(ran, end))}
        y={y + BAR / 2 - 2}
        height="4"
      />
      {lane.ran !== null ? (
        <rect
          className="pl-Life-run"
          {...bar(ran, end)}
          y={y}
          height={BAR}
          rx="2"
        >
          <title>
            {words.trans.__(
              '%1: %2 at work',
              words.label(lane.id),
              words.length(end - ran)
            )}
          </title>
        </rect>
      ) : null}
      {reel.waitsOf(lane.id).map(wait => {
        const until = wait.end ?? end;
        const at = bar(wait.begin, until);
        const caught = film.deadlocks.some(
          one =>
            one.lanes.includes(lane.id) &&
            one.begin >= wait.begin &&
            one.begin <= until
        );
        return scale(until) < 0 || scale(wait.begin) > width ? null : (
          <rect
            key={wait.begin}
            className="pl-Life-wait"
            data-caught={caught || undefined}
            {...at}
            y={y}
            height={BAR}
          >
            <title>
              {words.trans.__(
                '%1 %2: %3',
                words.label(lane.id),
                words.waiting(wait),
                words.length(until - wait.begin)
              )}
            </title>
          </rect>
        );
      })}
      {lane.ended !== null && scale(end) >= 0 && scale(end) <= width ? (
        <path
          className="pl-Life-end"
          data-wrong={
            Boolean(lane.error) || (lane.exit_code ?? 0) !== 0 || undefined
          }
          d={`M${scale(end)} ${y - 3}v${BAR + 6}`}
        />
      ) : null}
      <Marks marks={marks} scale={scale} width={width} words={words} />
    </g>
  );
}

/** A mark each, but one for those that lie too near to be told apart. */
function Marks(props: {
  readonly marks: readonly FilmMark[];
  readonly scale: Scale;
  readonly width: number;
  readonly words: Words;
}): React.JSX.Element {
  const { marks, scale, width, words } = props;
  const shown: { x: number; mark: FilmMark; more: number }[] = [];
  for (const mark of marks) {
    const x = scale(mark.at);
    if (x < -8 || x > width + 8) {
      continue;
    }
    const last = shown[shown.length - 1];
    if (last && x - last.x < NEAR) {
      last.more++;
    } else {
      shown.push({ x, mark, more: 0 });
    }
  }
  return (
    <>
      {shown.map(({ x, mark, more }) => (
        <g
          key={`${mark.at} ${mark.act} ${mark.object}`}
          className="pl-Mark"
          data-act={mark.act}
          data-more={more > 0 || undefined}
          transform={`translate(${x} ${ROW / 2})`}
        >
          <ActShape act={mark.act} />
          <title>
            {`${words.time(mark.at)}  ${words.happening({ kind: 'mark', at: mark.at, mark })}`}
            {more > 0
              ? ` ${words.trans._n('and %1 more', 'and %1 more', more)}`
              : ''}
          </title>
        </g>
      ))}
    </>
  );
}

/** Who held it, one bar a hold; or how full it was, as a staircase. */
function Thing(props: {
  readonly reel: Reel;
  readonly words: Words;
  readonly scale: Scale;
  readonly width: number;
  readonly object: FilmObject;
}): React.JSX.Element {
  const { reel, words, scale, width, object } = props;
  const states = reel.statesOf(object.id);
  const filled = states.filter(one => one.fill !== null);
  if (filled.length > 0) {
    const most = Math.max(
      1,
      object.capacity ?? 0,
      ...filled.map(one => one.fill ?? 0)
    );
    const base = ROW - 5;
    const tall = ROW - 10;
    const clamp = (x: number) => Math.min(width + 10, Math.max(-10, x));
    let path = `M${clamp(scale(filled[0]?.at ?? 0))} ${base}`;
    for (const { at, fill } of states) {
      path += `H${clamp(scale(at))}V${base - (tall * (fill ?? 0)) / most}`;
    }
    path += `H${clamp(scale(object.ended ?? reel.film.end))}V${base}z`;
    return (
      <g className="pl-Fill">
        <path d={path} />
        {object.capacity !== null ? (
          <path
            className="pl-Fill-room"
            d={`M0 ${base - (tall * object.capacity) / most}H${width}`}
          />
        ) : null}
        <title>
          {words.trans.__(
            '%1: at most %2',
            words.object(object.id),
            String(Math.max(...filled.map(one => one.fill ?? 0)))
          )}
        </title>
      </g>
    );
  }
  return (
    <g className="pl-Holds">
      {near(reel.holdsOf(object.id), scale, width, reel.film.end).map(hold => (
        <g key={`${hold.lane} ${hold.begin}`}>
          <rect
            className="pl-Hold"
            x={hold.x}
            y="7"
            width={hold.wide}
            height={ROW - 14}
            rx="2"
          >
            <title>
              {words.trans.__(
                '%1 held by %2: %3',
                words.object(object.id),
                words.lane(hold.lane),
                words.length((hold.end ?? reel.film.end) - hold.begin)
              )}
            </title>
          </rect>
          {hold.wide > 60 ? (
            <text x={Math.max(0, hold.x) + 5} y={ROW / 2 + 4}>
              {words.label(hold.lane).slice(0, Math.floor(hold.wide / 8))}
            </text>
          ) : null}
        </g>
      ))}
    </g>
  );
}

interface Drawn extends Hold {
  readonly x: number;
  readonly wide: number;
}

/** The holds that can be seen; of those too short to be told apart, the first. */
function near(
  holds: readonly Hold[],
  scale: Scale,
  width: number,
  end: number
): Drawn[] {
  const drawn: Drawn[] = [];
  for (const hold of holds) {
    const x = Math.max(-6, scale(hold.begin));
    const right = Math.min(width + 6, scale(hold.end ?? end));
    const last = drawn[drawn.length - 1];
    const hidden = last && right - last.x < 3;
    if (right >= 0 && x <= width && !hidden) {
      drawn.push({ ...hold, x, wide: Math.max(2, right - x) });
    }
  }
  return drawn;
}

function Deadlocks(props: {
  readonly reel: Reel;
  readonly words: Words;
  readonly scale: Scale;
  readonly rows: readonly Row[];
}): React.JSX.Element {
  const { reel, scale, rows, words } = props;
  return (
    <g className="pl-Deadlocks">
      {reel.film.deadlocks.map(one => {
        const hit = rows
          .map((row, at) => (one.lanes.includes(row.id) ? at : -1))
          .filter(at => at >= 0);
        const first = Math.min(...hit);
        const last = Math.max(...hit);
        const x = scale(one.begin);
        return hit.length > 0 ? (
          <g key={one.begin}>
            <path d={`M${x} ${TOP + first * ROW}V${TOP + (last + 1) * ROW}`} />
            <text x={x + 5} y={TOP + first * ROW + 8}>
              {words.trans.__('deadlock')}
            </text>
          </g>
        ) : null;
      })}
    </g>
  );
}

/** Objects of which something is told over time. */
function isTold(reel: Reel, object: FilmObject): boolean {
  return reel
    .statesOf(object.id)
    .some(one => one.holders.length > 0 || one.fill !== null);
}
