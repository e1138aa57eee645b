/** Above the picture: which view, which run, and what can be saved or opened. */

import * as React from 'react';
import type { Reel } from '../../core/film';
import { Button } from '../controls';
import type { Kit } from '../kit';
import { FindBar, type FindBarProps } from './findbar';
import { Menu } from './menu';
import { download, pngOf, svgText } from './picture';

export type Tab = 'map' | 'timeline';

export interface HeadProps extends Pick<FindBarProps, 'words' | 'onFound'> {
  readonly tab: Tab;
  readonly onTab: (tab: Tab) => void;
  readonly onLoad: (run?: number) => void;
  /** Opens a file that the reader has chosen; without it, none can be chosen. */
  readonly onOpen?: (file: File) => void;
  /** What a step of the lab is called, by its id; without it, by the id. */
  readonly stepName?: (step: string) => string;
  readonly kit: Kit;
  readonly reel: Reel;
  /** There is nobody to be seen yet. */
  readonly empty: boolean;
  readonly asTable: boolean;
  readonly onTable: (on: boolean) => void;
  readonly picture: React.RefObject<SVGSVGElement>;
}

// What time does not change is not drawn anew in each frame.
export const Head = React.memo(HeadRow);

function HeadRow(props: HeadProps): React.JSX.Element {
  const { reel, tab, onTab, onLoad, onOpen, kit, asTable } = props;
  const { stepName = step => step } = props;
  const { trans } = kit;
  const { film } = reel;
  const file = React.useRef<HTMLInputElement>(null);
  const run = React.useId();
  const runs = film.cells.filter(
    cell => cell.lanes > 0 || cell.run === film.run
  );
  const name = (film.title || 'parallab').replace(/[^\p{L}\p{N}]+/gu, '-');
  const [failed, setFailed] = React.useState('');
  const save = (kind: 'film' | 'svg' | 'png') => {
    setFailed('');
    const drawn = props.picture.current;
    if (kind === 'film') {
      const text = JSON.stringify(film);
      download(
        new Blob([text], { type: 'application/json' }),
        `${name}.film.json`
      );
    } else if (drawn && kind === 'svg') {
      download(
        new Blob([svgText(drawn)], { type: 'image/svg+xml' }),
        `${name}-${tab}.svg`
      );
    } else if (drawn) {
      pngOf(drawn).then(
        blob => download(blob, `${name}-${tab}.png`),
        (error: unknown) =>
          setFailed(error instanceof Error ? error.message : String(error))
      );
    }
  };
  return (
    <div className="pl-Picture-head">
      <div
        role="group"
        aria-label={trans.__('What to show')}
        className="pl-Tabs"
      >
        {(['map', 'timeline'] as const).map(one => (
          <button
            key={one}
            type="button"
            className="pl-Button pl-Tab"
            aria-pressed={tab === one}
            onClick={() => onTab(one)}
          >
            {one === 'map' ? trans.__('Map') : trans.__('Timeline')}
          </button>
        ))}
        <button
          type="button"
          className="pl-Button pl-Tab pl-mod-table"
          aria-pressed={asTable}
          onClick={() => props.onTable(!asTable)}
        >
          {trans.__('As a table')}
        </button>
      </div>
      {film.kernel_id && runs.length > 0 ? (
        <label htmlFor={run} className="pl-Picture-run">
          {trans.__('Which run')}
          <select
            id={run}
            value={String(film.run)}
            onChange={event => onLoad(Number(event.target.value))}
          >
            {runs.map(cell => (
              <option key={cell.run} value={String(cell.run)}>
                {cell.step
                  ? trans.__(
                      'Cell [%1], %2',
                      String(cell.number),
                      stepName(cell.step)
                    )
                  : trans.__('Cell [%1]', String(cell.number))}
              </option>
            ))}
            <option value="0">{trans.__('All cells')}</option>
          </select>
        </label>
      ) : null}
      <Menu label={onOpen ? trans.__('Save and open') : trans.__('Save')}>
        <Button kind="quiet" onClick={() => save('film')}>
          {trans.__('Save the film')}
        </Button>
        {onOpen ? (
          <Button kind="quiet" onClick={() => file.current?.click()}>
            {trans.__('Open a film…')}
          </Button>
        ) : null}
        <Button kind="quiet" off={asTable} onClick={() => save('svg')}>
          {trans.__('Save the picture as SVG')}
        </Button>
        <Button kind="quiet" off={asTable} onClick={() => save('png')}>
          {trans.__('Save the picture as PNG')}
        </Button>
      </Menu>
      {onOpen ? (
        <input
          ref={file}
          type="file"
          accept=".json,application/json"
          className="pl-Hidden"
          tabIndex={-1}
          aria-label={trans.__('Open a film…')}
          onChange={event => {
            const chosen = event.target.files?.[0];
            event.target.value = '';
            if (chosen) {
              onOpen(chosen);
            }
          }}
        />
      ) : null}
      {asTable || props.empty ? null : (
        <FindBar words={props.words} onFound={props.onFound} kit={kit} />
      )}
      {failed ? (
        <p role="alert" className="pl-Picture-failed">
          {failed}
        </p>
      ) : null}
    </div>
  );
}
