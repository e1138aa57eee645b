/** A field that finds a process, a thread, a thing or a deed, one after the other, as a browser finds words. */

import * as React from 'react';
import { Button } from '../controls';
import type { Kit } from '../kit';
import { findable, matching, type Found } from './find';
import type { Words } from './words';

export interface FindBarProps {
  readonly words: Words;
  /** Shows what was found; null when nothing is looked for any more. */
  readonly onFound: (found: Found | null) => void;
  readonly kit: Kit;
}

export function FindBar(props: FindBarProps): React.JSX.Element {
  const { words, onFound, kit } = props;
  const { trans } = kit;
  const id = React.useId();
  const [question, setQuestion] = React.useState('');
  const [at, setAt] = React.useState(0);
  const asked = question.trim() !== '';
  // Of who looks for nothing no sentence is made.
  const all = React.useMemo(
    () => (asked ? findable(words) : []),
    [words, asked]
  );
  const found = React.useMemo(() => matching(all, question), [all, question]);
  const now = Math.min(at, Math.max(0, found.length - 1));
  const shown = found[now];
  const ask = (text: string) => {
    setQuestion(text);
    setAt(0);
    onFound(matching(all.length > 0 ? all : findable(words), text)[0] ?? null);
  };
  const go = (by: 1 | -1) => {
    const next = (now + by + found.length) % Math.max(1, found.length);
    setAt(next);
    onFound(found[next] ?? null);
  };
  return (
    <div className="pl-Find" role="search">
      <label htmlFor={id}>{trans.__('Find')}</label>
      <input
        id={id}
        className="pl-Input"
        type="search"
        autoComplete="off"
        placeholder={trans.__('name or event')}
        value={question}
        onChange={event => ask(event.target.value)}
        onKeyDown={event => {
          if (event.key === 'Enter') {
            event.preventDefault();
            go(event.shiftKey ? -1 : 1);
          } else if (event.key === 'Escape' && asked) {
            event.preventDefault();
            ask('');
          }
        }}
      />
      {asked ? (
        <>
          <Button
            label={trans.__('Previous found')}
            off={found.length === 0}
            onClick={() => go(-1)}
          >
            ↑
          </Button>
          <Button
            label={trans.__('Next found')}
            off={found.length === 0}
            onClick={() => go(1)}
          >
            ↓
          </Button>
        </>
      ) : null}
      {/* There before its text is, so that it is read out when that comes. */}
      <span className="pl-Find-said" aria-live="polite">
        {!asked ? null : shown ? (
          <>
            {trans.__('%1 of %2', String(now + 1), String(found.length))}
            <span className="pl-Hidden">: {shown.text}</span>
          </>
        ) : (
          trans.__('Nothing found')
        )}
      </span>
    </div>
  );
}
