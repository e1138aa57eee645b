/** How waits are hatched, with ids of each picture's own. */

import * as React from 'react';

/** For the element around a timeline and its legend: the style sheet's `--pl-waits` and `--pl-caught`. */
export function hatchesOf(ids: string): React.CSSProperties {
  return {
    '--pl-waits': `url("#${ids}-waits")`,
    '--pl-caught': `url("#${ids}-caught")`
  } as React.CSSProperties;
}

/** Hatches, so that no meaning stands in colour alone. */
export function Patterns(props: { readonly ids: string }): React.JSX.Element {
  const { ids } = props;
  return (
    <defs>
      <Hatch id={`${ids}-waits`} ground="pl-Pattern-ground" lines="M0 0V6" />
      <Hatch
        id={`${ids}-caught`}
        ground="pl-Pattern-caught"
        lines="M0 0V6M0 3H6"
      />
    </defs>
  );
}

function Hatch(props: {
  readonly id: string;
  readonly ground: string;
  readonly lines: string;
}): React.JSX.Element {
  return (
    <pattern
      id={props.id}
      width="6"
      height="6"
      patternUnits="userSpaceOnUse"
      patternTransform="rotate(45)"
    >
      <rect className={props.ground} width="6" height="6" />
      <path className="pl-Pattern-line" d={props.lines} />
    </pattern>
  );
}
