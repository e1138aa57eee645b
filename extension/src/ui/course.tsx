/** The course's home: what it is, its labs with the learner's progress, and its objectives. */

import * as React from 'react';
import {
  deadlineOf,
  type Capabilities,
  type Course,
  type Deadline,
  type LabSummary,
  type Objective
} from '../core';
import type { Actions } from './actions';
import { DueFact } from './classroom';
import { Bar, Button } from './controls';
import { Glyph } from './glyph';
import type { Kit } from './kit';
import { Sight, SightWarning } from './sight';

export interface CourseHomeProps {
  readonly course: Course;
  /** When it was told, by this page's clock, in milliseconds. */
  readonly courseAt: number;
  /** The lab whose notebook is being opened. */
  readonly opening: string | null;
  readonly sight: Capabilities | null;
  readonly actions: Pick<Actions, 'openLab' | 'showLab'>;
  readonly kit: Kit;
}

export function CourseHome(props: CourseHomeProps): React.JSX.Element {
  const { course, kit } = props;
  const { trans } = kit;
  const reached = course.objectives.filter(one => one.reached).length;
  const next = course.labs.find(lab => !lab.problem && !isDone(lab));
  return (
    <section className="pl-Course" aria-labelledby="pl-course-title">
      <h2 className="pl-Title" id="pl-course-title">
        {course.title}
      </h2>
      <p className="pl-Facts">
        {[
          course.number,
          course.level,
          trans.__('%1 hours', course.hours.toLocaleString(kit.language))
        ]
          .filter(Boolean)
          .map(fact => (
            <span key={fact} className="pl-Fact">
              {fact}
            </span>
          ))}
      </p>
      <SightWarning sight={props.sight} kernel={null} kit={kit} />
      {course.about_html ? kit.html(course.about_html) : null}
      <h3 className="pl-Heading">{trans.__('Labs')}</h3>
      {course.labs.length === 0 ? (
        <p className="pl-Empty">
          {trans.__(
            'No labs are installed. Install Parallab again, or a package of labs.'
          )}
        </p>
      ) : (
        <ol className="pl-Labs">
          {course.labs.map(lab => (
            <LabLine key={lab.id} lab={lab} next={lab === next} {...props} />
          ))}
        </ol>
      )}
      {course.objectives.length > 0 ? (
        <>
          <h3 className="pl-Heading">
            {trans.__(
              'Objectives: %1 of %2 reached',
              String(reached),
              String(course.objectives.length)
            )}
          </h3>
          <ul className="pl-Objectives">
            {course.objectives.map(one => (
              <ObjectiveLine key={one.id} objective={one} kit={kit} />
            ))}
          </ul>
        </>
      ) : null}
      <Sight sight={props.sight} kernel={null} kit={kit} />
    </section>
  );
}

function isDone(lab: LabSummary): boolean {
  return lab.steps > 0 && lab.passed >= lab.steps;
}

function LabLine(
  props: CourseHomeProps & {
    readonly lab: LabSummary;
    /** It is the first that is not done: where to go on. */
    readonly next: boolean;
  }
): React.JSX.Element {
  const { lab, opening, actions, kit } = props;
  const { trans } = kit;
  const done = isDone(lab);
  const verb = done
    ? trans.__('Open again')
    : lab.started
      ? trans.__('Continue')
      : trans.__('Start');
  return (
    <li className="pl-Lab" data-lab={lab.id} data-done={done}>
      <h4 className="pl-Lab-title">
        {done ? <Glyph mark="passed" /> : null}
        <button
          type="button"
          className="pl-Link"
          onClick={() => actions.showLab(lab.id)}
        >
          <span className="pl-Lab-id">{lab.id}</span> {lab.title}
        </button>
      </h4>
      {/* Who is done with it needs no more words: what comes next moves up. */}
      {done ? null : (
        <About lab={lab} deadline={deadlineOf(props, lab.id)} kit={kit} />
      )}
      {lab.problem ? (
        <p>{trans.__('This lab cannot be used: %1', lab.problem)}</p>
      ) : (
        <div className="pl-Lab-foot">
          <Bar
            value={lab.passed}
            of={lab.steps}
            label={trans.__(
              '%1 of %2 steps',
              String(lab.passed),
              String(lab.steps)
            )}
          />
          <Button
            kind={props.next ? 'primary' : 'plain'}
            off={opening !== null}
            label={`${verb}: ${lab.id} ${lab.title}`}
            onClick={() => actions.openLab(lab.id)}
          >
            {opening === lab.id ? trans.__('Opening…') : verb}
          </Button>
        </div>
      )}
    </li>
  );
}

/** What a lab is about, and what it takes. */
function About(props: {
  readonly lab: LabSummary;
  readonly deadline: Deadline | null;
  readonly kit: Kit;
}): React.JSX.Element {
  const { lab, deadline, kit } = props;
  const { trans } = kit;
  return (
    <>
      {lab.summary ? <p>{lab.summary}</p> : null}
      <p className="pl-Facts">
        <span className="pl-Fact">
          {trans.__('%1 minutes', String(lab.minutes))}
        </span>
        {lab.needs.length > 0 ? (
          <span className="pl-Fact">
            {trans.__('after %1', lab.needs.join(', '))}
          </span>
        ) : null}
        <DueFact deadline={deadline} kit={kit} />
      </p>
    </>
  );
}

function ObjectiveLine(props: {
  readonly objective: Objective;
  readonly kit: Kit;
}): React.JSX.Element {
  const { objective, kit } = props;
  const { trans } = kit;
  const state = objective.reached
    ? trans.__('Reached')
    : objective.available
      ? trans.__('Not yet reached')
      : trans.__('Its labs are not installed');
  return (
    <li className="pl-Objective" data-reached={objective.reached}>
      <Glyph mark={objective.reached ? 'passed' : 'not-attempted'} />
      <span>
        {objective.text}
        {objective.labs.length > 0 ? (
          <span className="pl-Muted"> ({objective.labs.join(', ')})</span>
        ) : null}
        {objective.available ? (
          <span className="pl-Hidden">. {state}</span>
        ) : (
          <span className="pl-Muted">. {state}</span>
        )}
      </span>
    </li>
  );
}
