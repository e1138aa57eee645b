import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import * as React from 'react';
import {
  aGoal,
  aProgress,
  aResult,
  aStep,
  aSummary
} from '../__tests__/fixtures';
import { aWork, kit, settings, spies } from '../__tests__/views';
import type { Verdict as VerdictWord } from '../core';
import { Step, type StepProps } from './step';

const GOAL = { id: 'g', text: 'One pipe joins the two', phase: null };

function show(part: Partial<StepProps> = {}) {
  const actions = spies();
  const props: StepProps = {
    step: aStep({ id: 'one', title: 'One way', goals: [GOAL] }),
    number: 1,
    open: true,
    here: false,
    progress: null,
    work: aWork(),
    situation: 'ready',
    next: { step: 'two', lab: null, goOn: jest.fn() },
    version: 1,
    inClass: false,
    told: false,
    edited: false,
    settings,
    actions,
    kit,
    ...part
  };
  const view = render(
    <ol>
      <Step {...props} />
    </ol>
  );
  const again = (more: Partial<StepProps>) =>
    view.rerender(
      <ol>
        <Step {...props} {...more} />
      </ol>
    );
  return { actions, again };
}

const check = () => screen.getByRole('button', { name: /Check/ });

function judged(verdict: VerdictWord, part: Parameters<typeof aGoal>[0]) {
  const goal = aGoal({ ...part, verdict });
  return aProgress('one', {
    verdict,
    last: aResult('one', [goal], { verdict })
  });
}

test('a closed step says its name, its state, and where the cursor is', () => {
  show({
    open: false,
    here: true,
    progress: aProgress('one', { verdict: 'failed' })
  });
  const header = screen.getByRole('button', { name: '1. One way Not yet' });
  expect(header).toHaveAttribute('aria-expanded', 'false');
  expect(header).toHaveAttribute('aria-current', 'step');
  expect(screen.queryByRole('region')).not.toBeInTheDocument();
});

test.each([
  [aProgress('one'), 'Not attempted'],
  [aProgress('one', { verdict: 'passed' }), 'Passed'],
  [
    aProgress('one', { verdict: 'passed', assisted: true }),
    'Passed with the solution shown'
  ],
  [
    aProgress('one', { verdict: 'failed', assisted: true }),
    'Not yet, solution shown'
  ],
  [aProgress('one', { verdict: 'undecided' }), 'Undecided'],
  [aProgress('one', { verdict: 'broken' }), 'Check broken']
])('its state stands there in words (%#)', (progress, text) => {
  show({ open: false, progress });
  expect(screen.getByText(text)).toBeInTheDocument();
});

test('a step that this Python cannot do says why', () => {
  show({ step: aStep({ id: 'one', skipped: 'needs Python 3.14' }) });
  expect(screen.getByText('Skipped here')).toBeInTheDocument();
  expect(screen.getByText(/needs Python 3.14/)).toBeInTheDocument();
});

test('checking works by keyboard alone', async () => {
  const { actions } = show();
  const user = userEvent.setup();
  await user.tab();
  await user.tab();
  expect(check()).toHaveFocus();
  await user.keyboard('{Enter}');
  expect(actions.check).toHaveBeenCalledWith('one');
});

test('while a check is under way the button says so, keeps its focus and refuses', async () => {
  const { actions, again } = show();
  check().focus();
  again({ work: aWork({ busy: 'check' }) });
  const button = screen.getByRole('button', { name: 'Checking…' });
  expect(button).toHaveAttribute('aria-disabled', 'true');
  expect(button).toHaveFocus();
  await userEvent.click(button);
  expect(actions.check).not.toHaveBeenCalled();
  expect(screen.getByRole('status')).toHaveTextContent(
    'Looking at your processes…'
  );
});

test('code that was changed since a check is told, but not after a pass', () => {
  const changed = /You have changed your code since this check/;
  const { again } = show({ edited: true });
  expect(screen.queryByText(changed)).toBeNull();
  again({ progress: judged('failed', { id: 'g' }) });
  expect(screen.getByText(changed)).toBeVisible();
  again({ edited: false });
  expect(screen.queryByText(changed)).toBeNull();
  again({ edited: true, progress: judged('passed', { id: 'g' }) });
  expect(screen.queryByText(changed)).toBeNull();
});

test('a failed goal is told as the design draws it', () => {
  show({
    work: aWork({ judged: 1 }),
    progress: judged('failed', {
      id: 'g',
      expected: 'write ends outside the child: none',
      observed: 'your notebook holds one',
      reason: 'recv() raises EOFError only then.',
      hint: 'Who else got a copy?',
      mistake: { id: 'M56', sentence: 'It is waiting for itself.' }
    })
  });
  const goal = within(screen.getByRole('list', { name: 'Goals' }));
  const rows = goal
    .getAllByRole('term')
    .map(term => `${term.textContent}: ${term.nextSibling?.textContent}`);
  expect(rows).toEqual([
    'Mistake: It is waiting for itself. (M56)',
    'Expected: write ends outside the child: none',
    'Observed: your notebook holds one',
    'Because: recv() raises EOFError only then.',
    'Hint: Who else got a copy?'
  ]);
  expect(screen.getByRole('status')).toHaveTextContent(
    'Not yet: 0 of 1 goals are met. It is waiting for itself.'
  );
});

test('why nothing could be told of any goal is said once', () => {
  const reason = 'This kernel is not recorded.';
  const goals = ['a', 'b'].map(id =>
    aGoal({ id, verdict: 'undecided', reason })
  );
  show({
    step: aStep({
      id: 'one',
      goals: goals.map(({ id, text }) => ({ id, text, phase: null }))
    }),
    progress: aProgress('one', {
      verdict: 'undecided',
      last: aResult('one', goals, { verdict: 'undecided' })
    })
  });
  expect(screen.getAllByText(reason)).toHaveLength(1);
  expect(screen.getAllByText('Undecided')).toHaveLength(3);
});

test('what was broken on purpose is told as done, and what comes next', () => {
  const goals = [
    aGoal({ id: 'break', phase: 'break', verdict: 'passed' }),
    aGoal({ id: 'mend', phase: 'repair', verdict: 'not-attempted' })
  ];
  show({
    progress: aProgress('one', {
      last: aResult('one', goals, { verdict: 'not-attempted' })
    }),
    work: aWork({ judged: 1 })
  });
  expect(screen.getByRole('status')).toHaveTextContent(
    'You broke it, as asked: 1 of 2 goals are met. Now repair it.'
  );
});

test('a hint of a verdict can stay folded', () => {
  show({
    settings: { foldHints: true },
    progress: judged('failed', { id: 'g', hint: 'Who else got a copy?' })
  });
  expect(
    screen.getByText('Show the hint').closest('details')
  ).not.toHaveAttribute('open');
});

test('an old verdict is shown, not announced', () => {
  show({ progress: judged('failed', { id: 'g', observed: 'two pipes' }) });
  expect(screen.getByText('two pipes')).toBeInTheDocument();
  expect(screen.getByRole('status')).toBeEmptyDOMElement();
});

test.each([
  [
    'undecided',
    /could not tell. This is not your mistake/,
    /does not count against you/
  ],
  [
    'broken',
    /author's check raised an error. This is not your mistake. Go on with the next step;/,
    /The check itself broke. This is not your mistake/
  ]
] as const)(
  '%s says that it is not the learner’s mistake',
  (verdict, inGoal, inStatus) => {
    show({
      work: aWork({ judged: 1 }),
      progress: judged(verdict, { id: 'g', reason: 'No probe in this kernel.' })
    });
    expect(screen.getByText(inGoal)).toBeInTheDocument();
    expect(screen.getByRole('status')).toHaveTextContent(inStatus);
    expect(screen.getByText('No probe in this kernel.')).toBeInTheDocument();
  }
);

test('a pass that was made before stays, whatever the last try was', () => {
  const progress = {
    ...judged('failed', { id: 'g' }),
    verdict: 'passed' as const
  };
  show({ progress });
  expect(screen.getByText(/You passed this step before/)).toBeInTheDocument();
  expect(screen.getByText('Passed')).toBeInTheDocument();
});

test('what went wrong on the way is told, and no verdict is claimed', () => {
  show({
    work: aWork({
      judged: 1,
      problem: {
        kind: 'server',
        message: 'The disk is full.',
        reason: '',
        status: 507
      }
    }),
    progress: judged('passed', { id: 'g' })
  });
  expect(screen.getByRole('alert')).toHaveTextContent('The disk is full.');
  expect(screen.getByRole('status')).toBeEmptyDOMElement();
});

test('a server that is gone is named here too, while the top says what to do', () => {
  const problem = {
    kind: 'unreachable',
    message: '',
    reason: '',
    status: 0
  } as const;
  show({
    work: aWork({ judged: 1, problem }),
    progress: judged('passed', { id: 'g' })
  });
  expect(screen.queryByRole('alert')).not.toBeInTheDocument();
  expect(screen.getByRole('status')).toHaveTextContent(
    'The Jupyter server does not answer.'
  );
});

test('without a kernel the button is off and says why', async () => {
  const { actions } = show({ situation: 'no-kernel' });
  expect(check()).toHaveAccessibleDescription(
    /needs this lab's notebook and its kernel/
  );
  await userEvent.click(check());
  expect(actions.check).not.toHaveBeenCalled();
});

test('a step to be answered has no button for checking the kernel', () => {
  show({ step: aStep({ id: 'one', kind: 'quiz' }) });
  expect(
    screen.queryByRole('button', { name: 'Check my work' })
  ).not.toBeInTheDocument();
  expect(
    screen.queryByRole('button', { name: 'Reset this step' })
  ).not.toBeInTheDocument();
});

test('a step without cells or a solution offers neither', () => {
  const quiet = () =>
    ['Reset this step', 'Show solution'].filter(
      name => screen.queryByRole('button', { name }) !== null
    );
  const { again } = show({
    step: aStep({ id: 'one', cells: false, solution: false })
  });
  expect(quiet()).toEqual([]);
  again({ step: aStep({ id: 'one', cells: false }) });
  expect(quiet()).toEqual(['Show solution']);
  again({ step: aStep({ id: 'one', solution: false }) });
  expect(quiet()).toEqual(['Reset this step']);
});

describe('hints', () => {
  const step = aStep({ id: 'one', hints: 2 });

  test('come one level at a time', async () => {
    const { actions, again } = show({ step });
    await userEvent.click(
      screen.getByRole('button', { name: 'Give me a hint' })
    );
    expect(actions.hint).toHaveBeenLastCalledWith('one', 1);
    again({ progress: aProgress('one', { hints_shown: ['<p>Look.</p>'] }) });
    expect(screen.getByText('Look.')).toBeInTheDocument();
    expect(screen.getByText('Hint 1 of 2')).toBeInTheDocument();
    await userEvent.click(
      screen.getByRole('button', { name: 'Next hint (2 of 2)' })
    );
    expect(actions.hint).toHaveBeenLastCalledWith('one', 2);
    again({ progress: aProgress('one', { hints_shown: ['a', 'b'] }) });
    expect(
      screen.queryByRole('button', { name: /hint/ })
    ).not.toBeInTheDocument();
  });
});

describe('the solution', () => {
  const ask = () => screen.getByRole('button', { name: 'Show solution' });

  test('asks first, and says what it costs', async () => {
    const { actions } = show();
    await userEvent.click(ask());
    expect(actions.solution).not.toHaveBeenCalled();
    const question = screen.getByRole('group', { name: 'Show the solution?' });
    expect(question).toHaveTextContent(/marked as assisted/);
    const yes = within(question).getByRole('button', { name: 'Yes, show it' });
    expect(yes).toHaveFocus();
    await userEvent.click(yes);
    expect(actions.solution).toHaveBeenCalledWith('one');
  });

  test('no means no, and the focus comes back', async () => {
    const { actions } = show();
    await userEvent.click(ask());
    await userEvent.click(screen.getByRole('button', { name: /^No/ }));
    expect(actions.solution).not.toHaveBeenCalled();
    expect(ask()).toHaveFocus();
  });

  test('is not asked about twice', async () => {
    const { actions } = show({
      progress: aProgress('one', { assisted: true })
    });
    await userEvent.click(ask());
    expect(actions.solution).toHaveBeenCalledWith('one');
  });

  test('stands there to be read, and goes into the notebook on request', async () => {
    const { actions } = show({
      work: aWork({
        solution: {
          html: '<p>So.</p>',
          cells: [{ source: 'p.start()', cell_type: 'code', step: 'one' }],
          progress: aProgress('one')
        }
      })
    });
    const solution = within(screen.getByRole('region', { name: 'Solution' }));
    expect(solution.getByText('p.start()')).toBeInTheDocument();
    await userEvent.click(
      solution.getByRole('button', { name: 'Put it into the notebook' })
    );
    expect(actions.insertSolution).toHaveBeenCalledWith('one');
  });
});

test('a reset can be undone', async () => {
  const { actions, again } = show();
  await userEvent.click(
    screen.getByRole('button', { name: 'Reset this step' })
  );
  expect(actions.reset).toHaveBeenCalledWith('one');
  again({ work: aWork({ undo: [] }) });
  await userEvent.click(screen.getByRole('button', { name: 'Undo' }));
  expect(actions.undo).toHaveBeenCalledWith('one');
});

describe('after a pass', () => {
  const passed = { progress: judged('passed', { id: 'g' }) };
  const name = (text: string | RegExp) =>
    screen.queryByRole('button', { name: text });

  test('the next step is one click away', async () => {
    const goOn = jest.fn();
    show({ ...passed, next: { step: 'two', lab: null, goOn } });
    await userEvent.click(screen.getByRole('button', { name: 'Next step' }));
    expect(goOn).toHaveBeenCalled();
  });

  test('of the last step, the next lab', async () => {
    const lab = aSummary({ id: 'L08', title: 'The bank' });
    const next = { step: null, lab, goOn: jest.fn() };
    const { actions } = show({ ...passed, next });
    await userEvent.click(
      screen.getByRole('button', { name: 'Next lab: L08 The bank' })
    );
    expect(actions.openLab).toHaveBeenCalledWith('L08');
  });

  test('of the last lab, the course', async () => {
    const next = { step: null, lab: null, goOn: jest.fn() };
    const { actions } = show({ ...passed, next });
    await userEvent.click(
      screen.getByRole('button', { name: 'Back to the course' })
    );
    expect(actions.showCourse).toHaveBeenCalled();
  });

  test('and not before', () => {
    show({ progress: judged('failed', { id: 'g' }) });
    expect(name('Next step')).not.toBeInTheDocument();
  });
});

test('a pass of an earlier version stays, and says so', () => {
  const passed = aProgress('one', { verdict: 'passed', passed_version: 1 });
  const { again } = show({ progress: passed, version: 1 });
  expect(screen.queryByText(/in version 1/)).not.toBeInTheDocument();
  again({ version: 3 });
  expect(
    screen.getByText(
      'You passed this step in version 1 of the lab, and that stays. The lab is now at version 3.'
    )
  ).toBeInTheDocument();
});

describe("the step's text", () => {
  const step = aStep({ id: 'one', html: '<p>Start four workers.</p>' });

  test('is folded where the notebook has it too', () => {
    show({ step, told: true });
    const text = screen.getByText('Start four workers.');
    expect(text.closest('details')).not.toHaveAttribute('open');
    expect(screen.getByText('What to do')).toBeInTheDocument();
  });

  test('stands open where the notebook lacks it', () => {
    show({ step, told: false });
    const text = screen.getByText('Start four workers.');
    expect(text.closest('details')).toBeNull();
  });
});

describe('what the lab does itself', () => {
  const act = {
    id: 'ward',
    kind: 'frozen-kernels',
    label: 'Bring in the patients',
    html: '<p>Three kernels freeze.</p>'
  } as const;
  const step = aStep({ id: 'one', acts: [act] });

  test('is asked for with a button', async () => {
    const { actions } = show({ step });
    await userEvent.click(screen.getByRole('button', { name: act.label }));
    expect(actions.act).toHaveBeenCalledWith('one', 'ward');
  });

  test('says that it is under way where it was asked for', () => {
    const other = { ...act, id: 'other', label: 'Send them home' };
    const two = aStep({ id: 'one', acts: [act, other] });
    const { again } = show({
      step: two,
      work: aWork({ busy: 'act', doing: 'ward' })
    });
    const places = screen
      .getAllByText('Doing it…')
      .map(one => one.closest('[data-act]')?.getAttribute('data-act'));
    // The other is the step's own line.
    expect(places).toEqual(['ward', undefined]);
    again({ step: two, work: aWork({}) });
    expect(screen.queryByText('Doing it…')).not.toBeInTheDocument();
  });

  test('needs the notebook, and says so', async () => {
    const { actions } = show({ step, situation: 'no-notebook' });
    const button = screen.getByRole('button', { name: act.label });
    expect(button).toHaveAccessibleDescription(/notebook and its kernel/);
    await userEvent.click(button);
    expect(actions.act).not.toHaveBeenCalled();
  });

  test('tells what happened, and shows each frozen kernel', () => {
    const reply = {
      schema: 1,
      act: 'ward',
      done: true,
      happened: ['One kernel was started.'],
      frozen: [{ name: 'A', seen: ['“Ann” waits for a lock.'] }]
    };
    show({ step, work: aWork({ acts: { ward: reply } }) });
    expect(screen.getByText('One kernel was started.')).toBeInTheDocument();
    expect(
      screen.getByRole('heading', { name: 'Kernel A, frozen' })
    ).toBeInTheDocument();
    expect(screen.getByText('“Ann” waits for a lock.')).toBeInTheDocument();
  });
});
