/**
 * Where things stand on the map. What is shared stands in the middle, processes and threads to its
 * left and right by turns, the notebook on top: two processes and two locks make a ring. Places are
 * given out in the order in which things came, for the whole film, so that nothing moves as it plays.
 */

import type { Film } from '../../core';

export interface Place {
  /** The middle of the node. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  readonly lanes: ReadonlyMap<string, Place>;
  readonly objects: ReadonlyMap<string, Place>;
  /** Names only: there are many. */
  readonly compact: boolean;
  /** Two columns, with no room for words on the lines. */
  readonly narrow: boolean;
  readonly bounds: {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
  };
}

interface Sizes {
  readonly lane: { readonly width: number; readonly height: number };
  readonly object: { readonly width: number; readonly height: number };
  readonly stride: number;
  readonly rows: number;
}

/** From so many lanes on, all of them are drawn small. */
export const CROWD = 18;
const ROOMY: Sizes = {
  lane: { width: 212, height: 60 },
  object: { width: 220, height: 60 },
  stride: 96,
  rows: 6
};
const TIGHT: Sizes = {
  lane: { width: 118, height: 34 },
  object: { width: 200, height: 52 },
  stride: 42,
  rows: 16
};
const NARROW: Omit<Sizes, 'rows'> = {
  lane: { width: 160, height: 56 },
  object: { width: 168, height: 56 },
  stride: 76
};
const NARROW_GAP = 70;
/** Between the middle and the sides, for the lines and their words. */
const GAP = 150;
const BETWEEN = 18;
const MARGIN = 24;

/** Rows of a crowd: many in few columns where there is height, few in many columns where there is width. */
export const CROWD_ROWS: readonly number[] = [16, 12, 9, 7, 5];

/** Processes and threads on both sides of what they share; `rows` below one another where there is a crowd. */
export function layoutOf(
  film: Pick<Film, 'lanes' | 'objects'>,
  crowdRows = TIGHT.rows
): Layout {
  const others = film.lanes.filter(lane => lane.kind !== 'notebook');
  const compact = others.length >= CROWD;
  const sizes = compact ? TIGHT : ROOMY;
  const rows = compact ? crowdRows : sizes.rows;
  const stride = { lane: sizes.stride, object: compact ? 72 : sizes.stride };
  const perColumn = compact ? 9 : rows;
  const columns = Math.max(1, Math.ceil(film.objects.length / perColumn));
  const objects = new Map<string, Place>();
  const middle = columns * (sizes.object.width + BETWEEN) - BETWEEN;
  film.objects.forEach((object, at) => {
    const column = Math.floor(at / perColumn);
    objects.set(object.id, {
      ...sizes.object,
      x: (column - (columns - 1) / 2) * (sizes.object.width + BETWEEN),
      y: (at % perColumn) * stride.object
    });
  });
  const lanes = new Map<string, Place>();
  others.forEach((lane, at) => {
    const side = at % 2 === 0 ? -1 : 1;
    const slot = Math.floor(at / 2);
    const column = Math.floor(slot / rows);
    lanes.set(lane.id, {
      ...sizes.lane,
      x:
        side *
        (middle / 2 +
          GAP +
          sizes.lane.width / 2 +
          column * (sizes.lane.width + BETWEEN)),
      // Half a row lower than the things in the middle: a wait and a hold are two lines then.
      y: (slot % rows) * stride.lane + stride.object / 2
    });
  });
  const notebook = film.lanes.find(lane => lane.kind === 'notebook');
  if (notebook) {
    lanes.set(notebook.id, { ...ROOMY.lane, x: 0, y: -ROOMY.stride - 10 });
  }
  return {
    lanes,
    objects,
    compact,
    narrow: false,
    bounds: boundsOf([...lanes.values(), ...objects.values()])
  };
}

/** In little room: those who do something on the left, what they share on the right, one below the other. */
export function twoColumns(film: Pick<Film, 'lanes' | 'objects'>): Layout {
  const { object: objectsAre, stride } = NARROW;
  // With nothing shared there is the second column's room, too.
  const lanesAre = film.objects.length > 0 ? NARROW.lane : ROOMY.lane;
  const lanes = new Map(
    film.lanes.map((lane, at) => [
      lane.id,
      { ...lanesAre, x: 0, y: at * stride }
    ])
  );
  const objects = new Map(
    film.objects.map((object, at) => [
      object.id,
      {
        ...objectsAre,
        x: (lanesAre.width + objectsAre.width) / 2 + NARROW_GAP,
        y: (at + 0.5) * stride
      }
    ])
  );
  const bounds = boundsOf([...lanes.values(), ...objects.values()]);
  return { lanes, objects, compact: false, narrow: true, bounds };
}

function boundsOf(places: readonly Place[]): Layout['bounds'] {
  const left = Math.min(...places.map(one => one.x - one.width / 2)) - MARGIN;
  const right = Math.max(...places.map(one => one.x + one.width / 2)) + MARGIN;
  const top = Math.min(...places.map(one => one.y - one.height / 2)) - MARGIN;
  const bottom =
    Math.max(...places.map(one => one.y + one.height / 2)) + MARGIN;
  return places.length === 0
    ? { x: 0, y: 0, width: 1, height: 1 }
    : { x: left, y: top, width: right - left, height: bottom - top };
}
