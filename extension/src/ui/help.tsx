/** Hints one level at a time, starting over, and the solution, each with its way back. */

import * as React from 'react';
import type { StepProgress, StepView, StepWork } from '../core';
import type { Actions } from './actions';
import { Button, Notice, Question, useAsking } from './controls';
import type { Kit } from './kit';

export interface HelpProps {
  readonly step: StepView;
  readonly progress: StepProgress | null;
  readonly work: StepWork;
  /** The lab's notebook is in front, so that cells can be written. */
  readonly canWrite: boolean;
  readonly actions: Pick<
    Actions,
    'hint' | 'solution' | 'insertSolution' | 'reset' | 'undo'
  >;
  readonly kit: Kit;
}

export function Hints(props: HelpProps): React.JSX.Element | null {
  const { step, progress, work, actions, kit } = props;
  const { trans } = kit;
  const shown = progress?.hints_shown ?? [];
  if (step.hints === 0) {
    return null;
  }
  return (
    <section className="pl-Hints" aria-label={trans.__('Hints')}>
      <ol className="pl-Hints-list" aria-live="polite">
        {shown.map((html, index) => (
          <li key={index} className="pl-Hint">
            <p className="pl-Hint-level">
              {trans.__('Hint %1 of %2', String(index + 1), String(step.hints))}
            </p>
            {kit.html(html)}
          </li>
        ))}
      </ol>
      {shown.length < step.hints ? (
        <Button
          off={work.busy !== null}
          onClick={() => actions.hint(step.id, shown.length + 1)}
        >
          {shown.length === 0
            ? trans.__('Give me a hint')
            : trans.__(
                'Next hint (%1 of %2)',
                String(shown.length + 1),
                String(step.hints)
              )}
        </Button>
      ) : null}
    </section>
  );
}

export function StartOver(props: HelpProps): React.JSX.Element | null {
  const { step, progress, work, canWrite, actions, kit } = props;
  const { trans } = kit;
  const asking = useAsking();
  const known = progress?.assisted || work.solution !== null;
  if (!step.cells && !step.solution) {
    return null;
  }
  return (
    <div className="pl-StartOver">
      <div className="pl-Row pl-mod-quiet">
        {step.cells ? (
          <Button
            kind="quiet"
            off={!canWrite || work.busy !== null}
            onClick={() => actions.reset(step.id)}
          >
            {work.busy === 'reset'
              ? trans.__('Resetting…')
              : trans.__('Reset this step')}
          </Button>
        ) : null}
        {step.solution && work.solution === null && !asking.on ? (
          <Button
            kind="quiet"
            buttonRef={asking.asker}
            off={work.busy !== null}
            onClick={() =>
              // Asked once: the mark cannot be taken back, nor set twice.
              known ? actions.solution(step.id) : asking.begin()
            }
          >
            {work.busy === 'solution'
              ? trans.__('Fetching…')
              : trans.__('Show solution')}
          </Button>
        ) : null}
      </div>
      {canWrite || !step.cells ? null : (
        <p className="pl-Muted">
          {trans.__("Resetting needs this lab's notebook in front.")}
        </p>
      )}
      {work.undo !== null ? (
        <div role="status">
          <Notice
            tone="info"
            title={trans.__('The cells of this step were replaced.')}
            actions={
              <Button onClick={() => actions.undo(step.id)}>
                {trans.__('Undo')}
              </Button>
            }
          >
            <p>{trans.__('Your own text is kept until you undo or reload.')}</p>
          </Notice>
        </div>
      ) : null}
      {asking.on ? (
        <Question
          title={trans.__('Show the solution?')}
          answers={
            <>
              <Button
                buttonRef={asking.answer}
                onClick={() => {
                  asking.end();
                  actions.solution(step.id);
                }}
              >
                {trans.__('Yes, show it')}
              </Button>
              <Button onClick={asking.end}>
                {trans.__('No, I go on myself')}
              </Button>
            </>
          }
        >
          <p>
            {trans.__(
              'The step is then marked as assisted for good. You can still pass it.'
            )}
          </p>
        </Question>
      ) : null}
      {work.solution !== null ? <Solution {...props} /> : null}
    </div>
  );
}

function Solution(props: HelpProps): React.JSX.Element {
  const { step, work, canWrite, actions, kit } = props;
  const { trans } = kit;
  const cells = work.solution?.cells ?? [];
  const code = cells.filter(cell => cell.cell_type === 'code');
  return (
    <section className="pl-Solution" aria-label={trans.__('Solution')}>
      <h4 className="pl-Heading">{trans.__('Solution')}</h4>
      {kit.html(work.solution?.html ?? '')}
      {code.map((cell, index) => (
        // Scrollable code must be reachable by keyboard.
        <pre key={index} className="pl-Code" tabIndex={0}>
          <code>{cell.source}</code>
        </pre>
      ))}
      {code.length > 0 ? (
        <Button
          off={!canWrite || work.busy !== null}
          onClick={() => actions.insertSolution(step.id)}
        >
          {trans.__('Put it into the notebook')}
        </Button>
      ) : null}
    </section>
  );
}
