/**
 * What stands in the lanes of the timeline: lives with their waits and deeds, who held a thing or how full it
 * was, and the circles of deadlocks.
 */

import * as React from 'react';
import type { FilmLane, FilmMark, FilmObject, FilmWait } from '../../core';
import type { Hold, Reel } from '../../core/film';
import { ROW, TOP, type Drawing, type Row, type Scale } from './rows';
import { ActShape } from './shapes';
import { Ground } from './axis';
import type { Words } from './words';

const BAR = 14;
/** Marks of one lane nearer than this are one. */
const NEAR = 7;

/** Everything but the cursor: drawn anew only when the film or the zoom changes. */
export function Lanes(
  props: Drawing & { readonly rows: readonly Row[] }
): React.JSX.Element {
  const { rows, width } = props;
  const bottom = TOP + rows.length * ROW;
  return (
    <>
      <Ground {...props} bottom={bottom} />
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

function Life(props: Drawing & { readonly lane: FilmLane }): React.JSX.Element {
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
      <Gaps
        {...props}
        gaps={untold(reel.waitGaps, reel.waitsOf(lane.id), ran, end)}
      />
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
function Thing(
  props: Drawing & { readonly object: FilmObject }
): React.JSX.Element {
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
        <Gaps {...props} gaps={reel.gapsOf(object.id)} />
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
      <Gaps {...props} gaps={reel.gapsOf(object.id)} />
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

interface Gap {
  readonly begin: number;
  readonly end: number;
}

/** Of gaps, those parts of a life in which no wait is told after all. */
function untold(
  gaps: readonly Gap[],
  waits: readonly FilmWait[],
  ran: number,
  ended: number
): Gap[] {
  return gaps.flatMap(gap => {
    const until = Math.min(gap.end, ended);
    let begin = Math.max(gap.begin, ran);
    const parts: Gap[] = [];
    for (const wait of waits) {
      if (wait.begin > begin) {
        parts.push({ begin, end: Math.min(wait.begin, until) });
      }
      begin = Math.max(begin, wait.end ?? ended);
    }
    return [...parts, { begin, end: until }].filter(one => one.end > one.begin);
  });
}

/** Where nothing is said of it, since the film would be too large: not free, not empty, and not at work. */
function Gaps(
  props: Drawing & { readonly gaps: readonly Gap[] }
): React.JSX.Element {
  const { words, scale, width, gaps } = props;
  return (
    <>
      {gaps.map(({ begin, end }) => {
        const x = Math.max(-6, scale(begin));
        const right = Math.min(width + 6, scale(end));
        return right <= x ? null : (
          <g key={begin} className="pl-Gap">
            <rect
              className="pl-LeftOut"
              x={x}
              y="7"
              width={right - x}
              height={ROW - 14}
              rx="2"
            >
              <title>{words.trans.__('left out here')}</title>
            </rect>
            {right - x > 90 ? (
              <text x={Math.max(0, x) + 5} y={ROW / 2 + 4}>
                {words.trans.__('left out here')}
              </text>
            ) : null}
          </g>
        );
      })}
    </>
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
