/**
 * The timeline: a lane for each process and thread, and one for each thing that they share, over the
 * same time. How many are at work at once stands on top; what was taken by whom stands in the lane
 * of the thing, so that "never two at once" is seen without counting.
 */

import { scaleLinear } from 'd3-scale';
import * as React from 'react';
import type { Reel } from '../../core/film';
import type { Kit } from '../kit';
import { Lanes } from './lanes';
import { Names } from './names';
import { namesWidth, ROW, rowsOf, TOP } from './rows';
import type { Words } from './words';
import { useSize, useZoom } from './zoom';
import { ZoomButtons } from './zoombuttons';

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
  const rows = React.useMemo(() => rowsOf(reel), [reel]);
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
