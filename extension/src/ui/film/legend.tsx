/** What the signs of a picture mean. */

import * as React from 'react';
import type { Film, FilmMark } from '../../core';
import type { Kit } from '../kit';
import type { Tab } from './head';
import { ActShape } from './shapes';
import { actText } from './words';

// What time does not change is not drawn anew in each frame.
export const Legend = React.memo(LegendLine);

/** Of signs that this film has none of, nothing is said. */
function LegendLine(props: {
  readonly tab: Tab;
  readonly film: Film;
  readonly kit: Kit;
}): React.JSX.Element {
  const { tab, film } = props;
  const { trans } = props.kit;
  const bare = film.objects.length === 0;
  const isHeld = film.states.some(one => one.holders.length > 0);
  const lines: [string, React.JSX.Element][] =
    tab === 'map'
      ? [
          [
            bare ? trans.__('has started') : trans.__('has to do with'),
            <Line key="1" tie="uses" />
          ],
          ...(isHeld
            ? [sign(trans.__('held by'), <Line key="2" tie="holds" />)]
            : []),
          ...(film.waits.length > 0
            ? [sign(trans.__('waits for'), <Line key="3" tie="waits" />)]
            : [])
        ]
      : [
          [trans.__('is starting'), <Swatch key="1" kind="start" />],
          [trans.__('alive'), <Swatch key="2" kind="run" />],
          ...(film.waits.length > 0
            ? [sign(trans.__('waits'), <Swatch key="3" kind="wait" />)]
            : []),
          ...(film.deadlocks.length > 0
            ? [
                sign(
                  trans.__('waits in a deadlock'),
                  <Swatch key="4" kind="caught" />
                )
              ]
            : []),
          ...(isHeld
            ? [sign(trans.__('holds it'), <Swatch key="5" kind="hold" />)]
            : []),
          ...(film.states.some(one => one.left_out) ||
          film.left_out.some(gap => gap.what === 'waits')
            ? [
                sign(
                  trans.__('left out here'),
                  <Swatch key="6" kind="left-out" />
                )
              ]
            : []),
          ...[...new Set(film.marks.map(one => one.act))].map(act =>
            sign(actText(act, trans), <Deed key={act} act={act} />)
          )
        ];
  return (
    <ul className="pl-Legend" aria-label={trans.__('Legend')} data-below>
      {lines.map(([text, shape]) => (
        <li key={text}>
          {shape} <span>{text}</span>
        </li>
      ))}
    </ul>
  );
}

function sign(
  text: string,
  shape: React.JSX.Element
): [string, React.JSX.Element] {
  return [text, shape];
}

function Deed(props: { readonly act: FilmMark['act'] }): React.JSX.Element {
  return (
    <svg width="14" height="14" viewBox="-7 -7 14 14" aria-hidden="true">
      <g className="pl-Mark">
        <ActShape act={props.act} />
      </g>
    </svg>
  );
}

function Line(props: { readonly tie: string }): React.JSX.Element {
  return (
    <svg width="34" height="12" aria-hidden="true">
      <path className="pl-Edge" data-tie={props.tie} d="M1 6H27" />
      {props.tie === 'uses' ? null : (
        <path
          className={`pl-Arrow pl-mod-${props.tie}`}
          d="M25 1 34 6 25 11z"
        />
      )}
    </svg>
  );
}

/** What each kind of sign is drawn as. */
const SWATCHES = {
  start: 'pl-Life-start',
  run: 'pl-Life-run',
  wait: 'pl-Life-wait',
  caught: 'pl-Life-wait',
  hold: 'pl-Hold',
  'left-out': 'pl-LeftOut'
} as const;

function Swatch(props: {
  readonly kind: keyof typeof SWATCHES;
}): React.JSX.Element {
  const thin = props.kind === 'start';
  return (
    <svg width="26" height="14" aria-hidden="true">
      <rect
        className={SWATCHES[props.kind]}
        data-caught={props.kind === 'caught' || undefined}
        width="26"
        y={thin ? 5 : 0}
        height={thin ? 4 : 14}
        rx="2"
      />
    </svg>
  );
}
