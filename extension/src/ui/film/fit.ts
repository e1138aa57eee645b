/** Texts of a drawing, cut to the room that they have: as they are really drawn, where the page can measure that. */

/** How letters are drawn; `average` pixels each, where nothing can be measured. */
export interface Letters {
  readonly size: number;
  readonly bold: boolean;
  readonly average: number;
}

export const NAME: Letters = { size: 13, bold: true, average: 8 };
export const ROLE: Letters = { size: 11, bold: false, average: 6 };
export const TEXT: Letters = { size: 12, bold: false, average: 6.3 };

/** Of a name that is too long so many letters of its end stay: there stands the number that tells it from others. */
const TAIL = 4;
/** Widths that are remembered; names and states of one film are far fewer. */
const MOST = 5000;
const widths = new Map<string, number>();
let drawing: OffscreenCanvasRenderingContext2D | null | undefined;

/** Pixels of a text. */
export function widthOf(text: string, letters: Letters): number {
  const { size, bold, average } = letters;
  if (drawing === undefined) {
    drawing =
      typeof OffscreenCanvas === 'undefined'
        ? null
        : new OffscreenCanvas(1, 1).getContext('2d');
  }
  if (drawing === null) {
    return text.length * average;
  }
  const key = `${size} ${bold} ${text}`;
  let width = widths.get(key);
  if (width === undefined) {
    const family = getComputedStyle(document.body).fontFamily;
    drawing.font = `${bold ? 600 : 400} ${size}px ${family || 'sans-serif'}`;
    width = drawing.measureText(text).width;
    if (widths.size >= MOST) {
      widths.clear();
    }
    widths.set(key, width);
  }
  return width;
}

/** A sentence that fits; what is cut off at its end stands in the label and in the details. */
export function fitted(text: string, room: number, letters: Letters): string {
  return cut(text, room, letters, '');
}

/** A name that fits; it is cut in its middle. */
export function fittedName(
  name: string,
  room: number,
  letters: Letters
): string {
  return cut(name, room, letters, name.slice(-TAIL));
}

function cut(
  text: string,
  room: number,
  letters: Letters,
  tail: string
): string {
  if (widthOf(text, letters) <= room) {
    return text;
  }
  let [fits, fails] = [0, text.length];
  while (fails - fits > 1) {
    const half = Math.floor((fits + fails) / 2);
    const tried = `${text.slice(0, half)}…${tail}`;
    [fits, fails] =
      widthOf(tried, letters) <= room ? [half, fails] : [fits, half];
  }
  return `${text.slice(0, Math.max(1, fits)).trimEnd()}…${tail}`;
}
