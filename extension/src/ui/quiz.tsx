/** Questions with choices, or with a free answer; after answering, the reason for each choice made. */

import * as React from 'react';
import type { Answered, Question, StepWork } from '../core';
import type { Actions } from './actions';
import { Button } from './controls';
import { Glyph } from './glyph';
import type { Kit } from './kit';
import { Order } from './order';
import { Text, plain } from './text';

export interface QuizProps {
  readonly step: string;
  /** All questions have the same choices: they are the rows of one table. */
  readonly table?: boolean;
  readonly questions: readonly Question[];
  readonly answered: readonly Answered[];
  readonly work: StepWork;
  readonly actions: Pick<Actions, 'draft' | 'answer'>;
  readonly kit: Kit;
}

export function Quiz(props: QuizProps): React.JSX.Element {
  const { step, questions, answered, work, actions, kit } = props;
  const { trans } = kit;
  // An order that was not touched is the one shown.
  const chosen = (question: Question): readonly string[] =>
    work.drafts[question.id] ??
    answered.find(one => one.question === question.id)?.chosen ??
    (question.form === 'order' ? question.choices.map(one => one.id) : []);
  const open = questions.filter(
    question => !chosen(question).some(value => value.trim())
  ).length;
  const why = React.useId();
  const send = () =>
    actions.answer(
      step,
      Object.fromEntries(questions.map(one => [one.id, chosen(one)]))
    );
  return (
    <section className="pl-Quiz" aria-label={trans.__('Questions')}>
      {props.table ? (
        <Rows
          questions={questions}
          chosen={chosen}
          outcome={question => outcomeOf(question, answered, work)}
          onChange={(question, value) =>
            actions.draft(step, question, value ? [value] : [])
          }
          kit={kit}
        />
      ) : (
        questions.map(question => (
          <QuestionField
            key={question.id}
            question={question}
            chosen={chosen(question)}
            outcome={outcomeOf(question, answered, work)}
            off={work.busy !== null}
            onChange={values => actions.draft(step, question.id, values)}
            kit={kit}
          />
        ))
      )}
      <Button
        kind="primary"
        off={open > 0 || work.busy !== null}
        describedBy={why}
        onClick={send}
      >
        {work.busy === 'answer'
          ? trans.__('Sending…')
          : trans.__('Check my answers')}
      </Button>
      <p className="pl-Muted" id={why}>
        {open > 0
          ? trans._n('One question is open.', '%1 questions are open.', open)
          : ''}
      </p>
    </section>
  );
}

/** An outcome belongs to the answer that was sent: another choice takes it away. */
function outcomeOf(
  question: Question,
  answered: readonly Answered[],
  work: StepWork
): Answered | null {
  const outcome = answered.find(one => one.question === question.id) ?? null;
  const draft = work.drafts[question.id];
  const text = (values: readonly string[]) =>
    (question.form === 'order' ? values : [...values].sort()).join();
  const same =
    draft === undefined || text(draft) === text(outcome?.chosen ?? []);
  return same ? outcome : null;
}

/** Questions that have their choices in common: one line each, its choice in a list beside it. */
function Rows(props: {
  readonly questions: readonly Question[];
  readonly chosen: (question: Question) => readonly string[];
  readonly outcome: (question: Question) => Answered | null;
  readonly onChange: (question: string, value: string) => void;
  readonly kit: Kit;
}): React.JSX.Element {
  const { questions, chosen, outcome, onChange, kit } = props;
  const id = React.useId();
  return (
    <ul className="pl-Rows">
      {questions.map(question => {
        const told = outcome(question);
        return (
          <li
            key={question.id}
            className="pl-Row-question"
            data-question={question.id}
          >
            <label htmlFor={`${id}-${question.id}`}>
              <Text text={question.text} />
            </label>
            <select
              id={`${id}-${question.id}`}
              className="pl-Input"
              value={chosen(question)[0] ?? ''}
              onChange={event => onChange(question.id, event.target.value)}
            >
              <option value="">{kit.trans.__('Choose…')}</option>
              {question.choices.map(choice => (
                <option key={choice.id} value={choice.id}>
                  {plain(choice.text)}
                </option>
              ))}
            </select>
            {told ? <Outcome outcome={told} kit={kit} /> : null}
          </li>
        );
      })}
    </ul>
  );
}

function QuestionField(props: {
  readonly question: Question;
  readonly chosen: readonly string[];
  readonly outcome: Answered | null;
  readonly off: boolean;
  readonly onChange: (values: readonly string[]) => void;
  readonly kit: Kit;
}): React.JSX.Element {
  const { question, chosen, outcome, onChange, kit } = props;
  const id = React.useId();
  const result = outcome ? <Outcome outcome={outcome} kit={kit} /> : null;
  if (question.form === 'order') {
    return (
      <div className="pl-Field" data-question={question.id}>
        <p>
          <Text text={question.text} />
        </p>
        <Order
          lines={question.choices}
          chosen={chosen}
          picking={false}
          label={plain(question.text)}
          off={props.off}
          onChange={onChange}
          kit={kit}
        />
        {result}
      </div>
    );
  }
  if (question.choices.length === 0) {
    return (
      <div className="pl-Field" data-question={question.id}>
        <label htmlFor={id}>
          <Text text={question.text} />
        </label>
        <textarea
          id={id}
          className="pl-Input"
          rows={3}
          value={chosen[0] ?? ''}
          onChange={event => onChange([event.target.value])}
        />
        {result}
      </div>
    );
  }
  const toggle = (choice: string, on: boolean) => {
    const others = chosen.filter(one => one !== choice);
    onChange(on ? [...others, choice] : others);
  };
  return (
    <fieldset className="pl-Field" data-question={question.id}>
      <legend>
        <Text text={question.text} />{' '}
        {question.several ? (
          <span className="pl-Muted">
            {kit.trans.__('(several may be right)')}
          </span>
        ) : null}
      </legend>
      {question.choices.map(choice => (
        <label key={choice.id} className="pl-Choice">
          <input
            type={question.several ? 'checkbox' : 'radio'}
            name={id}
            checked={chosen.includes(choice.id)}
            onChange={event =>
              question.several
                ? toggle(choice.id, event.target.checked)
                : onChange([choice.id])
            }
          />
          <span>
            <Text text={choice.text} />
          </span>
        </label>
      ))}
      {result}
    </fieldset>
  );
}

export function Outcome(props: {
  readonly outcome: Answered;
  readonly kit: Kit;
}): React.JSX.Element {
  const { outcome, kit } = props;
  const { trans } = kit;
  const mark =
    outcome.right === null ? 'undecided' : outcome.right ? 'passed' : 'failed';
  const text =
    outcome.right === null
      ? trans.__('Saved; not graded.')
      : outcome.right
        ? trans.__('Right.')
        : trans.__('Not right.');
  return (
    <p className="pl-Outcome" data-verdict={mark}>
      <Glyph mark={mark} />
      <span>
        <strong>{text}</strong> <Text text={outcome.reason} />
      </span>
    </p>
  );
}

/** How an answer went, in one sentence, for `role="status"`. */
export function answerSentence(
  answered: readonly Answered[],
  kit: Kit
): string {
  const graded = answered.filter(one => one.right !== null);
  const right = graded.filter(one => one.right).length;
  if (graded.length === 0) {
    return kit.trans.__('Saved.');
  }
  return graded.length === 1
    ? right === 1
      ? kit.trans.__('Right.')
      : kit.trans.__('Not right yet.')
    : kit.trans.__('%1 of %2 right.', String(right), String(graded.length));
}
