/** The buttons that zoom a picture, in its corner. */

import * as React from 'react';
import type { Kit } from '../kit';

export function ZoomButtons(props: {
  readonly kit: Kit;
  readonly onIn: () => void;
  readonly onOut: () => void;
  readonly onAll: () => void;
}): React.JSX.Element {
  const { trans } = props.kit;
  return (
    <div className="pl-ZoomButtons" role="group" aria-label={trans.__('Zoom')}>
      <button
        type="button"
        className="pl-Button"
        aria-label={trans.__('Zoom in')}
        onClick={props.onIn}
      >
        +
      </button>
      <button
        type="button"
        className="pl-Button"
        aria-label={trans.__('Zoom out')}
        onClick={props.onOut}
      >
        −
      </button>
      <button type="button" className="pl-Button" onClick={props.onAll}>
        {trans.__('Show all')}
      </button>
    </div>
  );
}
