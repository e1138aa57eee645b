import { planReplace, stepsOf, type Edit, type PlanCell } from './cells';
import type { NotebookCell } from './wire';

/** "one:a" is a code cell of step one with source a; ":a" is untagged; "#one:a" is text. */
function cell(text: string): PlanCell {
  const [, mark, tag, source] = /^(#?)(\w*):(.*)$/.exec(text) ?? [];
  return {
    type: mark ? 'markdown' : 'code',
    tag: tag || null,
    source: source ?? ''
  };
}

function fresh(...sources: string[]): NotebookCell[] {
  return sources.map(source => ({ source, cell_type: 'code', step: 'two' }));
}

function apply(cells: PlanCell[], edits: Edit[], step: string): string[] {
  const now = [...cells];
  for (const edit of edits) {
    const at = edit.at;
    if (edit.do === 'remove') {
      now.splice(at, 1);
    } else {
      const made = { type: 'code', tag: step, source: edit.source };
      now.splice(at, edit.do === 'set' ? 1 : 0, made);
    }
  }
  return now.map(one => one.source);
}

const ORDER = ['one', 'two', 'three'];

function replaced(texts: string[], ...sources: string[]): string[] {
  const cells = texts.map(cell);
  return apply(
    cells,
    planReplace(cells, 'two', fresh(...sources), ORDER),
    'two'
  );
}

test('a cell without a tag belongs to the tagged cell above it', () => {
  const cells = [':setup', 'one:a', ':b', 'two:c', '#:text', ':d'].map(cell);
  expect(stepsOf(cells)).toEqual([null, 'one', 'one', 'two', 'two', 'two']);
});

test.each([
  [
    'as many cells: sources change in place',
    ['one:a', 'two:x', 'two:y', 'three:z'],
    ['X', 'Y'],
    ['a', 'X', 'Y', 'z']
  ],
  [
    'the learner split a cell: the rest goes',
    ['two:x', ':y', ':w', 'three:z'],
    ['X'],
    ['X', 'z']
  ],
  [
    'the learner lost a cell: it comes back',
    ['two:x', 'three:z'],
    ['X', 'Y'],
    ['X', 'Y', 'z']
  ],
  [
    'text cells stay',
    ['#two:title', 'two:x', '#:note', 'two:y'],
    ['X'],
    ['title', 'X', 'note']
  ],
  [
    'only the text is left',
    ['#two:title', 'three:z'],
    ['X'],
    ['title', 'X', 'z']
  ],
  [
    'the whole step is gone',
    ['one:a', 'three:z'],
    ['X', 'Y'],
    ['a', 'X', 'Y', 'z']
  ],
  [
    'it and all before it are gone: set-up stays on top',
    [':setup', 'three:z'],
    ['X'],
    ['setup', 'X', 'z']
  ],
  [
    'a copy of the cell elsewhere',
    ['two:x', 'three:z', 'two:copy'],
    ['X'],
    ['X', 'z']
  ],
  ['an empty notebook', [], ['X'], ['X']],
  ['nothing to put there', ['one:a', 'two:x'], [], ['a']]
])('%s', (_, before, sources, after) => {
  expect(replaced(before, ...sources)).toEqual(after);
});
