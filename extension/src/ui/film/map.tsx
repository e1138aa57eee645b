/**
 * The map: processes and threads, what they share, and who waits for whom, at one moment. Lines that
 * only say "has to do with" are thin; who holds something is told by a solid arrow, who waits by a
 * dashed one, and a closed circle of these by heavy ones with numbers.
 */

import { linkHorizontal } from 'd3-shape';
import { zoomIdentity } from 'd3-zoom';
import * as React from 'react';
import type { LaneNow, Moment, ObjectNow, Reel } from '../../core/film';
import type { Kit } from '../kit';
import { layoutOf, type Layout, type Place } from './layout';
import { DoingShape, LaneShape, ObjectShape } from './shapes';
import { capital, type Words } from './words';
import { useSize, useZoom } from './zoom';

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

type Tie = 'uses' | 'holds' | 'waits';

interface Edge {
  readonly key: string;
  readonly tie: Tie;
  readonly from: string;
  readonly to: string;
  /** The end of the other is waited for, not something that it has. */
  readonly end: boolean;
  readonly path: string;
  readonly middle: readonly [number, number];
  readonly caught: boolean;
  /** Its place in the circle, 0 outside of one. */
  readonly number: number;
}

/** Shown smaller than this, words are hard to read. */
const READABLE = 0.8;
/** Pixels of a letter, on average: of a name, of a compact one, and of what stands below. */
const LETTERS = { name: 7.4, small: 7, text: 6.3 };
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
              id={`pl-arrow-${kind}`}
              className={`pl-Arrow pl-mod-${kind}`}
              viewBox="0 0 10 10"
              refX="9"
              refY="5"
              markerWidth="9"
              markerHeight="9"
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
              <EdgeLine key={edge.key} edge={edge} />
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

export function ZoomButtons(props: {
  readonly kit: Kit;
  readonly onIn: () => void;
  readonly onOut: () => void;
  readonly onAll: () => void;
}): React.JSX.Element {
  const { trans } = props.kit;
  return (
    <div className="pl-ZoomButtons" role="group" aria-label={trans.__('Zoom')}>
      <button
        type="button"
        className="pl-Button"
        aria-label={trans.__('Zoom in')}
        onClick={props.onIn}
      >
        +
      </button>
      <button
        type="button"
        className="pl-Button"
        aria-label={trans.__('Zoom out')}
        onClick={props.onOut}
      >
        −
      </button>
      <button type="button" className="pl-Button" onClick={props.onAll}>
        {trans.__('Show all')}
      </button>
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

interface NodeProps {
  readonly place: Place;
  readonly words: Words;
  readonly chosen: boolean;
  readonly marked: boolean;
  readonly focusable: boolean;
}

interface LaneNodeProps extends NodeProps {
  readonly now: LaneNow;
  readonly compact: boolean;
}

interface ObjectNodeProps extends NodeProps {
  readonly now: ObjectNow;
}

/** Of 64 nodes one or two change from moment to moment: only those are drawn anew. */
const LaneNode = React.memo(LaneBox, isDrawnSo);
const ObjectNode = React.memo(ObjectBox, isDrawnSo);

function isDrawnSo<P extends { readonly now: LaneNow | ObjectNow }>(
  { now: before, ...one }: P,
  { now, ...other }: P
): boolean {
  return hasSame(one, other) && hasSame(before, now);
}

/** Whether two values have the same in all their fields; lists by what is in them. */
function hasSame(one: object, other: object): boolean {
  const fields = Object.entries(other);
  return fields.every(([name, value]) => {
    const known = (one as Record<string, unknown>)[name];
    return Array.isArray(value) && Array.isArray(known)
      ? value.length === known.length &&
          value.every((part, at) => part === known[at])
      : value === known;
  });
}

function LaneBox(props: LaneNodeProps): React.JSX.Element {
  const { now, place, words, compact } = props;
  const { lane } = now;
  const { width, height } = place;
  const doing = words.doing(now);
  const name = words.label(lane.id);
  const role = words.role(lane.id);
  const wide = width - (compact ? 30 : 46);
  return (
    <g
      className="pl-Node pl-mod-lane"
      data-id={lane.id}
      data-kind={lane.kind}
      data-doing={now.doing}
      data-caught={now.caught || undefined}
      data-chosen={props.chosen || undefined}
      data-marked={props.marked || undefined}
      transform={`translate(${place.x - width / 2} ${place.y - height / 2})`}
    >
      <g
        className="pl-Node-button"
        role="button"
        tabIndex={props.focusable ? 0 : -1}
        aria-pressed={props.chosen}
        aria-label={`${name}, ${role}: ${doing}${
          now.holds.length > 0
            ? `; ${words.trans.__('holds %1', now.holds.map(id => words.object(id)).join(', '))}`
            : ''
        }${now.caught ? `; ${words.trans.__('part of a deadlock')}` : ''}`}
      >
        <rect
          className="pl-Node-box"
          width={width}
          height={height}
          rx={lane.kind === 'thread' ? height / 2 : 8}
        />
        <text
          className="pl-Node-name"
          x={compact ? 27 : 36}
          y={compact ? height / 2 + 4 : 23}
        >
          {short(name, wide / (compact ? LETTERS.small : LETTERS.name))}
        </text>
      </g>
      {/* The label says all of this, and what is cut off here. */}
      <g aria-hidden="true" className="pl-Node-more">
        {compact ? (
          <g transform={`translate(15 ${height / 2})`}>
            <DoingShape doing={now.doing} />
          </g>
        ) : (
          <>
            <g transform="translate(20 19)">
              <LaneShape kind={lane.kind} />
            </g>
            <text className="pl-Node-role" x={width - 12} y="23">
              {haveRoom(name, role, wide) ? role : ''}
            </text>
            <g transform="translate(20 43)">
              <DoingShape doing={now.doing} />
            </g>
            <text className="pl-Node-text" x="36" y="47">
              {short(doing, wide / LETTERS.text)}
            </text>
          </>
        )}
      </g>
    </g>
  );
}

function ObjectBox(props: ObjectNodeProps): React.JSX.Element {
  const { now, place, words } = props;
  const { object } = now;
  const { width, height } = place;
  const name = words.object(object.id);
  const kind = words.kind(object);
  const state = words.state(now);
  const wide = width - 46;
  const full =
    object.kind === 'queue' && object.capacity !== null && now.fill !== null
      ? now.fill / object.capacity
      : null;
  return (
    <g
      className="pl-Node pl-mod-object"
      data-id={object.id}
      data-kind={object.kind}
      data-held={now.holders.length > 0 || undefined}
      data-caught={now.caught || undefined}
      data-chosen={props.chosen || undefined}
      data-marked={props.marked || undefined}
      transform={`translate(${place.x - width / 2} ${place.y - height / 2})`}
    >
      <g
        className="pl-Node-button"
        role="button"
        tabIndex={props.focusable ? 0 : -1}
        aria-pressed={props.chosen}
        aria-label={`${capital(name)}, ${kind}: ${state || words.trans.__('nothing is known of its state')}${
          now.caught ? `; ${words.trans.__('part of a deadlock')}` : ''
        }`}
      >
        <path className="pl-Node-box" d={ticket(width, height)} />
        <text className="pl-Node-name" x="36" y="22">
          {short(name, wide / LETTERS.name)}
        </text>
      </g>
      {/* The label says all of this, and what is cut off here. */}
      <g aria-hidden="true" className="pl-Node-more">
        {full !== null ? (
          <rect
            className="pl-Node-fill"
            x="12"
            y={height - 9}
            width={Math.max(0, (width - 24) * Math.min(1, full))}
            height="4"
          />
        ) : null}
        <g transform="translate(20 18)">
          <ObjectShape kind={object.kind} />
        </g>
        <text className="pl-Node-role" x={width - 12} y="22">
          {object.name && haveRoom(name, kind, wide) ? kind : ''}
        </text>
        <text className="pl-Node-text" x="36" y="41">
          {short(state, wide / LETTERS.text)}
        </text>
      </g>
    </g>
  );
}

const EdgeLine = React.memo(EdgePath, ({ edge: one }, { edge: other }) =>
  hasSame(one, other)
);

function EdgePath(props: { readonly edge: Edge }): React.JSX.Element {
  const { edge } = props;
  const arrow = edge.caught ? 'caught' : edge.tie;
  return (
    <path
      className="pl-Edge"
      data-tie={edge.tie}
      data-caught={edge.caught || undefined}
      d={edge.path}
      markerEnd={edge.tie === 'uses' ? undefined : `url(#pl-arrow-${arrow})`}
    />
  );
}

function EdgeWords(props: {
  readonly edge: Edge;
  readonly wordy: boolean;
  readonly kit: Kit;
}): React.JSX.Element {
  const { edge, wordy, kit } = props;
  const [x, y] = edge.middle;
  const left = wordy ? -40 : 0;
  return (
    <g transform={`translate(${x} ${y})`} className="pl-EdgeWords">
      {edge.number > 0 ? (
        <>
          <circle className="pl-EdgeNumber" r="9" cx={left} />
          <text className="pl-EdgeNumber-text" x={left} y="4">
            {String(edge.number)}
          </text>
        </>
      ) : null}
      {wordy ? (
        <text y="4" data-caught={edge.caught || undefined}>
          {edge.tie === 'waits'
            ? edge.end
              ? kit.trans.__('waits for its end')
              : kit.trans.__('waits for')
            : kit.trans.__('held by')}
        </text>
      ) : null}
    </g>
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

/** Two columns where the ring would be too small to be read, and they are not. */
function readable(film: Reel['film'], size: Size): Layout {
  const ring = layoutOf(film);
  const scale = scaleOf(ring.bounds, size);
  if (scale >= READABLE) {
    return ring;
  }
  const columns = layoutOf(film, true);
  return scaleOf(columns.bounds, size) > scale ? columns : ring;
}

function isThere(one: LaneNow): boolean {
  return one.doing !== 'unborn';
}

/** A box with its corners cut: what is shared, and no process. */
function ticket(width: number, height: number): string {
  const cut = 9;
  return `M${cut} 0H${width - cut}L${width} ${cut}V${height - cut}L${width - cut} ${height}H${cut}L0 ${height - cut}V${cut}z`;
}

/** Whether a name, and in smaller letters what it is, stand side by side with a gap between them. */
function haveRoom(name: string, role: string, wide: number): boolean {
  return name.length * 7.6 + 12 + role.length * 6 < wide;
}

/** Cut to about so many letters; the whole stands in the title and in the details. */
function short(text: string, letters: number): string {
  return text.length <= letters
    ? text
    : `${text.slice(0, Math.max(1, Math.floor(letters) - 1))}…`;
}

const curve = linkHorizontal<
  { source: [number, number]; target: [number, number] },
  [number, number]
>();

type Line = Pick<Edge, 'path' | 'middle'>;

/** Where lines run, each found once: places stay the same as time goes on. */
class Lines {
  private readonly _known = new Map<string, Line | null>();

  constructor(readonly layout: Layout) {}

  /** null where one of the ends has no place. */
  find(tie: Tie, from: string, to: string, shift: number): Line | null {
    const key = `${tie} ${from} ${to} ${shift}`;
    let line = this._known.get(key);
    if (line === undefined) {
      const [one, other] = [this._place(from), this._place(to)];
      // The number on a wait stands elsewhere than a hold's, where they cross.
      const along = tie === 'waits' && this.layout.narrow ? 0.28 : 0.5;
      line = one && other ? between(one, other, shift, along) : null;
      this._known.set(key, line);
    }
    return line;
  }

  private _place(id: string): Place | null {
    const { lanes, objects } = this.layout;
    return lanes.get(id) ?? objects.get(id) ?? null;
  }
}

function edgesOf(now: Moment, lines: Lines): Edge[] {
  const edges: Edge[] = [];
  const there = new Set([
    ...now.lanes.filter(isThere).map(one => one.lane.id),
    ...now.objects.filter(one => one.there).map(one => one.object.id)
  ]);
  const circle = new Map<string, number>();
  for (const deadlock of now.deadlocks) {
    let number = 0;
    deadlock.lanes.forEach((lane, at) => {
      const object = deadlock.objects[at] ?? '';
      const next = deadlock.lanes[(at + 1) % deadlock.lanes.length] ?? lane;
      circle.set(`waits ${lane} ${object || next}`, ++number);
      if (object) {
        circle.set(`holds ${object} ${next}`, ++number);
      }
    });
  }
  const add = (tie: Tie, from: string, to: string, shift: number) => {
    const line = lines.find(tie, from, to, shift);
    if (line === null || !there.has(from) || !there.has(to)) {
      return;
    }
    const key = `${tie} ${from} ${to}`;
    const number = circle.get(key) ?? 0;
    edges.push({
      key,
      tie,
      from,
      to,
      end: tie === 'waits' && lines.layout.lanes.has(to),
      ...line,
      caught: number > 0,
      number
    });
  };
  const told = new Set<string>();
  for (const one of now.objects) {
    for (const holder of one.holders) {
      const both = one.waiters.includes(holder);
      add('holds', one.object.id, holder, both ? 10 : 0);
      told.add(`${holder} ${one.object.id}`);
    }
  }
  for (const one of now.lanes) {
    const { wait, lane } = one;
    if (wait?.object) {
      add(
        'waits',
        lane.id,
        wait.object,
        one.holds.includes(wait.object) ? -10 : 0
      );
      told.add(`${lane.id} ${wait.object}`);
    }
    for (const other of wait?.object ? [] : (wait?.lanes ?? [])) {
      add('waits', lane.id, other, 0);
    }
  }
  // Where nothing is shared, who started whom is what there is to be seen.
  for (const { lane } of now.objects.length === 0 ? now.lanes : []) {
    add('uses', lane.parent, lane.id, 0);
  }
  for (const link of now.links) {
    if (!told.has(`${link.lane} ${link.object}`)) {
      add('uses', link.lane, link.object, 0);
    }
  }
  // What is told loudest is drawn last.
  const rank: Record<Tie, number> = { uses: 0, holds: 1, waits: 2 };
  return edges.sort(
    (one, other) =>
      Number(one.caught) - Number(other.caught) ||
      rank[one.tie] - rank[other.tie]
  );
}

/** From edge to edge of two places; `shift` keeps two lines between the same two apart. */
function between(one: Place, other: Place, shift: number, along: number): Line {
  const apart = Math.abs(one.x - other.x) > (one.width + other.width) / 2;
  if (!apart) {
    // One above the other: around the side.
    const sign = one.y < other.y ? 1 : -1;
    const from: [number, number] = [
      one.x + shift,
      one.y + (sign * one.height) / 2
    ];
    const to: [number, number] = [
      other.x + shift,
      other.y - (sign * other.height) / 2
    ];
    return {
      path: `M${from[0]} ${from[1]}L${to[0]} ${to[1]}`,
      middle: [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2]
    };
  }
  const right = other.x > one.x ? 1 : -1;
  const source: [number, number] = [
    one.x + (right * one.width) / 2,
    one.y + shift + lean(one, other)
  ];
  const target: [number, number] = [
    other.x - (right * other.width) / 2,
    other.y + shift + lean(other, one)
  ];
  return {
    path: curve({ source, target }) ?? '',
    middle: pointOn(source, target, along)
  };
}

/** A point of the curve between two, `along` from 0 to 1 (d3-shape's link: both controls half way). */
function pointOn(
  [x0, y0]: readonly [number, number],
  [x1, y1]: readonly [number, number],
  along: number
): [number, number] {
  const back = 1 - along;
  const half = 3 * along * back * ((x0 + x1) / 2);
  return [
    x0 * back ** 3 + half + x1 * along ** 3,
    y0 * back ** 2 * (1 + 2 * along) + y1 * along ** 2 * (3 - 2 * along)
  ];
}

/** A line to something higher leaves a box higher, so that lines do not meet where they end. */
function lean(from: Place, to: Place): number {
  const most = from.height / 3.5;
  return Math.max(-most, Math.min(most, (to.y - from.y) / 5));
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
