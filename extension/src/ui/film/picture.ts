/** A drawn picture as a file for a report: its SVG with all that the stylesheet gives it, or a PNG of that. */

/** What the pictures take from the stylesheet. */
const STYLES = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'stroke-linecap',
  'stroke-linejoin',
  'opacity',
  'font-family',
  'font-size',
  'font-weight',
  'font-style',
  'text-anchor',
  'paint-order',
  'visibility',
  'display'
] as const;

/** Pixels of a PNG to those of the page. */
const SHARPNESS = 2;

/** Pixels around what is saved, and between the picture and its legend. */
const EDGE = 10;

/** A picture that stands alone. */
interface Saved {
  readonly text: string;
  readonly width: number;
  readonly height: number;
}

/** The picture as it is on the page now, standing alone. */
export function svgText(picture: SVGSVGElement): string {
  return savedOf(picture).text;
}

/**
 * The picture with what lies over it (`data-over`: where from the left), with the names beside it (`data-beside`)
 * and the legend below (`data-below`), which are HTML on the page.
 */
function savedOf(picture: SVGSVGElement): Saved {
  const copy = styled(picture);
  const over = picture.parentElement?.querySelectorAll<SVGSVGElement>(
    ':scope > svg[data-over]:not([data-out])'
  );
  for (const one of over ?? []) {
    const layer = drawnElement('g', {
      transform: `translate(${one.dataset.over} 0)`
    });
    layer.append(...styled(one).children);
    copy.append(layer);
  }
  const at = picture.getBoundingClientRect();
  const size = sizeOf(picture);
  let left = 0;
  let right = size.width;
  let bottom = size.height;
  const page = picture.closest('.pl-Picture-content');
  for (const beside of page?.querySelectorAll('[data-beside]') ?? []) {
    const box = beside.getBoundingClientRect();
    copy.append(...written(beside, at.left, at.top));
    left = Math.min(left, box.left - at.left);
    right = Math.max(right, box.right - at.left);
  }
  const below = page?.querySelector('[data-below]');
  if (below) {
    const box = below.getBoundingClientRect();
    copy.append(...written(below, box.left - left, box.top - bottom - EDGE));
    right = Math.max(right, left + box.width);
    bottom += EDGE + box.height;
  }
  const frame = {
    x: String(left - EDGE),
    y: String(-EDGE),
    width: String(right - left + 2 * EDGE),
    height: String(bottom + 2 * EDGE)
  };
  const { x, y, width, height } = frame;
  copy.setAttribute('width', width);
  copy.setAttribute('height', height);
  copy.setAttribute('viewBox', [x, y, width, height].join(' '));
  copy.prepend(drawnElement('rect', { ...frame, fill: groundOf(picture) }));
  return {
    text: new XMLSerializer().serializeToString(copy),
    width: Number(width),
    height: Number(height)
  };
}

/** The drawings and words of a piece of HTML as those of a picture whose corner is here. */
function written(box: Element, left: number, top: number): SVGElement[] {
  return [
    ...box.querySelectorAll<HTMLElement | SVGSVGElement>('svg, span')
  ].map(one => {
    const at = one.getBoundingClientRect();
    const x = at.left - left;
    const y = at.top - top;
    if (one instanceof SVGSVGElement) {
      const copy = styled(one);
      copy.setAttribute('x', String(x));
      copy.setAttribute('y', String(y));
      return copy;
    }
    const { color, fontFamily, fontSize, fontWeight } = getComputedStyle(one);
    const text = drawnElement('text', {
      x: String(x),
      // Where most fonts have their line.
      y: String(y + at.height / 2 + 0.36 * (parseFloat(fontSize) || 0))
    });
    text.style.setProperty('fill', color);
    text.style.setProperty('font-family', fontFamily);
    text.style.setProperty('font-size', fontSize);
    text.style.setProperty('font-weight', fontWeight);
    text.textContent = one.textContent;
    return text;
  });
}

function drawnElement(
  name: string,
  attributes: Readonly<Record<string, string>>
): SVGElement {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  return made;
}

/** A copy that needs no stylesheet. */
function styled(picture: SVGSVGElement): SVGSVGElement {
  const copy = picture.cloneNode(true) as SVGSVGElement;
  const from = [picture, ...picture.querySelectorAll<SVGElement>('*')];
  const to = [copy, ...copy.querySelectorAll<SVGElement>('*')];
  from.forEach((element, at) => {
    const style = getComputedStyle(element);
    const target = to[at];
    if (!target) {
      return;
    }
    for (const name of STYLES) {
      // Not as an attribute: where a page's policy lets no style of others in, that would be one.
      target.style.setProperty(name, style.getPropertyValue(name));
    }
    target.removeAttribute('tabindex');
    target.removeAttribute('class');
  });
  return copy;
}

/** The same, drawn. */
export async function pngOf(picture: SVGSVGElement): Promise<Blob> {
  const { text, width, height } = savedOf(picture);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = width * SHARPNESS;
  canvas.height = height * SHARPNESS;
  const context = canvas.getContext('2d');
  if (context === null) {
    throw new Error('This browser cannot draw the picture.');
  }
  context.scale(SHARPNESS, SHARPNESS);
  context.drawImage(image, 0, 0, width, height);
  return new Promise((resolve, reject) =>
    canvas.toBlob(
      blob =>
        blob
          ? resolve(blob)
          : reject(new Error('This browser cannot save the picture.')),
      'image/png'
    )
  );
}

/** Hands a file to the browser's downloads. */
export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

function sizeOf(picture: SVGSVGElement): { width: number; height: number } {
  return {
    width: Number(picture.getAttribute('width')) || 800,
    height: Number(picture.getAttribute('height')) || 500
  };
}

/** The first ground that can be seen behind the picture. */
function groundOf(picture: Element): string {
  for (
    let one: Element | null = picture;
    one !== null;
    one = one.parentElement
  ) {
    const colour = getComputedStyle(one).backgroundColor;
    if (colour && colour !== 'transparent' && !colour.endsWith(', 0)')) {
      return colour;
    }
  }
  return 'white';
}
