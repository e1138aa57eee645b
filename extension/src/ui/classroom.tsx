/** What only a server that reports to a class has: asking the instructors for help, and handing in. */

import * as React from 'react';
import type {
  ClassView,
  Deadline,
  HandInWork,
  StepProgress,
  StepView,
  StepWork
} from '../core';
import type { Actions } from './actions';
import { Button, Notice } from './controls';
import type { Kit } from './kit';
import { ProblemNotice } from './problem';

/** The field of a step's drafts that holds an unsent question to the instructors. */
const QUESTION = '?help';

/** A day and a minute; in the reader's language, as everything around it. */
const WHEN = { dateStyle: 'medium', timeStyle: 'short' } as const;

export interface AskProps {
  readonly step: StepView;
  readonly progress: StepProgress | null;
  readonly work: StepWork;
  readonly actions: Pick<Actions, 'draft' | 'help'>;
  readonly kit: Kit;
}

/** Raises a hand, shows that it is up, and then the answer. */
export function AskInstructor(props: AskProps): React.JSX.Element {
  const { step, progress, work, actions, kit } = props;
  const { trans } = kit;
  const [open, setOpen] = React.useState(false);
  const id = React.useId();
  const help = progress?.help ?? null;
  const text = work.drafts[QUESTION]?.[0] ?? '';
  const busy = work.busy !== null;
  const over = (): void => actions.help(step.id, false, '');
  let shown: React.ReactNode;
  if (help?.answer) {
    shown = (
      <Notice
        tone="info"
        title={trans.__('%1 answers', help.by)}
        actions={
          <Button off={busy} onClick={over}>
            {trans.__('Thank you, I go on')}
          </Button>
        }
      >
        <p className="pl-Said">{help.answer}</p>
      </Notice>
    );
  } else if (help !== null) {
    shown = (
      <Notice
        tone="info"
        title={trans.__('Your hand is up.')}
        actions={
          <Button off={busy} onClick={over}>
            {trans.__('Take it down')}
          </Button>
        }
      >
        <p className="pl-Said">{help.text}</p>
        <p>
          {trans.__('The answer will stand here. You can go on meanwhile.')}
        </p>
      </Notice>
    );
  } else if (open) {
    shown = (
      <form
        className="pl-Field"
        onSubmit={event => {
          event.preventDefault();
          if (text.trim() !== '' && !busy) {
            actions.help(step.id, true, text.trim());
            actions.draft(step.id, QUESTION, []);
            setOpen(false);
          }
        }}
      >
        <label htmlFor={id}>{trans.__('What do you need help with?')}</label>
        <textarea
          id={id}
          className="pl-Input"
          rows={3}
          maxLength={400}
          autoFocus
          value={text}
          onChange={event =>
            actions.draft(step.id, QUESTION, [event.target.value])
          }
        />
        <div className="pl-Row">
          <button
            type="submit"
            className="pl-Button pl-mod-primary"
            aria-disabled={busy || text.trim() === '' || undefined}
          >
            {trans.__('Ask')}
          </button>
          <Button onClick={() => setOpen(false)}>{trans.__('Not now')}</Button>
        </div>
      </form>
    );
  } else {
    shown = (
      <Button off={busy} onClick={() => setOpen(true)}>
        {trans.__('Ask your instructor')}
      </Button>
    );
  }
  return (
    <div className="pl-Ask" role="group" aria-label={trans.__('Help')}>
      <div aria-live="polite">{shown}</div>
    </div>
  );
}

export interface DueProps {
  readonly deadline: Deadline | null;
  /** All that the lab asks for has passed. */
  readonly done: boolean;
  readonly kit: Kit;
}

/** Until when the class wants a lab done, in the reader's own time; nothing where it does not say. */
export function DueFact(
  props: Omit<DueProps, 'done'>
): React.JSX.Element | null {
  const { deadline, kit } = props;
  const { trans } = kit;
  const over = useOver(deadline);
  if (deadline === null) {
    return null;
  }
  const when = new Date(deadline.at * 1000).toLocaleString(kit.language, WHEN);
  return (
    <span className="pl-Fact" data-over={over}>
      {!over
        ? trans.__('due %1, your time', when)
        : deadline.late
          ? trans.__('late: was due %1, your time', when)
          : trans.__('was due %1, your time', when)}
    </span>
  );
}

/** What it means that the time is over. */
export function Overdue(props: DueProps): React.JSX.Element | null {
  const { deadline, done, kit } = props;
  const { trans } = kit;
  const over = useOver(deadline);
  if (deadline === null || !over) {
    return null;
  }
  if (deadline.late) {
    return (
      <p className="pl-Muted">
        {trans.__(
          'A step was passed after that: your class sees this lab as late.'
        )}
      </p>
    );
  }
  return done ? null : (
    <p className="pl-Muted">
      {trans.__(
        'You can still go on. What you pass now, your class sees as late.'
      )}
    </p>
  );
}

/** Milliseconds that a browser's timer can wait at most. */
const LONGEST = 2 ** 31 - 1;

/** Whether the time is over; it may end while somebody looks. */
function useOver(deadline: Deadline | null): boolean {
  const ends = deadline?.ends ?? Infinity;
  const [, look] = React.useState(0);
  const over = ends <= Date.now();
  React.useEffect(() => {
    const left = ends - Date.now();
    if (over || left > LONGEST) {
      return undefined;
    }
    const timer = setTimeout(() => look(count => count + 1), left);
    return () => clearTimeout(timer);
  }, [ends, over]);
  return over;
}

export interface HandInProps {
  readonly lab: string;
  readonly classroom: ClassView;
  readonly work: HandInWork;
  /** The lab's notebook is in front, so that it can be saved first. */
  readonly canSave: boolean;
  readonly actions: Pick<Actions, 'handIn'>;
  readonly kit: Kit;
}

/** Gives the notebook to the class, and says when that was done last. */
export function HandIn(props: HandInProps): React.JSX.Element {
  const { lab, classroom, work, canSave, actions, kit } = props;
  const { trans } = kit;
  const at = classroom.handed_in[lab];
  const why = React.useId();
  return (
    <section className="pl-HandIn" aria-label={trans.__('Hand in')}>
      <div className="pl-Row">
        <Button
          off={!canSave || work.busy}
          describedBy={canSave ? undefined : why}
          onClick={actions.handIn}
        >
          {work.busy
            ? trans.__('Handing in…')
            : at === undefined
              ? trans.__('Hand in this notebook')
              : trans.__('Hand in again')}
        </Button>
      </div>
      <p className="pl-Muted" role="status">
        {at === undefined
          ? ''
          : trans.__(
              'Your class has this notebook since %1.',
              new Date(at * 1000).toLocaleString(kit.language, WHEN)
            )}
      </p>
      {canSave ? null : (
        <p className="pl-Muted" id={why}>
          {trans.__("Handing in needs this lab's notebook in front.")}
        </p>
      )}
      {work.problem !== null ? (
        <ProblemNotice problem={work.problem} kit={kit} />
      ) : null}
    </section>
  );
}

/** Only when something waits that the class should know: what was done is kept here, and not lost. */
export function ClassTrouble(props: {
  readonly classroom: ClassView | null;
  readonly kit: Kit;
}): React.JSX.Element | null {
  const { classroom, kit } = props;
  const { trans } = kit;
  if (!classroom?.trouble) {
    return null;
  }
  return (
    <Notice
      tone="info"
      title={trans.__('Your class has not heard of everything yet.')}
    >
      <p>
        {trans.__(
          'What you did is kept here, and sent as soon as the class can be reached. Just go on.'
        )}
      </p>
    </Notice>
  );
}
