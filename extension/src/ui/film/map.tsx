/**
 * The map: processes and threads, what they share, and who waits for whom, at one moment. Lines that
 * only say "has to do with" are thin; who holds something is told by a solid arrow, who waits by a
 * dashed one, and a closed circle of these by heavy ones with numbers.
 */

import { zoomIdentity } from 'd3-zoom';
import * as React from 'react';
import type { Moment, Reel } from '../../core/film';
import type { Kit } from '../kit';
import { edgesOf, isThere, Lines } from './edges';
import { CROWD_ROWS, layoutOf, twoColumns, type Layout } from './layout';
import { EdgeLine, EdgeWords } from './maplines';
import { LaneNode, ObjectNode } from './mapnodes';
import type { Words } from './words';
import { useDrawingId, useSize, useZoom } from './zoom';
import { ZoomButtons } from './zoombuttons';

export interface MapProps {
  readonly reel: Reel;
  readonly now: Moment;
  readonly words: Words;
  readonly selected: string | null;
  readonly marked: ReadonlySet<string>;
  readonly onSelect: (id: string | null) => void;
  readonly kit: Kit;
  readonly pictureRef: React.RefObject<SVGSVGElement>;
}

/** Shown smaller than this, words are hard to read. */
const READABLE = 0.8;
const LARGEST = 1.4;
/** At the bottom, where the buttons of the zoom lie over the picture. */
const BUTTONS = 40;
/** With more thin lines than this, only those of the picked one are drawn. */
const MANY = 30;
/** With more lines than this, words on them would hide them. */
const WORDY = 14;
const KEYS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [60, 0],
  ArrowRight: [-60, 0],
  ArrowUp: [0, 60],
  ArrowDown: [0, -60]
};

export function MapView(props: MapProps): React.JSX.Element {
  const { reel, now, words, kit, pictureRef } = props;
  const { selected, onSelect } = props;
  const { trans } = kit;
  const box = React.useRef<HTMLDivElement>(null);
  const arrows = useDrawingId();
  const size = useSize(box);
  const free = React.useMemo(
    () => ({ width: size.width, height: Math.max(80, size.height - BUTTONS) }),
    [size]
  );
  const layout = React.useMemo(() => readable(reel.film, free), [reel, free]);
  const zooming = useZoom(pictureRef, { ...size, scale: [0.2, 4] });
  const { narrow } = layout;
  // Its numbers, not the object: a film that grows must not take the learner's zoom away.
  const { x, y, width, height } = layout.bounds;
  const fitted = React.useMemo(
    () =>
      zoomIdentity
        .translate(free.width / 2, free.height / 2)
        .scale(scaleOf({ width, height }, free))
        .translate(-(x + width / 2), -(y + height / 2)),
    [free, x, y, width, height]
  );
  const { to } = zooming;
  const fit = React.useRef(to);
  fit.current = to;
  React.useEffect(() => fit.current(fitted), [fitted]);

  const lines = React.useMemo(() => new Lines(layout), [layout]);
  const every = React.useMemo(() => edgesOf(now, lines), [now, lines]);
  const many = every.filter(edge => edge.tie === 'uses').length > MANY;
  const edges = every.filter(
    edge =>
      !many ||
      edge.tie !== 'uses' ||
      [edge.from, edge.to].includes(selected ?? '')
  );
  const wordy =
    !narrow && edges.filter(edge => edge.tie !== 'uses').length <= WORDY;
  const order = React.useMemo(
    () => [
      ...now.lanes.filter(isThere).map(one => one.lane.id),
      ...now.objects.filter(one => one.there).map(one => one.object.id)
    ],
    [now]
  );
  const [at, setAt] = React.useState<string | null>(null);
  const focusable = at !== null && order.includes(at) ? at : order[0];
  // One for all nodes: with one for each, every node would have to be drawn anew for every moment.
  const pick = (id: string) => onSelect(selected === id ? null : id);
  const onKeyDown = (event: React.KeyboardEvent) => {
    const pan = KEYS[event.key];
    const on = idOf(event.target);
    if (event.key === 'Escape') {
      onSelect(null);
    } else if (on !== null && (event.key === 'Enter' || event.key === ' ')) {
      pick(on);
    } else if (event.key === '+' || event.key === '=') {
      zooming.by(1.25);
    } else if (event.key === '-') {
      zooming.by(0.8);
    } else if (event.key === '0') {
      zooming.to(fitted);
    } else if (pan && event.shiftKey) {
      zooming.pan(...pan);
    } else if (pan) {
      const next = neighbour(focusable ?? '', pan, order, layout);
      buttonOf(pictureRef.current, next)?.focus();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const onClick = (event: React.MouseEvent) => {
    const on = idOf(event.target);
    if (on !== null) {
      pick(on);
    }
  };
  const onFocus = (event: React.FocusEvent) => {
    const on = idOf(event.target);
    if (on !== null) {
      setAt(on);
    }
  };
  return (
    <div className="pl-Map" ref={box}>
      <svg
        ref={pictureRef}
        className="pl-Map-picture"
        width={size.width}
        height={size.height}
        role="group"
        aria-label={trans.__(
          'Map: arrow keys go from one to the next, Enter shows more, + and − zoom, 0 shows all'
        )}
        onKeyDown={onKeyDown}
        onClick={onClick}
        onFocus={onFocus}
      >
        <defs>
          {(['holds', 'waits', 'caught'] as const).map(kind => (
            <marker
              key={kind}
              id={`${arrows}-${kind}`}
              className={`pl-Arrow pl-mod-${kind}`}
              viewBox="0 0 10 10"
              refX="9"
              refY="5"
              // The lines of a circle are heavy: so are its heads.
              markerWidth={kind === 'caught' ? 14 : 9}
              markerHeight={kind === 'caught' ? 14 : 9}
              markerUnits="userSpaceOnUse"
              orient="auto"
            >
              <path d="M0 0 10 5 0 10z" />
            </marker>
          ))}
        </defs>
        <g transform={zooming.transform.toString()}>
          <g aria-hidden="true">
            {edges.map(edge => (
              <EdgeLine key={edge.key} edge={edge} arrows={arrows} />
            ))}
          </g>
          {now.objects.map(one => {
            const place = layout.objects.get(one.object.id);
            return place && one.there ? (
              <ObjectNode
                key={one.object.id}
                now={one}
                place={place}
                words={words}
                chosen={selected === one.object.id}
                marked={props.marked.has(one.object.id)}
                focusable={focusable === one.object.id}
              />
            ) : null;
          })}
          {now.lanes.map(one => {
            const place = layout.lanes.get(one.lane.id);
            return place && isThere(one) ? (
              <LaneNode
                key={one.lane.id}
                now={one}
                place={place}
                words={words}
                compact={layout.compact && one.lane.kind !== 'notebook'}
                chosen={selected === one.lane.id}
                marked={props.marked.has(one.lane.id)}
                focusable={focusable === one.lane.id}
              />
            ) : null;
          })}
          <g aria-hidden="true">
            {edges
              .filter(edge => edge.number > 0 || (wordy && edge.tie !== 'uses'))
              .map(edge => (
                <EdgeWords key={edge.key} edge={edge} wordy={wordy} kit={kit} />
              ))}
          </g>
        </g>
      </svg>
      <ZoomButtons
        kit={kit}
        onIn={() => zooming.by(1.25)}
        onOut={() => zooming.by(0.8)}
        onAll={() => zooming.to(fitted)}
      />
    </div>
  );
}

/** The node in which something lies, null outside of all. */
function idOf(target: EventTarget): string | null {
  const node = (target as Element).closest('.pl-Node');
  return node?.getAttribute('data-id') ?? null;
}

function buttonOf(picture: Element | null, id: string): SVGElement | null {
  return (
    [...(picture?.querySelectorAll('.pl-Node') ?? [])]
      .find(one => one.getAttribute('data-id') === id)
      ?.querySelector<SVGElement>('.pl-Node-button') ?? null
  );
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** How large everything is when all of it is shown. */
function scaleOf(bounds: Size, size: Size): number {
  return Math.min(
    size.width / bounds.width,
    size.height / bounds.height,
    LARGEST
  );
}

/** Around what is shared as long as that can be read; else whatever is drawn largest, two columns among it. */
function readable(film: Reel['film'], size: Size): Layout {
  const ring = layoutOf(film);
  const scale = (layout: Layout) => scaleOf(layout.bounds, size);
  if (scale(ring) >= READABLE) {
    return ring;
  }
  const crowds = ring.compact
    ? CROWD_ROWS.map(rows => layoutOf(film, rows))
    : [];
  return [ring, ...crowds, twoColumns(film)].reduce((best, one) =>
    scale(one) > scale(best) ? one : best
  );
}

/** The nearest node in a direction; the arrow of a key moves the picture the other way. */
function neighbour(
  from: string,
  [x, y]: readonly [number, number],
  order: readonly string[],
  layout: Layout
): string {
  const place = (id: string) => layout.lanes.get(id) ?? layout.objects.get(id);
  const here = place(from);
  if (!here) {
    return order[0] ?? '';
  }
  let best = from;
  let least = Infinity;
  for (const id of order) {
    const there = place(id);
    if (!there || id === from) {
      continue;
    }
    const along = -(
      (there.x - here.x) * Math.sign(x) +
      (there.y - here.y) * Math.sign(y)
    );
    const across = x ? Math.abs(there.y - here.y) : Math.abs(there.x - here.x);
    if (along > 1 && along + 2 * across < least) {
      least = along + 2 * across;
      best = id;
    }
  }
  return best;
}
