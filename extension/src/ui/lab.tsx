/** A lab: its story, where the learner stands, and its steps as a checklist of which one is open. */

import * as React from 'react';
import {
  countSteps,
  progressOf,
  situationOf,
  workOf,
  type LabView,
  type State
} from '../core';
import type { Actions } from './actions';
import { Bar } from './controls';
import { RunningNow, Stuck } from './kernel';
import type { Kit, ViewSettings } from './kit';
import { SituationNotice } from './situation';
import { Step } from './step';

export interface LabPageProps {
  readonly lab: LabView;
  readonly state: State;
  readonly settings: ViewSettings;
  readonly actions: Actions;
  readonly kit: Kit;
}

export function LabPage(props: LabPageProps): React.JSX.Element {
  const { lab, state, actions, kit } = props;
  const { trans } = kit;
  const situation = situationOf(state.host, state.labId, state.kernel);
  const { passed, of } = countSteps(lab);
  const here =
    state.host.notebook?.lab === state.labId
      ? state.host.notebook?.activeStep
      : null;
  return (
    <section className="pl-LabPage" aria-labelledby="pl-lab-title">
      <h2 className="pl-Title" id="pl-lab-title">
        <span className="pl-Lab-id">{lab.id}</span> {lab.title}
      </h2>
      <p className="pl-Facts">
        <span className="pl-Fact">
          {trans.__('%1 minutes', String(lab.minutes))}
        </span>
      </p>
      <Bar
        value={passed}
        of={of}
        label={trans.__('%1 of %2 steps', String(passed), String(of))}
      />
      {/* Without a server every kernel looks lost: one message is enough. */}
      {state.problem?.kind === 'unreachable' ? null : (
        <SituationNotice
          situation={situation}
          lab={state.labId ?? lab.id}
          other={state.host.notebook?.lab ?? null}
          opening={state.opening !== null}
          actions={actions}
          kit={kit}
        />
      )}
      <Stuck kernel={state.kernel} kit={kit} />
      {lab.html ? (
        <details className="pl-Story">
          <summary>{trans.__('About this lab')}</summary>
          {kit.html(lab.html)}
        </details>
      ) : null}
      {lab.steps.length === 0 ? (
        <p className="pl-Empty">{trans.__('This lab has no steps yet.')}</p>
      ) : (
        <ol className="pl-Steps">
          {lab.steps.map((step, index) => (
            <Step
              key={step.id}
              step={step}
              number={index + 1}
              open={state.openStep === step.id}
              here={here === step.id}
              progress={progressOf(lab, step.id)}
              work={workOf(state, step.id)}
              situation={situation}
              settings={props.settings}
              actions={actions}
              kit={kit}
            />
          ))}
        </ol>
      )}
      <RunningNow kernel={state.kernel} kit={kit} />
    </section>
  );
}
