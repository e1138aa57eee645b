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
      <pattern
        id={`${ids}-waits`}
        width="6"
        height="6"
        patternUnits="userSpaceOnUse"
        patternTransform="rotate(45)"
      >
        <rect className="pl-Pattern-ground" width="6" height="6" />
        <path className="pl-Pattern-line" d="M0 0V6" />
      </pattern>
      <pattern
        id={`${ids}-caught`}
        width="6"
        height="6"
        patternUnits="userSpaceOnUse"
        patternTransform="rotate(45)"
      >
        <rect className="pl-Pattern-caught" width="6" height="6" />
        <path className="pl-Pattern-line" d="M0 0V6M0 3H6" />
      </pattern>
    </defs>
  );
}
