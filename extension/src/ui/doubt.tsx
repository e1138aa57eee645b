/** “This verdict is wrong”: says what a file about it would hold, and saves it into the learner's folder. */

import * as React from 'react';
import type { StepProgress, StepView, StepWork } from '../core';
import type { Actions } from './actions';
import { Button, Notice } from './controls';
import type { Kit } from './kit';

export interface DoubtProps {
  readonly step: StepView;
  readonly progress: StepProgress | null;
  readonly work: StepWork;
  /** The lab's notebook and its kernel are there, so that they can be looked at. */
  readonly canAsk: boolean;
  readonly actions: Pick<Actions, 'doubt' | 'closeDoubt'>;
  readonly kit: Kit;
}

export function Doubt(props: DoubtProps): React.JSX.Element | null {
  const { step, progress, work, canAsk, actions, kit } = props;
  const { trans } = kit;
  const verdict = progress?.last?.verdict ?? 'not-attempted';
  if (work.doubt !== null) {
    return work.doubt.path ? <Saved {...props} /> : <Shown {...props} />;
  }
  if (verdict === 'not-attempted') {
    return null;
  }
  return (
    <div className="pl-Row pl-mod-quiet">
      <Button
        kind="quiet"
        off={!canAsk || work.busy !== null}
        onClick={() => actions.doubt(step.id, '', false)}
      >
        {trans.__('This verdict is wrong')}
      </Button>
    </div>
  );
}

/** What would be in the file, before there is one. */
function Shown(props: DoubtProps): React.JSX.Element {
  const { step, work, actions, kit } = props;
  const { trans } = kit;
  const [words, setWords] = React.useState('');
  const field = React.useRef<HTMLTextAreaElement>(null);
  const label = React.useId();
  // The button that asked is gone: the focus goes on to what there is to do.
  React.useEffect(() => field.current?.focus(), []);
  const title = trans.__('Save what led to this verdict?');
  return (
    <div role="group" aria-label={title}>
      <Notice
        tone="info"
        title={title}
        actions={
          <>
            <Button
              kind="primary"
              off={work.busy !== null}
              onClick={() => actions.doubt(step.id, words.trim(), true)}
            >
              {work.busy === 'doubt'
                ? trans.__('Saving…')
                : trans.__('Save the file')}
            </Button>
            <Button onClick={() => actions.closeDoubt(step.id)}>
              {trans.__('No, leave it')}
            </Button>
          </>
        }
      >
        <p>
          {trans.__(
            'A file lets the author of the lab see what Parallab saw, and put it right. It would hold:'
          )}
        </p>
        <ul>
          {work.doubt?.contents.map(text => (
            <li key={text}>{text}</li>
          ))}
        </ul>
        <label htmlFor={label}>
          {trans.__('What is wrong with it, in your own words (if you like)')}
        </label>
        <textarea
          id={label}
          ref={field}
          className="pl-Input"
          rows={3}
          maxLength={4000}
          value={words}
          onChange={event => setWords(event.target.value)}
        />
      </Notice>
    </div>
  );
}

function Saved(props: DoubtProps): React.JSX.Element {
  const { step, work, actions, kit } = props;
  const { trans } = kit;
  return (
    <div role="status">
      <Notice
        tone="info"
        title={trans.__('Saved: %1', work.doubt?.path ?? '')}
        actions={
          <Button onClick={() => actions.closeDoubt(step.id)}>
            {trans.__('Good')}
          </Button>
        }
      >
        <p>
          {trans.__(
            'You can open the file and read it. Give it to your instructor, or to whoever made the lab.'
          )}
        </p>
      </Notice>
    </div>
  );
}
