/** One step of a lab: a line of the checklist that opens into everything the learner does there. */

import * as React from 'react';
import {
  goalsOf,
  isCheckable,
  isGeneral,
  isCore,
  markOf,
  type Action,
  type LabSummary,
  type Situation,
  type StepProgress,
  type StepView,
  type StepWork,
  canCheck
} from '../core';
import { ActField } from './acts';
import type { Actions } from './actions';
import { AskInstructor } from './classroom';
import { Button } from './controls';
import { Doubt } from './doubt';
import { Glyph, markText } from './glyph';
import { Hints, StartOver } from './help';
import type { Kit, Trans, ViewSettings } from './kit';
import { Parsons } from './parsons';
import { Prediction } from './prediction';
import { ProblemNotice, problemWords } from './problem';
import { Quiz, answerSentence } from './quiz';
import { Verdict, verdictSentence } from './verdict';

/** Where to go from a step that is passed. */
export interface NextProps {
  /** The next step to be done, null when all are. */
  readonly step: string | null;
  /** The next lab to be done, null when there is none or the course is not known. */
  readonly lab: LabSummary | null;
  readonly goOn: () => void;
}

export interface StepProps {
  readonly step: StepView;
  /** Its place in the lab, from 1. */
  readonly number: number;
  readonly open: boolean;
  /** The cursor is in one of its cells. */
  readonly here: boolean;
  readonly progress: StepProgress | null;
  readonly work: StepWork;
  readonly situation: Situation;
  readonly next: NextProps;
  /** Of the lab, as it is now. */
  readonly version: number;
  /** There are instructors to ask. */
  readonly inClass: boolean;
  /** Its text stands in the notebook, too. */
  readonly told: boolean;
  /** Its code is no longer what was checked. */
  readonly edited: boolean;
  readonly settings: ViewSettings;
  readonly actions: Actions;
  readonly kit: Kit;
}

export function Step(props: StepProps): React.JSX.Element {
  const { step, open, here, progress, actions, kit } = props;
  const { trans } = kit;
  const mark = markOf(progress);
  const body = React.useId();
  const head = React.useId();
  return (
    <li
      className="pl-Step"
      data-step={step.id}
      data-mark={mark}
      data-open={open}
      data-judged={props.work.judged}
      data-here={here}
    >
      <h3 className="pl-Step-heading">
        <button
          type="button"
          id={head}
          className="pl-Step-header"
          aria-expanded={open}
          aria-controls={open ? body : undefined}
          aria-current={here ? 'step' : undefined}
          onClick={() => actions.toggleStep(step.id)}
        >
          <Glyph mark={mark} />
          <span className="pl-Step-title">
            {trans.__('%1. %2', String(props.number), step.title)}
          </span>
          {isCore(step) ? null : (
            <span className="pl-Tag">
              {step.stretch ? trans.__('Stretch') : trans.__('Optional')}
            </span>
          )}
          <span
            className={
              // An open circle says it to the eye; ten times the words would be noise.
              stateText(props, trans) === markText('not-attempted', trans)
                ? 'pl-Hidden'
                : 'pl-Step-mark'
            }
          >
            {stateText(props, trans)}
          </span>
        </button>
      </h3>
      {open ? (
        <div
          className="pl-Step-body"
          id={body}
          role="region"
          aria-labelledby={head}
        >
          {step.skipped ? (
            <p className="pl-Muted">
              {trans.__('Not with this Python: %1', step.skipped)}
            </p>
          ) : null}
          <StepBody {...props} />
        </div>
      ) : null}
    </li>
  );
}

function stateText(props: StepProps, trans: Trans): string {
  const { step, progress } = props;
  if (step.skipped) {
    return trans.__('Skipped here');
  }
  const mark = markOf(progress);
  const text = markText(mark, trans);
  return progress?.assisted && mark !== 'assisted'
    ? trans.__('%1, solution shown', text)
    : text;
}

function StepBody(props: StepProps): React.JSX.Element {
  const { step, progress, work, situation, actions, kit } = props;
  const part = { step: step.id, work, actions, kit };
  const answered = progress?.answers ?? [];
  const goals = goalsOf(step, progress);
  const questions = questionsOf(step, kit.trans);
  const checkable = isCheckable(step);
  const inFront = canCheck(situation) || situation === 'dead';
  const [status, verdict] = useShown(work.judged);
  return (
    <>
      <StepText {...props} />
      <PassedBefore {...props} />
      {step.prompts.length > 0 ? (
        <Prediction
          {...part}
          prompts={step.prompts}
          saved={progress?.prediction ?? null}
        />
      ) : null}
      {questions.length > 0 ? (
        <Quiz
          {...part}
          table={step.kind === 'match' || step.kind === 'columns'}
          questions={questions}
          answered={answered}
        />
      ) : null}
      {step.blocks.length > 0 ? (
        <Parsons {...part} blocks={step.blocks} answered={answered} />
      ) : null}
      {step.acts.map(act => (
        <ActField key={act.id} {...props} act={act} />
      ))}
      {checkable ? <CheckButton {...props} /> : null}
      <p className="pl-Status" role="status" aria-live="polite" ref={status}>
        {statusText(props)}
      </p>
      <ChangedSince {...props} />
      {work.problem && !isGeneral(work.problem) ? (
        <ProblemNotice problem={work.problem} kit={kit} />
      ) : null}
      {goals.length > 0 ? (
        <Verdict
          goals={goals}
          progress={progress}
          settings={props.settings}
          actions={actions}
          kit={kit}
          boxRef={verdict}
        />
      ) : null}
      {progress?.verdict === 'passed' && work.busy === null ? (
        <GoOn {...props} />
      ) : null}
      {checkable ? <Doubt {...props} canAsk={canCheck(situation)} /> : null}
      <Hints {...props} canWrite={inFront} />
      {props.inClass ? <AskInstructor {...props} /> : null}
      {checkable ? <StartOver {...props} canWrite={inFront} /> : null}
    </>
  );
}

/** A verdict is of what ran then; after a pass, whoever tries something else need not be told. */
function ChangedSince(props: StepProps): React.JSX.Element | null {
  const { progress, work, edited, kit } = props;
  const last = progress?.last ?? null;
  return edited &&
    last !== null &&
    last.verdict !== 'passed' &&
    work.busy === null ? (
    <p className="pl-Muted">
      {kit.trans.__(
        'You have changed your code since this check. Run it, then check again.'
      )}
    </p>
  ) : null;
}

/** A pass stays, whatever the lab asks since. */
function PassedBefore(props: StepProps): React.JSX.Element | null {
  const { progress, version, kit } = props;
  const passed = progress?.passed_version ?? version;
  return passed < version ? (
    <p className="pl-Muted">
      {kit.trans.__(
        'You passed this step in version %1 of the lab, and that stays. The lab is now at version %2.',
        String(passed),
        String(version)
      )}
    </p>
  ) : null;
}

/** What to do; folded away where the notebook says the same beside it. */
function StepText(props: StepProps): React.JSX.Element | null {
  const { step, told, kit } = props;
  if (!step.html) {
    return null;
  }
  return told ? (
    <details className="pl-Step-text">
      <summary>{kit.trans.__('What to do')}</summary>
      {kit.html(step.html)}
    </details>
  ) : (
    <>{kit.html(step.html)}</>
  );
}

/** After a pass: the next step, else the next lab, else the course. */
function GoOn(props: StepProps): React.JSX.Element {
  const { next, work, actions, kit } = props;
  const { trans } = kit;
  const { lab } = next;
  const kind = work.judged > 0 ? 'primary' : 'plain';
  if (next.step !== null) {
    return (
      <div className="pl-Row">
        <Button kind={kind} onClick={next.goOn}>
          {trans.__('Next step')}
        </Button>
      </div>
    );
  }
  return (
    <div className="pl-Row">
      {lab !== null ? (
        <Button kind={kind} onClick={() => actions.openLab(lab.id)}>
          {trans.__('Next lab: %1 %2', lab.id, lab.title)}
        </Button>
      ) : (
        <Button kind={kind} onClick={actions.showCourse}>
          {trans.__('Back to the course')}
        </Button>
      )}
    </div>
  );
}

/** A step for free text needs no question of its own: its text asks. */
function questionsOf(step: StepView, trans: Trans): StepView['questions'] {
  const free = step.kind === 'free' && step.questions.length === 0;
  const text = trans.__('In your own words');
  return free
    ? [{ id: step.id, text, choices: [], several: false, form: 'text' }]
    : step.questions;
}

/**
 * Scrolls to a verdict that has just come: a check from the toolbar or by a key is asked for
 * with anything in view. The sentence comes last, so that it is seen even if not all fits.
 */
function useShown(
  judged: number
): [React.RefObject<HTMLParagraphElement>, React.RefObject<HTMLDivElement>] {
  const status = React.useRef<HTMLParagraphElement>(null);
  const verdict = React.useRef<HTMLDivElement>(null);
  const before = React.useRef(judged);
  React.useEffect(() => {
    if (judged > before.current) {
      verdict.current?.scrollIntoView({ block: 'nearest' });
      status.current?.scrollIntoView({ block: 'nearest' });
    }
    before.current = judged;
  }, [judged]);
  return [status, verdict];
}

function CheckButton(props: StepProps): React.JSX.Element {
  const { step, work, situation, actions, kit } = props;
  const { trans } = kit;
  const can = canCheck(situation);
  const why = React.useId();
  return (
    <div className="pl-Check">
      <Button
        kind="primary"
        off={!can || work.busy !== null}
        describedBy={can ? undefined : why}
        onClick={() => actions.check(step.id)}
      >
        {work.busy === 'check'
          ? trans.__('Checking…')
          : trans.__('Check my work')}
      </Button>
      {can ? null : (
        <p className="pl-Muted" id={why}>
          {trans.__("Checking needs this lab's notebook and its kernel.")}
        </p>
      )}
    </div>
  );
}

/** An old verdict is shown in the list only; what has just come is said here as well. */
function statusText(props: StepProps): string {
  const { progress, work, kit } = props;
  const { trans } = kit;
  const doing: Partial<Record<Action, string>> = {
    check: trans.__('Looking at your processes…'),
    answer: trans.__('Sending your answer…'),
    act: trans.__('Doing it…')
  };
  if (work.busy !== null) {
    return doing[work.busy] ?? '';
  }
  if (work.problem !== null) {
    // What concerns everything is explained at the top, which may be out of sight.
    return isGeneral(work.problem)
      ? problemWords(work.problem, trans).title
      : '';
  }
  if (work.judged === 0) {
    return '';
  }
  if (!isCheckable(props.step) && progress && progress.answers.length > 0) {
    return answerSentence(progress.answers, kit);
  }
  return progress?.last ? verdictSentence(progress.last, trans) : '';
}
