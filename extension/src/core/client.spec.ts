import { FakeServer, aCourse } from '../__tests__/fixtures';
import { Client } from './client';
import { ProblemError } from './problem';

async function problemOf(promise: Promise<unknown>): Promise<ProblemError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ProblemError) {
      return error;
    }
    throw error;
  }
  throw new Error('It succeeded.');
}

const clientOf = (answers: FakeServer['answers']) =>
  new Client(new FakeServer(answers).fetch);

test('a good answer is the value itself', async () => {
  const course = aCourse();
  const client = clientOf({ 'GET labs': { json: course } });
  expect(await client.course()).toEqual(course);
});

test('ids are escaped, so that none can leave its place in the path', async () => {
  const server = new FakeServer({});
  const client = new Client(server.fetch);
  await problemOf(client.check('other:L04', '../../etc', body));
  expect(server.asked[0]?.what).toBe(
    'POST labs/other%3AL04/steps/..%2F..%2Fetc/check'
  );
});

const body = { kernel_id: 'k1', cells: [] };

test.each([
  ['nobody answers', 'down' as const, 'unreachable', 0],
  [
    'a proxy has nobody behind it',
    { status: 502, text: '<html>' },
    'unreachable',
    502
  ],
  [
    'Jupyter knows no such path',
    { status: 404, json: { message: 'Not Found', reason: null } },
    'no-extension',
    404
  ],
  ['a 404 without JSON', { status: 404, text: '<html>' }, 'no-extension', 404],
  [
    'we say that there is no such lab',
    { status: 404, json: { message: 'No lab L99.' } },
    'missing',
    404
  ],
  [
    'the login ran out',
    { status: 403, json: { message: 'Forbidden' } },
    'login',
    403
  ],
  [
    'the request is refused',
    { status: 400, json: { message: 'No cells.' } },
    'refused',
    400
  ],
  [
    'the disk is full',
    { status: 507, json: { message: 'The disk is full.' } },
    'server',
    507
  ],
  [
    'a login page came instead',
    { status: 200, text: '<html>' },
    'unreadable',
    200
  ]
])('%s', async (_, answer, kind, status) => {
  const problem = await problemOf(clientOf({ 'GET labs': answer }).course());
  expect({ kind: problem.kind, status: problem.status }).toEqual({
    kind,
    status
  });
});

test('the server says what was wrong in its own words', async () => {
  const client = clientOf({
    'POST labs/L04/steps/one/check': {
      status: 500,
      json: { message: 'The check could not be read.', reason: 'checks.py:3' }
    }
  });
  const problem = await problemOf(client.check('L04', 'one', body));
  expect(problem).toMatchObject({
    kind: 'server',
    message: 'The check could not be read.',
    reason: 'checks.py:3'
  });
});

test('a server that never answers is given up', async () => {
  const client = new Client(
    (_, { signal }) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('aborted')));
      }),
    5
  );
  expect((await problemOf(client.course())).kind).toBe('timeout');
});
