/** The goals of a step and what a check found of each: mistake, expected, observed, because, hint. */

import * as React from 'react';
import type { Goal, GoalResult, StepProgress, StepResult } from '../core';
import type { Actions } from './actions';
import { Button } from './controls';
import { Glyph, markText } from './glyph';
import type { Kit, Trans, ViewSettings } from './kit';
import { Text } from './text';

/** The verdict in one sentence, for the eye and for `role="status"`. */
export function verdictSentence(result: StepResult, trans: Trans): string {
  const passed = result.goals.filter(goal => goal.verdict === 'passed').length;
  const of = result.goals.length;
  const texts: Record<StepResult['verdict'], string> = {
    passed: trans._n(
      'Passed: the goal is met.',
      'Passed: all %1 goals are met.',
      of
    ),
    failed: trans.__(
      'Not yet: %1 of %2 goals are met.',
      String(passed),
      String(of)
    ),
    undecided: trans.__(
      'Undecided: Parallab could not see enough to tell. This does not count against you.'
    ),
    broken: trans.__(
      'The check itself broke. This is not your mistake, and it does not count against you.'
    ),
    'not-attempted': trans.__(
      "Nothing to judge yet: run this step's cells first, then check."
    )
  };
  const broke = result.goals.some(
    goal => goal.phase === 'break' && goal.verdict === 'passed'
  );
  if (result.verdict === 'not-attempted' && broke) {
    return trans.__(
      'You broke it, as asked: %1 of %2 goals are met. Now repair it.',
      String(passed),
      String(of)
    );
  }
  const told = result.goals.find(goal => goal.verdict === result.verdict);
  const why = result.verdict === 'failed' ? told?.mistake?.sentence : '';
  return [texts[result.verdict], why].filter(Boolean).join(' ');
}

export interface VerdictProps {
  readonly goals: readonly Goal[];
  readonly progress: StepProgress | null;
  readonly settings: ViewSettings;
  readonly actions: Pick<Actions, 'showPicture'>;
  readonly kit: Kit;
  readonly boxRef?: React.Ref<HTMLDivElement>;
}

export function Verdict(props: VerdictProps): React.JSX.Element {
  const { goals, progress, kit } = props;
  const { trans } = kit;
  const last = progress?.last ?? null;
  const common = commonReason(goals);
  const kept =
    progress?.verdict === 'passed' &&
    last !== null &&
    last.verdict !== 'passed';
  return (
    <div className="pl-Verdict" data-verdict={last?.verdict} ref={props.boxRef}>
      {kept ? (
        <p className="pl-Muted">
          {trans.__('You passed this step before, and that stays.')}
        </p>
      ) : null}
      <ul className="pl-Goals" aria-label={trans.__('Goals')}>
        {goals.map(goal => (
          <GoalLine key={goal.id} goal={goal} {...props} common={common} />
        ))}
      </ul>
      {common ? (
        <dl className="pl-Finding">
          <div className="pl-Finding-row">
            <dt>{trans.__('Because')}</dt>
            <dd>
              <Text text={common} />
            </dd>
          </div>
        </dl>
      ) : null}
      {last !== null && last.not_recorded.length > 0 ? (
        <details>
          <summary>{trans.__('What could not be recorded')}</summary>
          <ul>
            {last.not_recorded.map(reason => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        </details>
      ) : null}
    </div>
  );
}

/** Why nothing could be told of any of several goals, where it is the same for all: "" otherwise. */
function commonReason(goals: readonly Goal[]): string {
  const [first, ...others] = goals.map(goal => goal.result);
  const untold = first?.verdict === 'undecided' || first?.verdict === 'broken';
  const same = others.every(
    one => one?.verdict === first?.verdict && one?.reason === first?.reason
  );
  return untold && same && others.length > 0 ? first.reason : '';
}

type GoalProps = VerdictProps & {
  readonly goal: Goal;
  readonly common: string;
};

function GoalLine(props: GoalProps): React.JSX.Element {
  const { goal, kit } = props;
  const { trans } = kit;
  const mark = goal.result?.verdict ?? 'not-attempted';
  return (
    <li className="pl-Goal" data-goal={goal.id} data-verdict={mark}>
      <Glyph mark={mark} />
      <div className="pl-Goal-body">
        <p className="pl-Goal-text">
          {goal.phase ? (
            <span className="pl-Tag">
              {goal.phase === 'break'
                ? trans.__('Break it')
                : trans.__('Repair it')}
            </span>
          ) : null}{' '}
          <Text text={goal.text} />{' '}
          <span
            className={
              mark === 'passed' || mark === 'not-attempted'
                ? 'pl-Hidden'
                : 'pl-Goal-mark'
            }
          >
            {markText(mark, trans)}
          </span>
        </p>
        {goal.result && !props.common ? (
          <Finding {...props} result={goal.result} />
        ) : null}
      </div>
    </li>
  );
}

function Finding(
  props: GoalProps & { readonly result: GoalResult }
): React.JSX.Element | null {
  const { result, kit } = props;
  const { trans } = kit;
  if (result.verdict === 'passed') {
    return result.note ? (
      <p className="pl-Goal-note">
        <Text text={result.note} />
      </p>
    ) : null;
  }
  if (result.verdict === 'not-attempted') {
    return result.reason ? (
      <p className="pl-Goal-note">
        <Text text={result.reason} />
      </p>
    ) : null;
  }
  const rows: [string, string][] = [
    [
      trans.__('Mistake'),
      result.mistake ? `${result.mistake.sentence} (${result.mistake.id})` : ''
    ],
    [trans.__('Expected'), result.expected],
    [trans.__('Observed'), result.observed],
    [trans.__('Because'), result.reason],
    [trans.__('Note'), result.note]
  ];
  return (
    <>
      {result.verdict === 'broken' ? (
        <p className="pl-Goal-note">
          {trans.__(
            "The author's check raised an error. This is not your mistake. Go on with the next step; “This verdict is wrong” makes a file for the author."
          )}
        </p>
      ) : null}
      {result.verdict === 'undecided' ? (
        <p className="pl-Goal-note">
          {trans.__('Parallab could not tell. This is not your mistake.')}
        </p>
      ) : null}
      <dl className="pl-Finding">
        {rows
          .filter(([, text]) => text)
          .map(([label, text]) => (
            <div key={label} className="pl-Finding-row">
              <dt>{label}</dt>
              <dd>
                <Text text={text} />
              </dd>
            </div>
          ))}
        {result.hint ? (
          <div className="pl-Finding-row">
            <dt>{trans.__('Hint')}</dt>
            <dd>
              {props.settings.foldHints ? (
                <details>
                  <summary>{trans.__('Show the hint')}</summary>
                  <Text text={result.hint} />
                </details>
              ) : (
                <Text text={result.hint} />
              )}
            </dd>
          </div>
        ) : null}
      </dl>
      <ShowMe {...props} />
    </>
  );
}

/** To the moment that decided it, in the picture of what really happened. */
function ShowMe(
  props: GoalProps & { readonly result: GoalResult }
): React.JSX.Element | null {
  const { goal, result, actions, kit } = props;
  const { moment } = result;
  return moment ? (
    <div className="pl-Row">
      <Button
        label={kit.trans.__('Show me when “%1” was decided', goal.text)}
        onClick={() => actions.showPicture('timeline', moment)}
      >
        {kit.trans.__('Show me')}
      </Button>
    </div>
  ) : null;
}
