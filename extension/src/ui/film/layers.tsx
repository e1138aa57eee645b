/** What lies over the timeline: the moment shown, the one under the pointer, and the span that is measured. */

import * as React from 'react';
import type { Span } from './measure';
import type { Scale } from './rows';
import type { Words } from './words';

/** The width of the cursor's own picture. */
const CURSOR = 14;

/**
 * The moment shown. It lies over the picture, in a layer of its own: moved as a part of the picture, it would
 * have half of that painted anew in each frame. An export puts it back in (`data-over`).
 */
export function Cursor(props: {
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

/** The moment under the pointer. It follows by itself, so that nothing else is drawn anew for it. */
export function Crosshair(props: {
  readonly over: React.RefObject<SVGSVGElement>;
  readonly scale: Scale;
  readonly words: Words;
  readonly width: number;
  readonly height: number;
}): React.JSX.Element | null {
  const { over, scale, words, width, height } = props;
  const [x, setX] = React.useState<number | null>(null);
  // How far the lanes are scrolled: its time stands where it can be seen.
  const [top, setTop] = React.useState(0);
  React.useEffect(() => {
    const picture = over.current;
    const moved = (event: PointerEvent) => {
      const left = picture?.getBoundingClientRect().left ?? 0;
      setX(event.pointerType === 'touch' ? null : event.clientX - left);
      setTop(picture?.closest('.pl-Timeline-scroll')?.scrollTop ?? 0);
    };
    const left = () => setX(null);
    picture?.addEventListener('pointermove', moved);
    picture?.addEventListener('pointerleave', left);
    return () => {
      picture?.removeEventListener('pointermove', moved);
      picture?.removeEventListener('pointerleave', left);
    };
  }, [over]);
  const { begin, end } = words.reel.film;
  const time = x === null ? null : scale.invert(x);
  if (x === null || time === null || time < begin || time > end) {
    return null;
  }
  const near = x > width - 70;
  return (
    <svg className="pl-Crosshair" width={width} height={height} aria-hidden>
      <path d={`M${x} 0V${height}`} />
      <text
        x={near ? x - 5 : x + 5}
        y={top + 12}
        textAnchor={near ? 'end' : 'start'}
      >
        {words.time(time)}
      </text>
    </svg>
  );
}

/** What lies within, over the picture. */
export function SpanShade(props: {
  readonly span: Span;
  readonly scale: Scale;
  readonly width: number;
  readonly height: number;
}): React.JSX.Element {
  const { span, scale, width, height } = props;
  const left = Math.max(-2, scale(span.begin));
  const right = Math.min(width + 2, scale(span.end));
  return (
    <svg
      className="pl-Span"
      width={width}
      height={height}
      data-over="0"
      aria-hidden="true"
    >
      <rect x={left} width={Math.max(0, right - left)} height={height} />
    </svg>
  );
}
