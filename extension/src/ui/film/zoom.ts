/** Zooming and panning a picture: wheel, drag and touch by d3-zoom; keys and buttons call the same. */

import { select } from 'd3-selection';
import {
  zoom,
  zoomIdentity,
  type ZoomBehavior,
  type ZoomTransform
} from 'd3-zoom';
import * as React from 'react';

export interface Zooming {
  readonly transform: ZoomTransform;
  /** Grows by a factor around a point, the middle without one. */
  by(factor: number, around?: [number, number]): void;
  /** Moves by so many pixels. */
  pan(x: number, y: number): void;
  /** Shows exactly this; all without it. */
  to(transform?: ZoomTransform): void;
}

export interface ZoomOptions {
  readonly width: number;
  readonly height: number;
  readonly scale: readonly [number, number];
  /** What may be seen at all; without it the picture can be pushed anywhere. */
  readonly within?: readonly [
    readonly [number, number],
    readonly [number, number]
  ];
  /** Whether this event zooms or pans; others are left to the page. */
  readonly takes?: (event: Event) => boolean;
}

export function useZoom(
  ref: React.RefObject<SVGSVGElement>,
  options: ZoomOptions
): Zooming {
  const [transform, setTransform] = React.useState<ZoomTransform>(zoomIdentity);
  const behaviour = React.useRef<ZoomBehavior<SVGSVGElement, unknown>>();
  const takes = React.useRef(options.takes);
  takes.current = options.takes;
  const { width, height, scale, within } = options;
  React.useEffect(() => {
    if (ref.current === null) {
      return;
    }
    const made = zoom<SVGSVGElement, unknown>()
      .extent([
        [0, 0],
        [width, height]
      ])
      .scaleExtent([...scale])
      .filter((event: MouseEvent) => {
        const own = !event.button && (takes.current?.(event) ?? true);
        return own && (!event.ctrlKey || event.type === 'wheel');
      })
      .on('zoom', (event: { transform: ZoomTransform }) =>
        setTransform(event.transform)
      );
    behaviour.current = made;
    const chosen = select(ref.current);
    // A double click is the page's own.
    chosen.call(made).on('dblclick.zoom', null);
    if (within) {
      made.translateExtent([[...within[0]], [...within[1]]]);
    }
    return () => {
      chosen.on('.zoom', null);
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the numbers in it, not the arrays
  }, [ref, width, height, ...scale, ...(within?.flat() ?? [])]);
  return React.useMemo(() => {
    const act = (
      run: (
        made: ZoomBehavior<SVGSVGElement, unknown>,
        on: ReturnType<typeof select<SVGSVGElement, unknown>>
      ) => void
    ) => {
      if (behaviour.current && ref.current) {
        run(behaviour.current, select(ref.current));
      }
    };
    return {
      transform,
      by: (factor, around) =>
        act((made, on) => made.scaleBy(on, factor, around)),
      pan: (x, y) =>
        act((made, on) =>
          made.translateBy(on, x / transform.k, y / transform.k)
        ),
      to: (wanted = zoomIdentity) =>
        act((made, on) => made.transform(on, wanted))
    };
  }, [transform, ref]);
}

/** What the ids within one picture begin with: a page may show several, and those of a hidden one draw nothing. */
export function useDrawingId(): string {
  return `pl-${React.useId().replace(/\W/g, '')}`;
}

/** The size of an element, as it changes; a usual one until it is known. */
export function useSize(ref: React.RefObject<HTMLElement>): {
  readonly width: number;
  readonly height: number;
} {
  const [size, setSize] = React.useState({ width: 800, height: 500 });
  React.useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) {
      return;
    }
    const measure = () => {
      const { clientWidth: width, clientHeight: height } = element;
      if (width > 0 && height > 0) {
        setSize(old =>
          old.width === width && old.height === height ? old : { width, height }
        );
      }
    };
    measure();
    if (typeof ResizeObserver === 'undefined') {
      return;
    }
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref]);
  return size;
}
