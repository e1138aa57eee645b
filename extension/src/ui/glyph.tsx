/** A mark as a shape; the words beside it say the same, so the shape is hidden from readers. */

import * as React from 'react';
import type { Mark } from '../core';
import type { Trans } from './kit';

/** A square with a cross in it. */
export const FAILED = (
  <>
    <rect
      x="1.5"
      y="1.5"
      width="13"
      height="13"
      rx="2"
      className="pl-Glyph-fill"
    />
    <path d="m5 5 6 6m0-6-6 6" className="pl-Glyph-on" />
  </>
);

/** Each inside a 16 × 16 box, told apart by outline alone. */
const SHAPES: Record<Mark, React.JSX.Element> = {
  'not-attempted': <circle cx="8" cy="8" r="6" />,
  passed: (
    <>
      <circle cx="8" cy="8" r="7" className="pl-Glyph-fill" />
      <path d="M4.5 8.5 7 11l4.5-5.5" className="pl-Glyph-on" />
    </>
  ),
  assisted: (
    <>
      <circle cx="8" cy="8" r="6.5" strokeDasharray="2.5 2" />
      <path d="M4.5 8.5 7 11l4.5-5.5" />
    </>
  ),
  failed: FAILED,
  undecided: (
    <>
      <path d="M8 1 15 8 8 15 1 8z" />
      <path d="M6.3 6.5a1.7 1.7 0 1 1 2.6 1.5c-.6.4-.9.7-.9 1.3M8 11.2v.2" />
    </>
  ),
  broken: (
    <>
      <path d="M8 1.5 15 14H1z" />
      <path d="M8 6v4m0 2v.2" />
    </>
  )
};

export function Glyph(props: { readonly mark: Mark }): React.JSX.Element {
  return (
    <svg
      className="pl-Glyph"
      data-mark={props.mark}
      viewBox="0 0 16 16"
      aria-hidden="true"
      focusable="false"
    >
      {SHAPES[props.mark]}
    </svg>
  );
}

export function markText(mark: Mark, trans: Trans): string {
  const texts: Record<Mark, string> = {
    'not-attempted': trans.__('Not attempted'),
    passed: trans.__('Passed'),
    assisted: trans.__('Passed with the solution shown'),
    failed: trans.__('Not yet'),
    undecided: trans.__('Undecided'),
    broken: trans.__('Check broken')
  };
  return texts[mark];
}
