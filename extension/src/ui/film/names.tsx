/** The column of the timeline's names, beside the picture. */

import * as React from 'react';
import { fittedRow, nameOf, ROW, TOP, type Row } from './rows';
import { LaneShape, ObjectShape } from './shapes';
import type { Words } from './words';

export function Names(props: {
  readonly rows: readonly Row[];
  readonly words: Words;
  readonly width: number;
  /** What the ids of the rows begin with. */
  readonly ids: string;
  readonly active: number;
  readonly selected: string | null;
  readonly marked: ReadonlySet<string>;
  readonly onPick: (id: string, at: number) => void;
}): React.JSX.Element {
  const { rows, words, width, selected } = props;
  return (
    <ul className="pl-Timeline-names" style={{ width }} data-beside>
      {/* Over the names as they are scrolled, as what stands above the lanes. */}
      <li
        className="pl-Timeline-corner"
        style={{ height: TOP }}
        aria-hidden="true"
      />
      {rows.map((one, at) => (
        <li
          key={one.id}
          id={`${props.ids}-row-${at}`}
          className="pl-Timeline-name"
          data-active={at === props.active || undefined}
          data-chosen={selected === one.id || undefined}
          data-marked={props.marked.has(one.id) || undefined}
          style={{ height: ROW }}
        >
          <button
            type="button"
            tabIndex={-1}
            title={nameOf(one, words)}
            aria-label={nameOf(one, words)}
            aria-pressed={selected === one.id}
            onClick={() => props.onPick(one.id, at)}
          >
            <svg
              width="18"
              height="18"
              viewBox="-9 -9 18 18"
              aria-hidden="true"
            >
              {one.lane ? (
                <LaneShape kind={one.lane.kind} />
              ) : (
                <ObjectShape kind={one.object.kind} />
              )}
            </svg>
            <span>{fittedRow(one, words, width)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
