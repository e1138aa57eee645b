import { act, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import * as React from 'react';
import {
  aCourse,
  aKernel,
  aLab,
  aProcess,
  aProgress,
  aStep,
  aSummary
} from '../__tests__/fixtures';
import { aState, kit, settings, spies } from '../__tests__/views';
import type { HostState, Problem, State } from '../core';
import { Panel } from './panel';

function show(part: Partial<State>) {
  const actions = spies();
  render(
    <Panel
      state={aState(part)}
      settings={settings}
      actions={actions}
      kit={kit}
    />
  );
  return actions;
}

const button = (name: string) => screen.getByRole('button', { name });

describe('the course home', () => {
  const objective = (n: number) => ({
    id: `O${n}`,
    text: `objective ${n}`,
    labs: [`L0${n}`],
    reached: n === 4,
    available: n !== 9
  });
  const course = aCourse({
    objectives: [4, 8, 9].map(objective),
    labs: [
      aSummary({ passed: 7 }),
      aSummary({
        id: 'L08',
        title: 'The bank',
        started: true,
        passed: 2,
        needs: ['L06']
      }),
      aSummary({ id: 'L99', title: 'Odd', problem: 'lab.md line 3: no title' })
    ]
  });

  test('says what the course is', () => {
    show({ course });
    expect(
      screen.getByRole('heading', {
        name: 'Python Concurrent Programming: Multiprocessing in Python'
      })
    ).toBeInTheDocument();
    expect(screen.getByText('Beginner')).toBeInTheDocument();
    expect(screen.getByText('1.3 hours')).toBeInTheDocument();
  });

  test('ticks the objectives that are reached, in words too', () => {
    show({ course });
    expect(
      screen.getByRole('heading', { name: 'Objectives: 1 of 3 reached' })
    ).toBeInTheDocument();
    expect(screen.getByText('objective 4').closest('li')).toHaveTextContent(
      '. Reached'
    );
    expect(screen.getByText('objective 8').closest('li')).toHaveTextContent(
      '. Not yet reached'
    );
    expect(screen.getByText('objective 9').closest('li')).toHaveTextContent(
      'not installed'
    );
  });

  test('lists the labs with progress, and opens them', async () => {
    const actions = show({ course });
    expect(
      screen.getByRole('progressbar', { name: '2 of 7 steps' })
    ).toHaveValue(2);
    expect(button('Open again: L04 Your own processes')).toBeInTheDocument();
    await userEvent.click(button('Continue: L08 The bank'));
    expect(actions.openLab).toHaveBeenCalledWith('L08');
    await userEvent.click(button('L08 The bank'));
    expect(actions.showLab).toHaveBeenCalledWith('L08');
  });

  test('a broken lab says what is wrong and spoils nothing', () => {
    show({ course });
    expect(screen.getByText(/lab.md line 3: no title/)).toBeInTheDocument();
    expect(
      screen.queryByRole('button', { name: /Start: L99/ })
    ).not.toBeInTheDocument();
  });

  test('without labs it says what to do', () => {
    show({ course: aCourse({ labs: [] }) });
    expect(screen.getByText(/No labs are installed/)).toBeInTheDocument();
  });

  test('is waited for', () => {
    show({ loading: { course: true, lab: false } });
    expect(screen.getByText('Loading…')).toHaveAttribute('role', 'status');
  });
});

describe('problems', () => {
  const problem = (kind: Problem['kind'], message = ''): Problem => ({
    kind,
    message,
    reason: '',
    status: 0
  });

  test.each([
    [problem('unreachable'), /server does not answer.*Wait a moment/],
    [
      problem('no-extension'),
      /server part is not running.*jupyter server extension list/
    ],
    [problem('login'), /not logged in.*log in again/],
    [problem('missing', 'No lab L99.'), /No lab L99\./],
    [problem('unreadable'), /cannot be read.*Reload the page/],
    [problem('timeout'), /took too long.*Try again/]
  ])('say what happened and what to do (%#)', async (which, words) => {
    const actions = show({ problem: which });
    expect(screen.getByRole('alert')).toHaveTextContent(words);
    await userEvent.click(button('Try again'));
    expect(actions.refresh).toHaveBeenCalled();
  });
});

describe('a lab in another language than the reader\u2019s', () => {
  function shown(language: string, of: string) {
    const state = aState({
      view: 'lab',
      labId: 'L04',
      labs: { L04: aLab({ language: of, html: '<p>Story</p>' }) }
    });
    const german = { ...kit, language };
    render(
      <Panel state={state} settings={settings} actions={spies()} kit={german} />
    );
    return screen.getByRole('heading', { level: 2 });
  }

  test('is said to be so, to screen readers too', () => {
    expect(shown('de-DE', 'en').getAttribute('lang')).toBe('en');
    expect(screen.getByText(/has not been translated/)).toBeVisible();
    expect(screen.getByText('Story').closest('[lang]')).toHaveAttribute(
      'lang',
      'en'
    );
  });

  test('is not when it is translated', () => {
    expect(shown('de-DE', 'de').getAttribute('lang')).toBeNull();
    expect(screen.queryByText(/has not been translated/)).toBeNull();
  });
});

describe('a lab', () => {
  const lab = aLab({
    steps: [
      aStep({ id: 'one' }),
      aStep({ id: 'two' }),
      aStep({ id: 'more', counts: false, stretch: true })
    ],
    progress: [aProgress('one', { verdict: 'passed' })]
  });
  const host = (part: Partial<HostState> = {}): HostState => ({
    notebook: {
      path: 'L04.ipynb',
      lab: 'L04',
      version: null,
      language: null,
      activeStep: 'two',
      texts: [],
      edited: []
    },
    kernel: { id: 'k1', name: 'parallab', status: 'idle' },
    ...part
  });
  const inLab = (part: Partial<State> = {}): Partial<State> => ({
    view: 'lab',
    labId: 'L04',
    labs: { L04: lab },
    host: host(),
    ...part
  });

  test('is a checklist that counts what counts', async () => {
    const actions = show(inLab());
    expect(
      screen.getByRole('heading', { name: 'L04 Your own processes' })
    ).toBeInTheDocument();
    expect(
      screen.getByRole('progressbar', { name: '1 of 2 steps' })
    ).toHaveValue(1);
    expect(button('3. Step more Stretch Not attempted')).toBeInTheDocument();
    await userEvent.click(button('2. Step two Not attempted'));
    expect(actions.toggleStep).toHaveBeenCalledWith('two');
    await userEvent.click(button('← All labs'));
    expect(actions.showCourse).toHaveBeenCalled();
  });

  test('marks the step in which the cursor is', () => {
    show(inLab());
    expect(button('2. Step two Not attempted')).toHaveAttribute(
      'aria-current',
      'step'
    );
  });

  const kernel = { id: 'k1', name: 'parallab', status: 'idle' as const };
  test.each([
    [
      'No notebook is open.',
      host({ notebook: null, kernel: null }),
      'Open the notebook of L04',
      'openLab'
    ],
    [
      'not part of the course',
      host({
        notebook: {
          path: 'a',
          lab: null,
          version: null,
          language: null,
          activeStep: null,
          texts: [],
          edited: []
        }
      }),
      'Open the notebook of L04',
      'openLab'
    ],
    [
      'is that of lab L08',
      host({
        notebook: {
          path: 'a',
          lab: 'L08',
          version: null,
          language: null,
          activeStep: null,
          texts: [],
          edited: []
        }
      }),
      'Show lab L08 here',
      'showLab'
    ],
    ['has no kernel', host({ kernel: null }), 'Start a kernel', 'switchKernel'],
    [
      'The kernel has died.',
      host({ kernel: { ...kernel, status: 'dead' } }),
      'Restart the kernel',
      'restartKernel'
    ],
    [
      'is lost',
      host({ kernel: { ...kernel, status: 'disconnected' } }),
      'Restart the kernel',
      'restartKernel'
    ],
    [
      'This kernel is not watched.',
      host({ kernel: { ...kernel, name: 'python3' } }),
      'Switch kernel',
      'switchKernel'
    ]
  ] as const)('%s', async (words, state, name, action) => {
    const actions = show(inLab({ host: state }));
    expect(screen.getByText(words, { exact: false })).toBeInTheDocument();
    await userEvent.click(button(name));
    expect(actions[action]).toHaveBeenCalled();
  });

  test('a cell that runs does not keep from checking', async () => {
    const actions = show(
      inLab({
        openStep: 'two',
        host: host({ kernel: { ...kernel, status: 'busy' } })
      })
    );
    await userEvent.click(button('Check my work'));
    expect(actions.check).toHaveBeenCalledWith('two');
  });

  test('with a replay it can be watched, without any kernel', async () => {
    const actions = show(
      inLab({
        labs: { L04: { ...lab, watch: 'two' } },
        host: host({ kernel: null })
      })
    );
    const watch = button('Watch how it should go');
    expect(watch).toHaveAccessibleDescription(
      'Shows step 2, with explanations.'
    );
    await userEvent.click(watch);
    expect(actions.showReplay).toHaveBeenCalledWith('L04');
  });

  test('without a replay there is nothing to watch', () => {
    show(inLab({ kernel: aKernel() }));
    expect(button('Show the picture')).toBeInTheDocument();
    expect(
      screen.queryByRole('button', { name: 'Watch how it should go' })
    ).not.toBeInTheDocument();
  });

  test('shows what runs now, and that it is stuck', () => {
    const process = aProcess({ waits_for: 'lock B, held by worker 2' });
    show(
      inLab({
        kernel: aKernel({
          stuck: true,
          diagnoses: ['Each worker waits for the lock of the other.'],
          processes: [process]
        })
      })
    );
    const now = within(screen.getByRole('region', { name: 'What runs now' }));
    expect(screen.getByRole('alert')).toHaveTextContent(
      /stuck.*Each worker waits/
    );
    expect(now.getByText(/waits for lock B/)).toBeInTheDocument();
  });
});

describe('the focus', () => {
  const lab = aLab({
    steps: [
      aStep({
        id: 'one',
        prompts: [{ id: 'p', text: 'How many?', form: 'number', choices: [] }]
      })
    ]
  });
  const open = {
    view: 'lab',
    labId: 'L04',
    labs: { L04: lab },
    openStep: 'one'
  } as const;
  const shown = (part: Partial<State>) => (
    <Panel
      state={aState({ ...open, ...part })}
      settings={settings}
      actions={spies()}
      kit={kit}
    />
  );
  const saved = {
    L04: {
      ...lab,
      progress: [
        aProgress('one', {
          prediction: { answers: { p: '2' }, at: 1, late: false, observed: {} }
        })
      ]
    }
  };

  test('stays near the button that is gone with its form', () => {
    const { rerender } = render(shown({}));
    act(() => button('Save my prediction').focus());
    rerender(shown({ labs: saved }));
    expect(screen.getByRole('region', { name: 'Prediction' })).toHaveFocus();
  });

  test('stays where the learner has gone meanwhile', () => {
    const { rerender } = render(
      <>
        {shown({})}
        <textarea aria-label="The notebook" />
      </>
    );
    act(() => button('Save my prediction').focus());
    const elsewhere = screen.getByLabelText('The notebook');
    act(() => elsewhere.focus());
    rerender(
      <>
        {shown({ labs: saved })}
        <textarea aria-label="The notebook" />
      </>
    );
    expect(elsewhere).toHaveFocus();
  });
});
