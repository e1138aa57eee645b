/** What Parallab can see here: folded away, with one line up front when something is missing. */

import * as React from 'react';
import type { Capabilities, KernelState } from '../core';
import { Notice } from './controls';
import { Glyph } from './glyph';
import type { Kit } from './kit';

export interface SightProps {
  readonly sight: Capabilities | null;
  /** The kernel in front, of which more may be out of sight than of the machine. */
  readonly kernel: KernelState | null;
  readonly kit: Kit;
}

export function SightWarning(props: SightProps): React.JSX.Element | null {
  const { trans } = props.kit;
  const missing = (props.sight?.capabilities ?? []).filter(one => !one.can);
  return missing.length > 0 ? (
    <Notice
      tone="warning"
      title={trans.__('Parallab cannot see everything here.')}
    >
      <p>
        {trans.__(
          'Hidden: %1. Goals that need it stay undecided; that does not count against you. The reasons stand at the end of this page.',
          missing.map(one => one.what).join(', ')
        )}
      </p>
    </Notice>
  ) : null;
}

export function Sight(props: SightProps): React.JSX.Element | null {
  const { sight, kernel, kit } = props;
  const { trans } = kit;
  const gaps = kernel?.cannot_tell ?? [];
  if (sight === null && gaps.length === 0) {
    return null;
  }
  return (
    <details className="pl-Sight">
      <summary>{trans.__('What Parallab can see here')}</summary>
      <ul className="pl-Sight-list">
        {(sight?.capabilities ?? []).map(one => (
          <li key={one.what} className="pl-Sight-line">
            <Glyph mark={one.can ? 'passed' : 'undecided'} />
            <span>
              {one.what}
              <span className="pl-Muted">
                {one.can
                  ? trans.__(': can be seen')
                  : trans.__(': cannot be seen. %1', one.why)}
              </span>
            </span>
          </li>
        ))}
      </ul>
      {gaps.length > 0 ? (
        <>
          <p>{trans.__('Of the kernel in front:')}</p>
          <ul className="pl-Sight-gaps">
            {gaps.map(text => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </>
      ) : null}
      <p className="pl-Muted">
        {trans.__(
          'Parallab looks at the kernels of its labs and at what they start. What it cannot see it calls undecided, and never a mistake.'
        )}
      </p>
    </details>
  );
}
