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

/** The picture as it is on the page now, standing alone, with what lies over it (`data-over`: where from the left). */
export function svgText(picture: SVGSVGElement): string {
  const copy = styled(picture);
  const over = picture.parentElement?.querySelectorAll<SVGSVGElement>(
    ':scope > svg[data-over]:not([data-out])'
  );
  for (const one of over ?? []) {
    const layer = document.createElementNS('http://www.w3.org/2000/svg', 'g');
    layer.setAttribute('transform', `translate(${one.dataset.over} 0)`);
    layer.append(...styled(one).children);
    copy.append(layer);
  }
  const { width, height } = sizeOf(picture);
  copy.setAttribute('viewBox', `0 0 ${width} ${height}`);
  const ground = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  ground.setAttribute('width', '100%');
  ground.setAttribute('height', '100%');
  ground.setAttribute('fill', groundOf(picture));
  copy.insertBefore(ground, copy.firstChild);
  return new XMLSerializer().serializeToString(copy);
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
  const { width, height } = sizeOf(picture);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svgText(picture))}`;
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
