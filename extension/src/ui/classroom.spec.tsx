import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import * as React from 'react';
import { aCourse, aProgress, aStep, aSummary } from '../__tests__/fixtures';
import { aWork, kit, spies } from '../__tests__/views';
import { NO_HAND_IN, deadlineOf, type Course, type Deadline } from '../core';
import {
  AskInstructor,
  ClassTrouble,
  DueFact,
  HandIn,
  Overdue,
  type AskProps,
  type HandInProps
} from './classroom';
import { CourseHome } from './course';

const CLASS = { waiting: 0, trouble: '', handed_in: {}, due: {} };

function ask(part: Partial<AskProps> = {}) {
  const actions = spies();
  const props = {
    step: aStep({ id: 'one' }),
    progress: null,
    work: aWork(),
    actions,
    kit,
    ...part
  };
  const view = render(<AskInstructor {...props} />);
  const again = (more: Partial<AskProps>) =>
    view.rerender(<AskInstructor {...props} {...more} />);
  return { actions, again };
}

const button = (name: string) => screen.getByRole('button', { name });

test('a question is written, then sent; nothing is sent without words', async () => {
  const user = userEvent.setup();
  const { actions, again } = ask();
  await user.click(button('Ask your instructor'));
  expect(screen.getByLabelText('What do you need help with?')).toHaveFocus();
  await user.click(button('Ask'));
  expect(actions.help).not.toHaveBeenCalled();
  again({ work: aWork({ drafts: { '?help': [' It hangs '] } }) });
  await user.click(button('Ask'));
  expect(actions.help).toHaveBeenCalledWith('one', true, 'It hangs');
});

test('a hand that is up is shown, and can be taken down', async () => {
  const help = { text: 'It hangs', at: 1, answer: '', by: '' };
  const { actions } = ask({ progress: aProgress('one', { help }) });
  expect(screen.getByText('It hangs')).toBeVisible();
  await userEvent.click(button('Take it down'));
  expect(actions.help).toHaveBeenCalledWith('one', false, '');
});

test('the answer says whose it is', async () => {
  const help = { text: 'It hangs', at: 1, answer: 'Who joins?', by: 'teach' };
  const { actions } = ask({ progress: aProgress('one', { help }) });
  expect(screen.getByText('teach answers')).toBeVisible();
  expect(screen.getByText('Who joins?')).toBeVisible();
  await userEvent.click(button('Thank you, I go on'));
  expect(actions.help).toHaveBeenCalledWith('one', false, '');
});

function handIn(part: Partial<HandInProps> = {}) {
  const actions = spies();
  const props = {
    lab: 'L04',
    classroom: CLASS,
    work: NO_HAND_IN,
    canSave: true,
    actions,
    kit,
    ...part
  };
  render(<HandIn {...props} />);
  return actions;
}

test('a notebook is handed in, and again', async () => {
  const actions = handIn({
    classroom: { ...CLASS, handed_in: { L04: 1_700_000_000 } }
  });
  expect(screen.getByRole('status')).toHaveTextContent(
    'Your class has this notebook since'
  );
  await userEvent.click(button('Hand in again'));
  expect(actions.handIn).toHaveBeenCalled();
});

test('without the notebook in front nothing can be handed in, and it says why', async () => {
  const actions = handIn({ canSave: false });
  const off = button('Hand in this notebook');
  expect(off).toHaveAttribute('aria-disabled', 'true');
  expect(off).toHaveAccessibleDescription(/needs this lab's notebook/);
  await userEvent.click(off);
  expect(actions.handIn).not.toHaveBeenCalled();
});

test('that the class does not hear is told without alarm, and only then', () => {
  const { rerender } = render(<ClassTrouble classroom={CLASS} kit={kit} />);
  expect(screen.queryByText(/has not heard/)).toBeNull();
  rerender(
    <ClassTrouble
      classroom={{ ...CLASS, waiting: 3, trouble: 'it did not answer' }}
      kit={kit}
    />
  );
  expect(screen.getByText(/has not heard of everything/)).toBeVisible();
});

/** 30 November 2026, 18:00 UTC. */
const AT = Date.UTC(2026, 10, 30, 18) / 1000;

function deadline(left: number, late = false): Deadline {
  return { at: AT, ends: Date.now() + left * 1000, late };
}

function due(told: Deadline | null, done = false) {
  return render(
    <>
      <DueFact deadline={told} kit={kit} />
      <Overdue deadline={told} done={done} kit={kit} />
    </>
  );
}

describe('when a lab is due', () => {
  afterEach(() => jest.useRealTimers());

  test("it is told in the reader's own time", () => {
    due(deadline(60));
    // jest.config.cjs lets the tests run in India.
    expect(
      screen.getByText(/^due Nov 30, 2026, 11:30.PM, your time$/)
    ).toBeVisible();
    expect(screen.queryByText(/as late/)).toBeNull();
  });

  test('without a deadline there is nothing', () => {
    expect(due(null).container).toBeEmptyDOMElement();
  });

  test('it ends while somebody looks', () => {
    jest.useFakeTimers();
    due(deadline(60));
    expect(screen.getByText(/^due /)).toBeVisible();
    React.act(() => jest.advanceTimersByTime(60_000));
    expect(screen.getByText(/^was due /)).toBeVisible();
    expect(screen.getByText(/You can still go on/)).toBeVisible();
  });

  test('who is done need not be told that there is time', () => {
    due(deadline(-1), true);
    expect(screen.getByText(/^was due /)).toBeVisible();
    expect(screen.queryByText(/still go on/)).toBeNull();
  });

  test('late is what the class says', () => {
    due(deadline(-1, true), true);
    expect(screen.getByText(/^late: was due /)).toBeVisible();
    expect(screen.getByText(/your class sees this lab as late/)).toBeVisible();
  });

  test('whether it is over does not hang on the clock of this computer', () => {
    jest.useFakeTimers({ now: Date.UTC(2031, 0) });
    const classroom = {
      ...CLASS,
      due: { L04: { at: AT, left: 60, late: false } }
    };
    const course = aCourse({ classroom });
    const told = deadlineOf({ course, courseAt: Date.now() }, 'L04');
    due(told);
    expect(screen.getByText(/^due /)).toBeVisible();
    expect(deadlineOf({ course, courseAt: Date.now() }, 'L05')).toBeNull();
  });

  test('a server that knows of no deadlines, and one without a class, tell none', () => {
    const { due: _, ...older } = CLASS;
    const of = (classroom: unknown) =>
      deadlineOf(
        {
          course: aCourse({ classroom: classroom as Course['classroom'] }),
          courseAt: 0
        },
        'L04'
      );
    expect(of(older)).toBeNull();
    expect(of(null)).toBeNull();
  });

  test('the course tells it of each lab that is not done', () => {
    const classroom = {
      ...CLASS,
      due: {
        L04: { at: AT, left: 60, late: false },
        L05: { at: AT, left: 60, late: false }
      }
    };
    const labs = [
      aSummary({ id: 'L04', steps: 2, passed: 1 }),
      aSummary({ id: 'L05', steps: 2, passed: 2 })
    ];
    render(
      <CourseHome
        course={aCourse({ classroom, labs })}
        courseAt={Date.now()}
        opening={null}
        sight={null}
        actions={spies()}
        kit={kit}
      />
    );
    expect(screen.getAllByText(/^due /)).toHaveLength(1);
  });
});
