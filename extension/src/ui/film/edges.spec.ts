import { FILMS } from '../../__tests__/films';
import { Lines } from './edges';
import { twoColumns, type Layout } from './layout';

const { fourAtOnce } = FILMS;

/** Where a cubic curve, or a straight line, is half way. */
function halfWay(path: string): [number, number] {
  const told = path.match(/-?[\d.]+/g)!.map(Number);
  const [x0 = 0, y0 = 0, ...rest] = told;
  if (rest.length === 2) {
    return [(x0 + rest[0]!) / 2, (y0 + rest[1]!) / 2];
  }
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0, x3 = 0, y3 = 0] = rest;
  const at = (a: number, b: number, c: number, d: number) =>
    (a + 3 * b + 3 * c + d) / 8;
  return [at(x0, x1, x2, x3), at(y0, y1, y2, y3)];
}

function isBehind(layout: Layout, [x, y]: readonly [number, number]): boolean {
  return [...layout.lanes.values()].some(
    place =>
      Math.abs(place.x - x) <= place.width / 2 &&
      Math.abs(place.y - y) <= place.height / 2
  );
}

describe('a line between two that stand one above the other', () => {
  const ids = fourAtOnce.lanes.map(lane => lane.id);

  it('goes straight to the next, and past those between to one further down, in sight', () => {
    const layout = twoColumns(fourAtOnce);
    const lines = new Lines(layout);
    const near = lines.find('waits', ids[0]!, ids[1]!, 0)!;
    expect(halfWay(near.path)[0]).toBe(0);
    const far = lines.find('waits', ids[0]!, ids[2]!, 0)!;
    expect(isBehind(layout, halfWay(far.path))).toBe(false);
    expect(far.middle).toEqual(halfWay(far.path));
    expect(far.middle[0]).toBeGreaterThan(layout.bounds.x);
  });

  it('is another than the one that comes back', () => {
    const lines = new Lines(twoColumns(fourAtOnce));
    const [there, back] = [-10, 10].map(
      shift => lines.find('waits', ids[0]!, ids[2]!, shift)!.path
    );
    expect(there).not.toBe(back);
  });
});
