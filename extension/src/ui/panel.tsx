/** The whole sidebar: what stands in the way, and below it the course or a lab. */

import * as React from 'react';
import { labOf, type State } from '../core';
import type { Actions } from './actions';
import { Button } from './controls';
import { CourseHome } from './course';
import { useKeptFocus } from './focus';
import type { Kit, ViewSettings } from './kit';
import { LabPage } from './lab';
import { Leftovers } from './leftovers';
import { ProblemNotice } from './problem';

export interface PanelProps {
  readonly state: State;
  readonly settings: ViewSettings;
  readonly actions: Actions;
  readonly kit: Kit;
}

export function Panel(props: PanelProps): React.JSX.Element {
  const { state, actions, kit } = props;
  const { trans } = kit;
  const problem = state.problem ?? state.pageProblem;
  const content = React.useRef<HTMLDivElement>(null);
  useKeptFocus(content);
  return (
    <div className="pl-Panel-content" ref={content}>
      {state.view === 'lab' ? (
        <nav className="pl-Nav" aria-label={trans.__('Course')}>
          <Button kind="quiet" onClick={actions.showCourse}>
            {trans.__('← All labs')}
          </Button>
        </nav>
      ) : null}
      {problem ? (
        <ProblemNotice problem={problem} kit={kit} onRetry={actions.refresh} />
      ) : null}
      <Leftovers left={state.left} actions={actions} kit={kit} />
      <View {...props} />
    </div>
  );
}

function View(props: PanelProps): React.JSX.Element | null {
  const { state, kit } = props;
  const lab = labOf(state);
  if (state.view === 'lab') {
    return lab ? (
      <LabPage {...props} lab={lab} />
    ) : (
      <Waiting on={state.loading.lab} kit={kit} />
    );
  }
  return state.course ? (
    <CourseHome
      {...props}
      course={state.course}
      courseAt={state.courseAt}
      opening={state.opening}
      sight={state.sight}
    />
  ) : (
    <Waiting on={state.loading.course} kit={kit} />
  );
}

function Waiting(props: {
  readonly on: boolean;
  readonly kit: Kit;
}): React.JSX.Element {
  return (
    <p className="pl-Empty" role="status">
      {props.on ? props.kit.trans.__('Loading…') : ''}
    </p>
  );
}
