/** Where the learner stands with notebook and kernel, in words, with the button that helps. */

import * as React from 'react';
import type { Situation } from '../core';
import type { Actions } from './actions';
import { Button, Notice, type NoticeProps } from './controls';
import type { Kit } from './kit';

export interface SituationProps {
  readonly situation: Situation;
  /** The lab shown. */
  readonly lab: string;
  /** The lab of the notebook in front. */
  readonly other: string | null;
  readonly opening: boolean;
  readonly actions: Pick<
    Actions,
    'openLab' | 'showLab' | 'switchKernel' | 'restartKernel'
  >;
  readonly kit: Kit;
}

interface Advice extends Pick<NoticeProps, 'tone' | 'title'> {
  readonly text: string;
  readonly help?: React.ReactNode;
}

export function SituationNotice(
  props: SituationProps
): React.JSX.Element | null {
  const advice = ADVICE[props.situation]?.(props);
  return advice ? (
    <Notice tone={advice.tone} title={advice.title} actions={advice.help}>
      <p>{advice.text}</p>
    </Notice>
  ) : null;
}

const ADVICE: Record<Situation, ((props: SituationProps) => Advice) | null> = {
  ready: null,
  // Said where nothing moves for it: see NowBar.
  busy: null,
  'no-notebook': props => ({
    tone: 'info',
    title: props.kit.trans.__('No notebook is open.'),
    text: props.kit.trans.__('You work on this lab in its notebook.'),
    help: <OpenButton {...props} />
  }),
  'not-a-lab': props => ({
    tone: 'info',
    title: props.kit.trans.__('This notebook is not part of the course.'),
    text: props.kit.trans.__(
      "Parallab looks only at the kernels of its labs' notebooks. Open that of this lab to go on."
    ),
    help: <OpenButton {...props} />
  }),
  'other-lab': props => ({
    tone: 'info',
    title: props.kit.trans.__(
      'The notebook in front is that of lab %1.',
      props.other ?? ''
    ),
    text: props.kit.trans.__('You are reading lab %1.', props.lab),
    help: (
      <>
        <OpenButton {...props} />
        <Button onClick={() => props.actions.showLab(props.other ?? '')}>
          {props.kit.trans.__('Show lab %1 here', props.other ?? '')}
        </Button>
      </>
    )
  }),
  'no-kernel': props => ({
    tone: 'warning',
    title: props.kit.trans.__('The notebook has no kernel.'),
    text: props.kit.trans.__(
      'The kernel is the Python process that runs your cells, and it is what Parallab watches.'
    ),
    help: (
      <Button kind="primary" onClick={props.actions.switchKernel}>
        {props.kit.trans.__('Start a kernel')}
      </Button>
    )
  }),
  starting: props => ({
    tone: 'info',
    title: props.kit.trans.__('The kernel is starting.'),
    // After a crash JupyterLab may show this for ever, though a new kernel is up.
    text: props.kit.trans.__(
      'This takes a few seconds. If it does not end, restart the kernel.'
    ),
    help: (
      <Button onClick={props.actions.restartKernel}>
        {props.kit.trans.__('Restart the kernel')}
      </Button>
    )
  }),
  dead: props => ({
    tone: 'error',
    title: props.kit.trans.__('The kernel has died.'),
    text: props.kit.trans.__(
      'Your cells are still there, the values in memory are gone. Restart it, then run the cells again from the top.'
    ),
    help: (
      <Button kind="primary" onClick={props.actions.restartKernel}>
        {props.kit.trans.__('Restart the kernel')}
      </Button>
    )
  }),
  disconnected: props => ({
    tone: 'warning',
    title: props.kit.trans.__('The connection to the kernel is lost.'),
    text: props.kit.trans.__(
      'JupyterLab connects again by itself. If it does not, see whether the Jupyter server still runs, then restart the kernel.'
    ),
    help: (
      <Button onClick={props.actions.restartKernel}>
        {props.kit.trans.__('Restart the kernel')}
      </Button>
    )
  }),
  foreign: props => ({
    tone: 'warning',
    title: props.kit.trans.__('This kernel is not watched.'),
    text: props.kit.trans.__(
      'It is not one of Parallab, so goals about processes cannot be decided. Switching starts a new kernel: run the cells again afterwards.'
    ),
    help: (
      <Button kind="primary" onClick={props.actions.switchKernel}>
        {props.kit.trans.__('Switch kernel')}
      </Button>
    )
  }),
  'no-probe': props => ({
    tone: 'warning',
    title: props.kit.trans.__('Parallab sees this kernel only from outside.'),
    text: props.kit.trans.__(
      'Its part inside the kernel did not start, so some goals cannot be decided. Restarting the kernel often helps.'
    ),
    help: (
      <Button onClick={props.actions.restartKernel}>
        {props.kit.trans.__('Restart the kernel')}
      </Button>
    )
  }),
  remote: props => ({
    tone: 'warning',
    title: props.kit.trans.__('This kernel runs on another machine.'),
    text: props.kit.trans.__(
      'Parallab can see processes only where the Jupyter server runs. Goals about them stay undecided.'
    ),
    help: (
      <Button onClick={props.actions.switchKernel}>
        {props.kit.trans.__('Switch kernel')}
      </Button>
    )
  }),
  elsewhere: props => ({
    tone: 'warning',
    title: props.kit.trans.__('Parallab cannot see processes on this system.'),
    text: props.kit.trans.__(
      'The notebooks run and the questions work. To have your work checked, run Jupyter in a Linux container; until then goals stay undecided.'
    )
  })
};

function OpenButton(props: SituationProps): React.JSX.Element {
  const { trans } = props.kit;
  return (
    <Button
      kind="primary"
      off={props.opening}
      onClick={() => props.actions.openLab(props.lab)}
    >
      {props.opening
        ? trans.__('Opening…')
        : trans.__('Open the notebook of %1', props.lab)}
    </Button>
  );
}
