/** Lines put in order: drawn to their place, or moved with buttons, by mouse and by keyboard alike. */

import * as React from 'react';
import { Button } from './controls';
import type { Kit } from './kit';
import { Text } from './text';

export interface Line {
  readonly id: string;
  readonly text: string;
}

export interface OrderProps {
  /** All lines, in the server's order. */
  readonly lines: readonly Line[];
  /** The ids chosen so far, in the learner's order. */
  readonly chosen: readonly string[];
  /** Lines of code, some of which may belong nowhere: the learner picks as well as orders. */
  readonly picking: boolean;
  readonly label: string;
  readonly off: boolean;
  readonly onChange: (chosen: readonly string[]) => void;
  readonly kit: Kit;
}

type Move = 'up' | 'down';

export function Order(props: OrderProps): React.JSX.Element {
  const { lines, chosen, picking, off, onChange, kit } = props;
  const { trans } = kit;
  const [moved, setMoved] = React.useState<{ id: string; by: Move } | null>(
    null
  );
  const list = React.useRef<HTMLOListElement>(null);
  const textOf = (id: string) => lines.find(line => line.id === id)?.text ?? id;
  const rest = lines.filter(line => !chosen.includes(line.id));

  // Moving a line in the page takes the focus away; the button that moved it gets it back.
  React.useEffect(() => {
    if (moved) {
      const at = chosen.indexOf(moved.id);
      const item = list.current?.children[at];
      const button = item?.querySelector<HTMLElement>(
        `[data-move="${moved.by}"] button`
      );
      button?.focus();
    }
  }, [moved, chosen]);

  const move = (at: number, by: Move) => {
    const to = by === 'up' ? at - 1 : at + 1;
    const next = [...chosen];
    const [id] = next.splice(at, 1);
    if (id !== undefined) {
      next.splice(to, 0, id);
      setMoved({ id, by });
      onChange(next);
    }
  };
  const at = moved ? chosen.indexOf(moved.id) : -1;
  const drag = useDragging(off, (id, before) => {
    const others = chosen.filter(one => one !== id);
    const to = before === null ? others.length : others.indexOf(before);
    onChange([...others.slice(0, to), id, ...others.slice(to)]);
  });

  return (
    <div className="pl-Order" role="group" aria-label={props.label}>
      <ol className="pl-Order-lines" ref={list} {...drag.over(null)}>
        {chosen.map((id, index) => (
          <li
            key={id}
            className="pl-Order-line"
            data-line={id}
            {...drag.of(id)}
            {...drag.over(id)}
          >
            <Grip />
            {picking ? (
              <Program text={textOf(id)} />
            ) : (
              <span className="pl-Order-text">
                <Text text={textOf(id)} />
              </span>
            )}
            <span className="pl-Order-buttons">
              <span data-move="up">
                <Button
                  kind="quiet"
                  off={off || index === 0}
                  label={trans.__('Move up: %1', textOf(id))}
                  onClick={() => move(index, 'up')}
                >
                  ↑
                </Button>
              </span>
              <span data-move="down">
                <Button
                  kind="quiet"
                  off={off || index === chosen.length - 1}
                  label={trans.__('Move down: %1', textOf(id))}
                  onClick={() => move(index, 'down')}
                >
                  ↓
                </Button>
              </span>
              {picking ? (
                <Button
                  kind="quiet"
                  off={off}
                  label={trans.__('Take out: %1', textOf(id))}
                  onClick={() => onChange(chosen.filter(one => one !== id))}
                >
                  ✕
                </Button>
              ) : null}
            </span>
          </li>
        ))}
      </ol>
      {picking && chosen.length === 0 ? (
        <p className="pl-Empty" {...drag.over(null)}>
          {trans.__('Add the first line.')}
        </p>
      ) : null}
      {picking && rest.length > 0 ? (
        <>
          <p>{trans.__('Lines to choose from; not all of them are needed')}</p>
          <ul className="pl-Order-lines">
            {rest.map(line => (
              <li
                key={line.id}
                className="pl-Order-line"
                data-line={line.id}
                {...drag.of(line.id)}
              >
                <Grip />
                <Program text={line.text} />
                <span className="pl-Order-buttons">
                  <Button
                    kind="quiet"
                    off={off}
                    label={trans.__('Add: %1', line.text)}
                    onClick={() => onChange([...chosen, line.id])}
                  >
                    {trans.__('Add')}
                  </Button>
                </span>
              </li>
            ))}
          </ul>
        </>
      ) : null}
      <span className="pl-Hidden" aria-live="polite">
        {moved && at >= 0
          ? trans.__(
              'Line %1 of %2: %3',
              String(at + 1),
              String(chosen.length),
              textOf(moved.id)
            )
          : ''}
      </span>
    </div>
  );
}

/**
 * A line of Python: too long for the room, it goes on below itself, so that its indent can still be seen. A padding
 * stands for the spaces: a word that has no room behind them would leave their line empty.
 */
function Program(props: { readonly text: string }): React.JSX.Element {
  const line = props.text.trimStart();
  const indent = props.text.length - line.length;
  return (
    <code style={{ '--pl-indent': indent } as React.CSSProperties}>{line}</code>
  );
}

/** Says to the eye that a line can be drawn; whoever does not see has the buttons. */
function Grip(): React.JSX.Element {
  return (
    <span className="pl-Order-grip" aria-hidden="true">
      ⠿
    </span>
  );
}

interface Dragging {
  /** What makes a line one that can be drawn. */
  readonly of: (id: string) => React.HTMLAttributes<HTMLElement>;
  /** What takes one that is let go of: before this line, or with null at the end. */
  readonly over: (before: string | null) => React.HTMLAttributes<HTMLElement>;
}

/** Drawing lines with the mouse. Only lines of this list are taken: no file, and nothing of another list. */
function useDragging(
  off: boolean,
  drop: (id: string, before: string | null) => void
): Dragging {
  const [dragged, setDragged] = React.useState<string | null>(null);
  const [place, setPlace] = React.useState<string | null | undefined>();
  const end = () => {
    setDragged(null);
    setPlace(undefined);
  };
  const marks = (on: boolean, name: string) =>
    on ? { [`data-${name}`]: 'true' } : {};
  return {
    of: id => ({
      draggable: !off,
      onDragStart: event => {
        event.stopPropagation();
        event.dataTransfer.effectAllowed = 'move';
        setDragged(id);
      },
      onDragEnd: end,
      ...marks(dragged === id, 'dragged')
    }),
    over: before => ({
      onDragOver: event => {
        if (dragged !== null && dragged !== before) {
          event.preventDefault();
          event.stopPropagation();
          setPlace(before);
        }
      },
      onDrop: event => {
        if (dragged !== null && dragged !== before) {
          event.preventDefault();
          event.stopPropagation();
          drop(dragged, before);
          end();
        }
      },
      ...marks(
        dragged !== null && place === before && dragged !== before,
        'over'
      )
    })
  };
}
