import { fireEvent, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import * as React from 'react';
import { aWork, kit, spies } from '../__tests__/views';
import {
  NO_WORK,
  type Answered,
  type PredictionView,
  type Question
} from '../core';
import { Parsons } from './parsons';
import { Prediction } from './prediction';
import { Quiz } from './quiz';

/** Holds the drafts as the store does. */
function Drafting(props: {
  readonly children: (
    drafts: Readonly<Record<string, readonly string[]>>,
    draft: (step: string, field: string, values: readonly string[]) => void
  ) => React.ReactNode;
}): React.JSX.Element {
  const [drafts, set] = React.useState<Record<string, readonly string[]>>({});
  return (
    <>
      {props.children(drafts, (_, field, values) =>
        set(before => ({ ...before, [field]: values }))
      )}
    </>
  );
}

describe('a prediction', () => {
  const prompts = [
    { id: 'n', text: 'How many children?', form: 'number', choices: [] },
    {
      id: 'who',
      text: 'Who ends first?',
      form: 'choice',
      choices: [
        { id: 'a', text: 'the notebook' },
        { id: 'b', text: 'the child' }
      ]
    }
  ] as const;

  function show(saved: PredictionView | null = null) {
    const actions = spies();
    render(
      <Drafting>
        {(drafts, draft) => (
          <Prediction
            step="one"
            prompts={prompts}
            saved={saved}
            work={{ ...NO_WORK, drafts }}
            actions={{ ...actions, draft }}
            kit={kit}
          />
        )}
      </Drafting>
    );
    return actions;
  }

  test('is saved when every question has an answer', async () => {
    const actions = show();
    const save = screen.getByRole('button', { name: 'Save my prediction' });
    await userEvent.click(save);
    expect(actions.predict).not.toHaveBeenCalled();
    expect(save).toHaveAccessibleDescription(/Answer every question/);
    await userEvent.type(screen.getByLabelText('How many children?'), '4');
    const who = within(screen.getByRole('group', { name: 'Who ends first?' }));
    await userEvent.click(who.getByRole('radio', { name: 'the child' }));
    await userEvent.click(save);
    expect(actions.predict).toHaveBeenCalledWith('one', { n: '4', who: 'b' });
  });

  test('is locked afterwards and stands beside what was observed', () => {
    show({
      answers: { n: '4', who: 'a' },
      at: 1,
      late: false,
      observed: { n: '5', who: 'b' }
    });
    expect(screen.queryByRole('button')).not.toBeInTheDocument();
    const told = screen
      .getAllByRole('definition')
      .map(one => `${one.previousSibling?.textContent}: ${one.textContent}`);
    expect(told).toEqual([
      'You predicted: 4',
      'Observed: 5',
      'You predicted: the notebook',
      'Observed: the child'
    ]);
  });

  test('says when it came after the fact, and when nothing was observed yet', () => {
    show({ answers: { n: '4', who: 'a' }, at: 1, late: true, observed: {} });
    expect(screen.getByText(/Saved after the fact/)).toBeInTheDocument();
    expect(screen.getAllByText('nothing yet')).toHaveLength(2);
  });
});

describe('a quiz', () => {
  const choices = [
    { id: 'a', text: 'it returns None' },
    { id: 'b', text: 'it returns the result' }
  ];
  const questions = [
    {
      id: 'q1',
      text: 'What of join()?',
      choices,
      several: false,
      form: 'choice' as const
    },
    {
      id: 'q2',
      text: 'Which are true?',
      choices,
      several: true,
      form: 'choice' as const
    }
  ];

  function show(answered: readonly Answered[] = []) {
    const actions = spies();
    render(
      <Drafting>
        {(drafts, draft) => (
          <Quiz
            step="quiz"
            questions={questions}
            answered={answered}
            work={{ ...NO_WORK, drafts }}
            actions={{ ...actions, draft }}
            kit={kit}
          />
        )}
      </Drafting>
    );
    return actions;
  }

  test('is sent when all questions are answered', async () => {
    const actions = show();
    const send = screen.getByRole('button', { name: 'Check my answers' });
    expect(send).toHaveAccessibleDescription('2 questions are open.');
    const one = within(screen.getByRole('group', { name: 'What of join()?' }));
    const two = within(screen.getByRole('group', { name: /Which are true/ }));
    await userEvent.click(
      one.getByRole('radio', { name: 'it returns the result' })
    );
    await userEvent.click(one.getByRole('radio', { name: 'it returns None' }));
    await userEvent.click(send);
    expect(actions.answer).not.toHaveBeenCalled();
    await userEvent.click(
      two.getByRole('checkbox', { name: 'it returns None' })
    );
    await userEvent.click(
      two.getByRole('checkbox', { name: 'it returns the result' })
    );
    await userEvent.click(send);
    expect(actions.answer).toHaveBeenCalledWith('quiz', {
      q1: ['a'],
      q2: ['a', 'b']
    });
  });

  test('gives the reason for the choice that was made, until another is made', async () => {
    show([
      {
        question: 'q1',
        chosen: ['b'],
        right: false,
        reason: 'A result needs a queue.'
      }
    ]);
    const one = within(screen.getByRole('group', { name: /What of join/ }));
    expect(
      one.getByRole('radio', { name: 'it returns the result' })
    ).toBeChecked();
    expect(one.getByText('Not right.')).toBeInTheDocument();
    expect(one.getByText(/A result needs a queue/)).toBeInTheDocument();
    await userEvent.click(one.getByRole('radio', { name: 'it returns None' }));
    expect(one.queryByText('Not right.')).not.toBeInTheDocument();
  });
});

describe('questions of other forms', () => {
  function show(
    questions: readonly Question[],
    table: boolean,
    answered: readonly Answered[] = []
  ) {
    const actions = spies();
    render(
      <Drafting>
        {(drafts, draft) => (
          <Quiz
            step="quiz"
            table={table}
            questions={questions}
            answered={answered}
            work={{ ...NO_WORK, drafts }}
            actions={{ ...actions, draft }}
            kit={kit}
          />
        )}
      </Drafting>
    );
    return actions;
  }

  const tools = [
    { id: 'a', text: 'Queue' },
    { id: 'b', text: 'Pipe' }
  ];
  const rows: readonly Question[] = [
    {
      id: 'r-1',
      text: 'It has two ends',
      choices: tools,
      several: false,
      form: 'choice'
    },
    {
      id: 'r-2',
      text: 'It has a feeder thread',
      choices: tools,
      several: false,
      form: 'choice'
    }
  ];

  test('rows are matched by keyboard, each with a list of its own', async () => {
    const actions = show(rows, true);
    const send = screen.getByRole('button', { name: 'Check my answers' });
    expect(send).toHaveAccessibleDescription('2 questions are open.');
    const first = screen.getByRole('combobox', { name: 'It has two ends' });
    await userEvent.selectOptions(first, 'Pipe');
    await userEvent.selectOptions(
      screen.getByRole('combobox', { name: 'It has a feeder thread' }),
      'Queue'
    );
    await userEvent.tab();
    await userEvent.keyboard('{Enter}');
    expect(actions.answer).toHaveBeenCalledWith('quiz', {
      'r-1': ['b'],
      'r-2': ['a']
    });
  });

  test('a row says what would go wrong, until another choice is made', async () => {
    show(rows, true, [
      {
        question: 'r-1',
        chosen: ['a'],
        right: false,
        reason: 'Many may use it.'
      }
    ]);
    expect(screen.getByText(/Many may use it/)).toBeInTheDocument();
    const first = screen.getByRole('combobox', { name: 'It has two ends' });
    expect(first).toHaveValue('a');
    await userEvent.selectOptions(first, 'Pipe');
    expect(screen.queryByText(/Many may use it/)).not.toBeInTheDocument();
  });

  test('an order is sent as it is shown, or as it was changed', async () => {
    const order: readonly Question[] = [
      {
        id: 'cost',
        text: 'The cheapest first',
        choices: tools,
        several: false,
        form: 'order'
      }
    ];
    const actions = show(order, false);
    const send = screen.getByRole('button', { name: 'Check my answers' });
    await userEvent.click(send);
    expect(actions.answer).toHaveBeenLastCalledWith('quiz', {
      cost: ['a', 'b']
    });
    await userEvent.click(
      screen.getByRole('button', { name: 'Move up: Pipe' })
    );
    await userEvent.click(send);
    expect(actions.answer).toHaveBeenLastCalledWith('quiz', {
      cost: ['b', 'a']
    });
  });
});

describe('a Parsons problem', () => {
  const blocks = [
    { id: 'a', text: 'p.start()' },
    { id: 'b', text: 'p.join()' },
    { id: 'x', text: 'p.run()' }
  ];

  function show(answered: readonly Answered[] = []) {
    const actions = spies();
    render(
      <Drafting>
        {(drafts, draft) => (
          <Parsons
            step="parsons"
            blocks={blocks}
            answered={answered}
            work={aWork({ drafts })}
            actions={{ ...actions, draft }}
            kit={kit}
          />
        )}
      </Drafting>
    );
    return actions;
  }

  const button = (name: string) => screen.getByRole('button', { name });

  test('is put together by keyboard, and the focus stays with the line that moves', async () => {
    const actions = show();
    const user = userEvent.setup();
    await user.click(button('Add: p.join()'));
    await user.click(button('Add: p.run()'));
    await user.click(button('Add: p.start()'));
    await user.click(button('Take out: p.run()'));
    button('Move up: p.start()').focus();
    await user.keyboard('{Enter}');
    expect(button('Move up: p.start()')).toHaveFocus();
    expect(screen.getByText('Line 1 of 2: p.start()')).toBeInTheDocument();
    await user.click(button('Check my program'));
    expect(actions.answer).toHaveBeenCalledWith('parsons', {
      parsons: ['a', 'b']
    });
  });

  test('is put together by drawing lines, from below and within it', async () => {
    const actions = show();
    const line = (text: string) => screen.getByText(text).closest('li')!;
    const draw = (text: string, to: Element) => {
      const dataTransfer = { effectAllowed: '' };
      fireEvent.dragStart(line(text), { dataTransfer });
      fireEvent.dragOver(to, { dataTransfer });
      fireEvent.drop(to, { dataTransfer });
      fireEvent.dragEnd(line(text), { dataTransfer });
    };
    draw('p.join()', screen.getByText('Add the first line.'));
    draw('p.run()', line('p.join()').parentElement!);
    draw('p.start()', line('p.join()'));
    draw('p.run()', line('p.start()'));
    // What comes from elsewhere is not taken.
    fireEvent.drop(line('p.start()'), { dataTransfer: { files: [] } });
    await userEvent.click(button('Check my program'));
    expect(actions.answer).toHaveBeenCalledWith('parsons', {
      parsons: ['x', 'a', 'b']
    });
  });

  test('a line at the end does not move further', async () => {
    show();
    await userEvent.click(button('Add: p.join()'));
    expect(button('Move up: p.join()')).toHaveAttribute(
      'aria-disabled',
      'true'
    );
    expect(button('Move down: p.join()')).toHaveAttribute(
      'aria-disabled',
      'true'
    );
  });

  test('what was sent last is there again, with its outcome', () => {
    show([
      {
        question: 'parsons',
        chosen: ['a', 'b'],
        right: true,
        reason: 'Start, then wait.'
      }
    ]);
    expect(screen.getByText('Right.')).toBeInTheDocument();
    expect(button('Take out: p.start()')).toBeInTheDocument();
  });
});

test('code between backticks is set as code, and read without them', () => {
  render(
    <Prediction
      step="one"
      prompts={[
        { id: 'n', text: '`p.join()` gives', form: 'text', choices: [] }
      ]}
      saved={null}
      work={NO_WORK}
      actions={spies()}
      kit={kit}
    />
  );
  expect(screen.getByLabelText('p.join() gives')).toBeInTheDocument();
  expect(screen.getByText('p.join()').tagName).toBe('CODE');
});
