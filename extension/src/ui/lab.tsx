/** A lab: its story, where the learner stands, and its steps as a checklist of which one is open. */

import * as React from 'react';
import {
  countSteps,
  deadlineOf,
  nextLab,
  nextStep,
  progressOf,
  situationOf,
  workOf,
  type LabView,
  type State
} from '../core';
import type { Actions } from './actions';
import { ClassTrouble, DueFact, HandIn, Overdue } from './classroom';
import { Bar, Button } from './controls';
import { Rescued, RunningNow, Stuck } from './kernel';
import { sameLanguage, type Kit, type ViewSettings } from './kit';
import { NewVersion } from './news';
import { NowBar } from './nowbar';
import { Sight, SightWarning } from './sight';
import { SituationNotice } from './situation';
import { Step, type NextProps } from './step';

export interface LabPageProps {
  readonly lab: LabView;
  readonly state: State;
  readonly settings: ViewSettings;
  readonly actions: Actions;
  readonly kit: Kit;
}

export function LabPage(props: LabPageProps): React.JSX.Element {
  const { lab, state, actions } = props;
  const { trans, language } = props.kit;
  const kit = React.useMemo(
    () => readAs(props.kit, lab.language),
    [props.kit, lab.language]
  );
  const situation = situationOf(state.host, state.labId, state.kernel);
  const { passed, of } = countSteps(lab);
  const own =
    state.host.notebook?.lab === state.labId ? state.host.notebook : null;
  const here = own?.activeStep ?? null;
  const texts = own?.texts ?? [];
  const edited = own?.edited ?? [];
  const { kernel, live, rescue } = state;
  const deadline = deadlineOf(state, lab.id);
  const classroom = state.course?.classroom ?? null;
  const now = { kernel, live, rescue, actions, kit };
  const page = React.useRef<HTMLElement>(null);
  const moving = React.useRef(false);
  // The button that led to the next step is gone with its own: the focus goes along.
  React.useEffect(() => {
    if (moving.current) {
      moving.current = false;
      const open = page.current?.querySelector<HTMLElement>(
        '.pl-Step[data-open="true"] .pl-Step-header'
      );
      open?.focus({ preventScroll: true });
      open?.scrollIntoView({ block: 'start' });
    }
  }, [state.openStep]);
  const first = Boolean(kernel?.stuck) || rescue.reply !== null;
  const next: NextProps = {
    step: nextStep(lab, state.openStep),
    lab: nextLab(state.course, state.labId ?? lab.id),
    goOn: () => {
      moving.current = true;
      actions.nextStep();
    }
  };
  return (
    <section className="pl-LabPage" aria-labelledby="pl-lab-title" ref={page}>
      <h2
        className="pl-Title"
        id="pl-lab-title"
        lang={tagOf(language, lab.language)}
      >
        <span className="pl-Lab-id">{lab.id}</span> {lab.title}
      </h2>
      <p className="pl-Facts">
        <span className="pl-Fact">
          {trans.__('%1 minutes', String(lab.minutes))}
        </span>
        <DueFact deadline={deadline} kit={kit} />
      </p>
      <Bar
        value={passed}
        of={of}
        label={trans.__('%1 of %2 steps', String(passed), String(of))}
      />
      <Overdue deadline={deadline} done={passed === of} kit={kit} />
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
      <NewVersion
        lab={state.labId ?? lab.id}
        version={lab.version}
        has={own?.version ?? null}
        language={lab.language}
        speaks={own?.language ?? null}
        news={state.news[state.labId ?? lab.id] ?? null}
        opening={state.opening !== null}
        actions={actions}
        kit={kit}
      />
      {sameLanguage(language, lab.language) ? null : (
        <p className="pl-Facts">
          {trans.__('This lab has not been translated yet.')}
        </p>
      )}
      <Stuck {...now} />
      <Rescued {...now} />
      {/* Who hangs is looked at while it hangs; what is left, after a rescue. */}
      {first ? <RunningNow {...now} /> : null}
      <Pictures
        lab={lab}
        // Who is stuck is offered it there already.
        kernel={kernel !== null && !kernel.stuck}
        actions={actions}
        kit={kit}
      />
      <SightWarning sight={state.sight} kernel={kernel} kit={kit} />
      <ClassTrouble classroom={classroom} kit={kit} />
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
              next={next}
              inClass={classroom !== null}
              told={texts.includes(step.id)}
              edited={edited.includes(step.id)}
              version={lab.version}
              settings={props.settings}
              actions={actions}
              kit={kit}
            />
          ))}
        </ol>
      )}
      {classroom !== null ? (
        <HandIn
          lab={lab.id}
          classroom={classroom}
          work={state.handIn}
          canSave={own !== null}
          actions={actions}
          kit={kit}
        />
      ) : null}
      {first ? null : <RunningNow {...now} />}
      <Sight sight={state.sight} kernel={kernel} kit={kit} />
      {kernel !== null && live === 'on' ? (
        <NowBar
          kernel={kernel}
          target={kernel.stuck ? 'pl-Stuck' : 'pl-Kernel'}
          kit={kit}
        />
      ) : null}
    </section>
  );
}

/** What there is to see in the main area: the learner's own run, and the lab's. */
function Pictures(props: {
  readonly lab: LabView;
  /** There is a run of the learner's own. */
  readonly kernel: boolean;
  readonly actions: Actions;
  readonly kit: Kit;
}): React.JSX.Element | null {
  const { lab, kernel, actions, kit } = props;
  const { trans } = kit;
  const what = React.useId();
  const at = lab.steps.findIndex(step => step.id === lab.watch);
  const watched = at >= 0;
  if (!kernel && !watched) {
    return null;
  }
  return (
    <>
      {kernel ? (
        <div className="pl-Row">
          <Button onClick={() => actions.showPicture('map')}>
            {trans.__('Show the picture')}
          </Button>
        </div>
      ) : null}
      {watched ? (
        <div className="pl-Row pl-mod-told">
          <Button describedBy={what} onClick={() => actions.showReplay(lab.id)}>
            {trans.__('Watch how it should go')}
          </Button>
          <p className="pl-Muted" id={what}>
            {trans.__('Shows step %1, with explanations.', String(at + 1))}
          </p>
        </div>
      ) : null}
    </>
  );
}

/** The kit for texts in this language: where it is not the reader's, a screen reader is told. */
function readAs(kit: Kit, language: string): Kit {
  const lang = tagOf(kit.language, language);
  return lang === undefined
    ? kit
    : { ...kit, html: html => <div lang={lang}>{kit.html(html)}</div> };
}

function tagOf(reader: string, text: string): string | undefined {
  return sameLanguage(reader, text) ? undefined : text;
}
