/** The rows of nodes.ts as an accessible treegrid: one row has the focus, arrow keys move it, fold and unfold. */

import * as React from 'react';
import { FAILED } from './glyph';
import type { Kit } from './kit';
import { rowsOf, type LiveMark, type Node, type Row } from './nodes';

export interface TreeProps {
  readonly root: Node;
  readonly label: string;
  /** Nothing moves any more. */
  readonly frozen: boolean;
  /** The buttons of a row. Only the row that has the focus lets Tab reach them. */
  readonly actions: (node: Node, tabIndex: 0 | -1) => React.ReactNode;
  readonly kit: Kit;
}

/** Rows that Page Up and Page Down move by. */
const PAGE = 10;

export function Tree(props: TreeProps): React.JSX.Element {
  const { root, label, frozen, kit } = props;
  const [turned, setTurned] = React.useState<ReadonlySet<string>>(new Set());
  const [current, setCurrent] = React.useState('kernel');
  const grid = React.useRef<HTMLDivElement>(null);
  const within = React.useRef(false);
  const isOpen = (node: Node) => node.open !== turned.has(node.id);
  const rows = rowsOf(root, isOpen);
  const at = Math.max(
    rows.findIndex(row => row.node.id === current),
    0
  );

  const rowElement = (id: string) =>
    [...(grid.current?.querySelectorAll<HTMLElement>('[data-row]') ?? [])].find(
      one => one.dataset.row === id
    );
  const go = (to: number) => {
    const row = rows[Math.min(Math.max(to, 0), rows.length - 1)];
    if (row) {
      setCurrent(row.node.id);
      rowElement(row.node.id)?.focus();
    }
  };
  const turn = (node: Node) => {
    const next = new Set(turned);
    if (!next.delete(node.id)) {
      next.add(node.id);
    }
    setTurned(next);
  };
  // The row that had the focus may be gone with its process.
  React.useEffect(() => {
    if (within.current && document.activeElement === document.body) {
      rowElement(rows[at]?.node.id ?? 'kernel')?.focus();
    }
  });

  const onKey = (event: React.KeyboardEvent, row: Row) => {
    const onRow = event.target === event.currentTarget;
    const here = rows.indexOf(row);
    const { node } = row;
    const folds = node.children.length > 0;
    const button = (event.currentTarget as HTMLElement).querySelector('button');
    const keys: Record<string, () => void> = {
      ArrowDown: () => go(here + 1),
      ArrowUp: () => go(here - 1),
      Home: () => go(0),
      End: () => go(rows.length - 1),
      PageDown: () => go(here + PAGE),
      PageUp: () => go(here - PAGE),
      ArrowRight: () => {
        if (folds && !isOpen(node)) {
          turn(node);
        } else if (button && onRow) {
          button.focus();
        } else if (folds) {
          go(here + 1);
        }
      },
      ArrowLeft: () => {
        if (!onRow) {
          go(here);
        } else if (folds && isOpen(node)) {
          turn(node);
        } else if (row.parent !== null) {
          go(rows.findIndex(one => one.node.id === row.parent));
        }
      }
    };
    if (onRow && folds) {
      keys.Enter = keys[' '] = () => turn(node);
    }
    const act = keys[event.key];
    if (act && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      event.stopPropagation();
      act();
    }
  };

  return (
    <div
      className="pl-Tree"
      role="treegrid"
      aria-label={label}
      data-frozen={frozen}
      ref={grid}
      onFocus={() => (within.current = true)}
      onBlur={event => (within.current = event.relatedTarget === null)}
    >
      <div role="row" className="pl-Hidden">
        <span role="columnheader">{kit.trans.__('Who')}</span>
        <span role="columnheader">{kit.trans.__('What it does')}</span>
        <span role="columnheader">{kit.trans.__('Actions')}</span>
      </div>
      {rows.map(row => (
        <TreeRow
          {...props}
          key={row.node.id}
          row={row}
          open={isOpen(row.node)}
          here={rows[at] === row}
          onTurn={() => turn(row.node)}
          onKey={event => onKey(event, row)}
          onFocus={() => setCurrent(row.node.id)}
        />
      ))}
    </div>
  );
}

interface RowProps extends TreeProps {
  readonly row: Row;
  readonly open: boolean;
  readonly here: boolean;
  readonly onTurn: () => void;
  readonly onKey: (event: React.KeyboardEvent) => void;
  readonly onFocus: () => void;
}

function TreeRow(props: RowProps): React.JSX.Element {
  const { row, open, here } = props;
  const { node } = row;
  const folds = node.children.length > 0;
  return (
    <div
      role="row"
      className="pl-Tree-row"
      data-row={node.id}
      data-mark={node.mark}
      aria-level={row.level}
      aria-posinset={row.at}
      aria-setsize={row.of}
      aria-expanded={folds ? open : undefined}
      tabIndex={here ? 0 : -1}
      style={{ '--pl-level': row.level - 1 } as React.CSSProperties}
      onKeyDown={props.onKey}
      onFocus={props.onFocus}
    >
      <span role="gridcell" className="pl-Tree-who">
        <span
          className="pl-Tree-fold"
          data-folds={folds}
          data-open={open}
          aria-hidden="true"
          onClick={folds ? props.onTurn : undefined}
        />
        <LiveGlyph mark={node.mark} />
        <span>
          <span className="pl-Tree-name">{node.name}</span>
          {node.kind ? <span className="pl-Muted"> {node.kind}</span> : null}
          {node.pid ? (
            <>
              {' '}
              <span className="pl-Muted pl-Tree-pid">{node.pid}</span>
            </>
          ) : null}
        </span>
      </span>
      <span role="gridcell" className="pl-Tree-fact">
        {node.fact}
        {node.error ? (
          <span className="pl-Tree-error">{node.error}</span>
        ) : null}
      </span>
      <span role="gridcell" className="pl-Tree-actions">
        {props.actions(node, here ? 0 : -1)}
      </span>
    </div>
  );
}

/** Each inside a 16 × 16 box, told apart by outline alone; the words beside it say the same. */
const SHAPES: Record<LiveMark, React.JSX.Element> = {
  idle: <circle cx="8" cy="8" r="5" />,
  starting: <circle cx="8" cy="8" r="5" strokeDasharray="2.2 2.2" />,
  running: <path d="M4.5 2.5v11l9-5.5z" className="pl-Glyph-fill" />,
  waiting: (
    <path d="M3.5 2h9M3.5 14h9M4.5 2c0 4 7 8 7 12M11.5 2c0 4-7 8-7 12" />
  ),
  ended: <rect x="3.5" y="3.5" width="9" height="9" rx="1" />,
  failed: FAILED
};

function LiveGlyph(props: { readonly mark: LiveMark }): React.JSX.Element {
  return (
    <svg
      className="pl-Glyph pl-LiveGlyph"
      data-mark={props.mark}
      viewBox="0 0 16 16"
      aria-hidden="true"
      focusable="false"
    >
      {SHAPES[props.mark]}
    </svg>
  );
}
