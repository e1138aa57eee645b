import {
  FakeHost,
  FakeLines,
  FakeServer,
  aCourse,
  aGoal,
  aKernel,
  aLab,
  aLeftover,
  aNews,
  aProgress,
  aResult,
  aStep,
  aSummary,
  aThread,
  settle,
  type Answer
} from '../__tests__/fixtures';
import { Client } from './client';
import type { HostState, KernelStatus } from './host';
import {
  countSteps,
  labOf,
  markOf,
  nextLab,
  progressOf,
  workOf
} from './state';
import { LabStore } from './store';

const CHECK = 'POST labs/L04/steps/one/check';
const IN_FRONT: HostState = {
  notebook: {
    path: 'L04.ipynb',
    lab: 'L04',
    version: null,
    language: null,
    activeStep: 'one',
    texts: [],
    edited: []
  },
  kernel: { id: 'k1', name: 'parallab', status: 'idle' }
};

function world(answers: Record<string, Answer> = {}, language = 'en') {
  const server = new FakeServer({
    'GET labs': { json: aCourse() },
    'GET labs/L04': { json: aLab() },
    'GET labs/L08': { json: aLab({ id: 'L08', title: 'The bank' }) },
    ...answers
  });
  const host = new FakeHost();
  const lines = new FakeLines();
  const client = new Client(server.fetch);
  const store = new LabStore(client, host, lines.connect, language);
  store.setShown(true);
  return { server, host, lines, store };
}

/** The lab open in sidebar and editor. */
async function inLab(answers: Record<string, Answer> = {}, language = 'en') {
  const made = world(answers, language);
  made.store.setHost(IN_FRONT);
  await settle();
  made.lines.open?.opens();
  made.lines.open?.says({ state: aKernel() });
  return made;
}

function later() {
  type Given = Awaited<Answer>;
  let resolve: (answer: Given) => void = () => {};
  const promise = new Promise<Given>(done => (resolve = done));
  return { promise, resolve };
}

describe('where the learner is', () => {
  test('the course comes from the server', async () => {
    const { store } = world();
    const loading = store.refresh();
    expect(store.state.loading.course).toBe(true);
    await loading;
    expect(store.state.course?.title).toContain('Multiprocessing');
    expect(store.state.loading.course).toBe(false);
  });

  test('a lab notebook that comes to the front brings its lab, and the first open step', async () => {
    const { store } = await inLab({
      'GET labs/L04': {
        json: aLab({ progress: [aProgress('one', { verdict: 'passed' })] })
      }
    });
    expect(store.state.view).toBe('lab');
    expect(labOf(store.state)?.id).toBe('L04');
    expect(store.state.openStep).toBe('two');
    expect(store.state.kernel?.kind).toBe('recorded');
  });

  test('it does not where the learner has set so', async () => {
    const { store } = world();
    store.setHost(IN_FRONT, false);
    await settle();
    expect(store.state.view).toBe('course');
  });

  test('moving between cells asks the server nothing', async () => {
    const { store, server } = await inLab();
    const before = server.asked.length;
    store.setHost({
      ...IN_FRONT,
      notebook: {
        path: 'L04.ipynb',
        lab: 'L04',
        version: null,
        language: null,
        activeStep: 'two',
        texts: [],
        edited: []
      }
    });
    await settle();
    expect(server.asked.length).toBe(before);
  });

  test('a restarted kernel is looked at again, since it may have become another kind', async () => {
    const { store, lines } = await inLab();
    const kernel = {
      id: 'k1',
      name: 'parallab',
      status: 'restarting' as const
    };
    store.setHost({ ...IN_FRONT, kernel });
    expect(lines.open).toBeNull();
    store.setHost(IN_FRONT);
    expect(lines.made.length).toBe(2);
  });

  test('a kernel that starts is looked at when it is up, and then for good', async () => {
    const { store, lines } = world();
    const { notebook } = IN_FRONT;
    const kernel = (id: string, status: KernelStatus): HostState => ({
      notebook,
      kernel: { id, name: 'parallab', status }
    });
    store.setHost(kernel('', 'starting'));
    store.setHost(kernel('k1', 'unknown'));
    store.setHost(kernel('k1', 'starting'));
    await store.refresh();
    expect(lines.made).toEqual([]);
    store.setHost(kernel('k1', 'idle'));
    store.setHost(kernel('k1', 'busy'));
    store.setHost(kernel('k1', 'idle'));
    expect(lines.made.map(one => one.path)).toEqual(['kernels/k1/live']);
  });

  test('a course asked for twice at once is fetched once', async () => {
    const { store, server } = world();
    const first = store.refresh();
    store.showCourse();
    await first;
    await settle();
    expect(server.count('GET labs')).toBe(1);
  });

  test("anybody's notebook: its kernel is not asked about", async () => {
    const { store, server, lines } = world();
    store.setHost({
      ...IN_FRONT,
      notebook: {
        path: 'mine.ipynb',
        lab: null,
        version: null,
        language: null,
        activeStep: null,
        texts: [],
        edited: []
      }
    });
    await settle();
    expect(server.asked).toEqual([]);
    expect(lines.made).toEqual([]);
  });

  test('opening a lab makes its notebook on the server and shows it in the editor', async () => {
    const { store, host } = world({
      'POST labs/L04/open': { json: { path: 'work/L04.ipynb', created: true } }
    });
    await store.openLab('L04');
    expect(host.opened).toEqual(['work/L04.ipynb']);
    expect(host.read).toEqual([]);
    expect(labOf(store.state)?.id).toBe('L04');
    expect(store.state.opening).toBeNull();
  });

  test('a new version is brought in after saving, read again, and told until it was read', async () => {
    const news = aNews({ added: ['One more'] });
    const { store, host, server } = world({
      'POST labs/L04/open': {
        json: { path: 'work/L04.ipynb', created: false, news }
      }
    });
    let askedBeforeSaving = -1;
    host.save = async () => {
      askedBeforeSaving = server.count('POST labs/L04/open');
    };
    // The notebook takes the focus when it opens: what is to be read comes after that.
    let toldBeforeShown: unknown;
    const open = host.open.bind(host);
    host.open = async (path, fresh) => {
      toldBeforeShown = store.state.news;
      await open(path, fresh);
    };
    await store.openLab('L04');
    expect(toldBeforeShown).toEqual({});
    expect(askedBeforeSaving).toBe(0);
    expect(host.read).toEqual(['work/L04.ipynb']);
    expect(store.state.news).toEqual({ L04: news });
    store.closeNews('L04');
    expect(store.state.news).toEqual({});
  });

  test('a lab whose author saved a file is read again, its notebook where it is in front', async () => {
    const { store, server, host } = await inLab({
      'POST labs/L04/open': { json: { path: 'L04.ipynb', created: false } }
    });
    store.onLab({ lab: 'L04' });
    await settle();
    expect(server.count('GET labs/L04')).toBe(2);
    expect(host.opened).toEqual(['L04.ipynb']);
    store.onLab({ lab: 'L08' });
    await settle();
    expect(server.count('GET labs/L08')).toBe(0);
  });

  test('an editor that cannot save opens nothing, and says why', async () => {
    const { store, host, server } = world();
    host.save = async () => {
      throw new Error('The file cannot be saved.');
    };
    await store.openLab('L04');
    expect(server.count('POST labs/L04/open')).toBe(0);
    expect(store.state.pageProblem).not.toBeNull();
    expect(store.state.opening).toBeNull();
  });

  test('a step that is opened is scrolled to in its own notebook only', async () => {
    const { store, host } = await inLab();
    store.toggleStep('two');
    expect(store.state.openStep).toBe('two');
    expect(host.revealed).toEqual(['two']);
    store.toggleStep('two');
    expect(store.state.openStep).toBeNull();
    await store.showLab('L08');
    store.toggleStep('one');
    expect(host.revealed).toEqual(['two']);
  });

  test('next goes to what is still to be done, and says when nothing is', async () => {
    const { store } = await inLab();
    expect(store.state.openStep).toBe('one');
    expect(store.openNext()).toBe(true);
    expect(store.state.openStep).toBe('two');
    for (const step of ['one', 'two']) {
      store.onProgress({
        lab: 'L04',
        progress: aProgress(step, { verdict: 'passed' })
      });
    }
    expect(store.openNext()).toBe(false);
  });
});

describe('checking', () => {
  const passed = aProgress('one', {
    verdict: 'passed',
    last: aResult('one', [aGoal({ id: 'g' })])
  });
  const reply = {
    json: {
      schema: 1,
      result: passed.last,
      progress: passed,
      python: '3.13',
      start_method: 'fork'
    }
  };

  test('sends the kernel and all cells in order, and keeps what the server answers', async () => {
    const { store, server } = await inLab({ [CHECK]: reply });
    const given = await store.check('one');
    expect(server.bodyOf(CHECK)).toEqual({
      kernel_id: 'k1',
      cells: [
        { id: 'c1', step: 'one' },
        { id: 'c2', step: null }
      ]
    });
    expect(given?.result.verdict).toBe('passed');
    const lab = labOf(store.state);
    expect(lab && countSteps(lab)).toEqual({ passed: 1, of: 2 });
    expect(workOf(store.state, 'one')).toMatchObject({ busy: null, judged: 1 });
  });

  test('one check at a time, and nothing is shown before the answer', async () => {
    const { promise, resolve } = later();
    const { store, server } = await inLab({ [CHECK]: promise });
    const first = store.check('one');
    expect(workOf(store.state, 'one').busy).toBe('check');
    expect(await store.check('one')).toBeNull();
    const lab = labOf(store.state);
    expect(lab && progressOf(lab, 'one')).toBeNull();
    resolve(reply);
    await first;
    expect(server.count(CHECK)).toBe(1);
    expect(workOf(store.state, 'one').busy).toBeNull();
  });

  test('an answer that comes after the learner has moved on finds its own lab', async () => {
    const { promise, resolve } = later();
    const { store } = await inLab({ [CHECK]: promise });
    const checking = store.check('one');
    await store.showLab('L08');
    resolve(reply);
    await checking;
    expect(labOf(store.state)?.progress).toEqual([]);
    await store.showLab('L04').catch(() => undefined);
    expect(store.state.labs.L08?.progress).toEqual([]);
  });

  test('without the notebook in front nothing is asked', async () => {
    const { store, server } = await inLab({ [CHECK]: reply });
    await store.showLab('L08');
    await store.check('one');
    expect(server.count('POST labs/L08/steps/one/check')).toBe(0);
    expect(workOf(store.state, 'one').problem?.kind).toBe('host');
  });

  test('a pass makes the course count again', async () => {
    const { store, server } = await inLab({ [CHECK]: reply });
    await store.refresh();
    server.answers['GET labs'] = {
      json: aCourse({ labs: [aSummary({ passed: 1 })] })
    };
    await store.check('one');
    await settle();
    expect(store.state.course?.labs[0]?.passed).toBe(1);
  });

  test('a failure is told in the step, and the next try clears it', async () => {
    const { store, server } = await inLab({
      [CHECK]: { status: 500, json: { message: 'The disk is full.' } }
    });
    await store.check('one');
    expect(workOf(store.state, 'one').problem).toMatchObject({
      kind: 'server',
      message: 'The disk is full.'
    });
    expect(store.state.problem).toBeNull();
    server.answers[CHECK] = reply;
    await store.check('one');
    expect(workOf(store.state, 'one').problem).toBeNull();
  });

  test('a server that is gone stands above all, until it answers again', async () => {
    const { store, server } = await inLab({ [CHECK]: 'down' });
    await store.check('one');
    expect(store.state.problem?.kind).toBe('unreachable');
    expect(workOf(store.state, 'one').problem?.kind).toBe('unreachable');
    await store.refresh();
    expect(store.state.problem).toBeNull();
    expect(workOf(store.state, 'one').problem).toBeNull();
    server.answers[CHECK] = reply;
    await store.check('one');
    expect(store.state.problem).toBeNull();
  });
});

describe('what the server says unasked', () => {
  test('progress made elsewhere arrives', async () => {
    const { store } = await inLab();
    const progress = aProgress('two', { verdict: 'passed', assisted: true });
    store.onProgress({ lab: 'L04', progress });
    const lab = labOf(store.state);
    expect(lab && markOf(progressOf(lab, 'two'))).toBe('assisted');
  });

  test('what is older than what is known does not take its place', async () => {
    const { store, server } = await inLab();
    const now = aProgress('two', { verdict: 'passed', facts: 3 });
    const then = aProgress('two', { verdict: 'failed', facts: 2 });
    store.onProgress({ lab: 'L04', progress: now });
    store.onProgress({ lab: 'L04', progress: then });
    const verdict = () => {
      const lab = labOf(store.state);
      return lab && progressOf(lab, 'two')?.verdict;
    };
    expect(verdict()).toBe('passed');
    // An answer that was on its way when the event came.
    server.answers['GET labs/L04'] = { json: aLab({ progress: [then] }) };
    await store.refresh();
    expect(verdict()).toBe('passed');
    // An older server counts nothing: what it tells last is the newest.
    const { facts: _, ...older } = aProgress('two', { verdict: 'failed' });
    store.onProgress({ lab: 'L04', progress: older as typeof then });
    expect(verdict()).toBe('failed');
  });

  test('what another window has changed is asked for again', async () => {
    const { store, server } = await inLab({
      'GET leftovers': {
        json: { schema: 1, found: [aLeftover({ id: 'a' })], cannot_tell: [] }
      }
    });
    await store.refresh();
    expect(store.state.left.found).toHaveLength(1);
    server.answers['GET leftovers'] = {
      json: { schema: 1, found: [], cannot_tell: [] }
    };
    store.onStale({ what: 'leftovers' });
    await settle();
    expect(store.state.left.found).toEqual([]);
    const classroom = {
      waiting: 0,
      trouble: '',
      handed_in: { L04: 1 },
      due: {}
    };
    server.answers['GET labs'] = { json: aCourse({ classroom }) };
    store.onStale({ what: 'course' });
    await settle();
    expect(store.state.course?.classroom?.handed_in).toEqual({ L04: 1 });
  });

  test('it is in English: who reads another language asks for theirs', async () => {
    const { store, server } = await inLab({}, 'de-DE');
    const passed = { verdict: 'passed', hints_shown: ['Sieh hin.'] } as const;
    const german = aLab({ progress: [aProgress('two', passed)] });
    server.answers['GET labs/L04'] = { json: german };
    const progress = aProgress('two', { verdict: 'failed' });
    store.onProgress({ lab: 'L04', progress });
    await settle();
    const lab = labOf(store.state);
    expect(lab && progressOf(lab, 'two')?.hints_shown).toEqual(['Sieh hin.']);
  });
});

describe('the live picture', () => {
  test("only the own kernel's is taken", async () => {
    const { store, lines } = await inLab();
    lines.open?.says({ state: aKernel({ kernel_id: 'k2', stuck: true }) });
    expect(store.state.kernel?.stuck).toBe(false);
    lines.open?.says({ state: aKernel({ stuck: true }) });
    expect(store.state.kernel?.stuck).toBe(true);
  });

  test('is looked at only while sidebar and page can be seen', async () => {
    const { store, lines } = await inLab();
    expect(store.state.live).toBe('on');
    store.setShown(false);
    expect(lines.open).toBeNull();
    expect(store.state.live).toBe('off');
    store.setShown(true);
    expect(lines.open?.path).toBe('kernels/k1/live');
    store.setPageShown(false);
    expect(lines.open).toBeNull();
    store.setPageShown(true);
    expect(lines.open).not.toBeNull();
    store.setHost({ notebook: null, kernel: null });
    expect(lines.open).toBeNull();
  });

  test('a server that is gone is said, and what was is kept', async () => {
    const { store, lines } = await inLab();
    lines.open?.breaks();
    expect(store.state.live).toBe('lost');
    expect(store.state.kernel).not.toBeNull();
    store.reconnect();
    lines.open?.opens();
    lines.open?.says({ state: aKernel({ busy: true }) });
    expect(store.state.live).toBe('on');
    expect(store.state.kernel?.busy).toBe(true);
  });
});

describe('predictions, answers, hints', () => {
  test('a prediction goes with kernel and cells, so that the server can tell whether it is late', async () => {
    const path = 'POST labs/L04/steps/one/predict';
    const prediction = {
      answers: { n: '4' },
      at: 1,
      late: false,
      observed: {}
    };
    const { store, server } = await inLab({
      [path]: { json: aProgress('one', { prediction }) }
    });
    await store.predict('one', { n: '4' });
    expect(server.bodyOf(path)).toMatchObject({
      answers: { n: '4' },
      kernel_id: 'k1'
    });
    const lab = labOf(store.state);
    expect(lab && progressOf(lab, 'one')?.prediction).toEqual(prediction);
  });

  test('drafts outlive closing the step, and belong to their lab', async () => {
    const { store } = await inLab();
    store.draft('one', 'q1', ['a']);
    store.toggleStep('two');
    await store.showLab('L08');
    expect(workOf(store.state, 'one').drafts).toEqual({});
    await store.showLab('L04');
    expect(workOf(store.state, 'one').drafts).toEqual({ q1: ['a'] });
  });

  test('hints come one level at a time, in the order of the server', async () => {
    const path = 'POST labs/L04/steps/one/hint';
    const steps = [aStep({ id: 'one', hints: 2 })];
    const { store, server } = await inLab({
      'GET labs/L04': { json: aLab({ steps }) },
      [path]: {
        json: {
          level: 1,
          of: 2,
          html: '<p>Look.</p>',
          progress: aProgress('one', { hints_shown: ['<p>Look.</p>'] })
        }
      }
    });
    expect(store.nextHint()).toEqual({ step: 'one', level: 1 });
    await store.hint('one', 1);
    expect(server.bodyOf(path)).toEqual({ level: 1 });
    expect(store.nextHint()).toEqual({ step: 'one', level: 2 });
  });
});

describe('starting over', () => {
  const starter = [
    { source: 'start()', cell_type: 'code', step: 'one' }
  ] as const;
  const mine = [{ source: 'mine()', cell_type: 'code', step: 'one' }] as const;
  const RESET = 'POST labs/L04/steps/one/reset';

  test('reset puts the starter back, and undo the own text', async () => {
    const { store, host } = await inLab({
      [RESET]: { json: { cells: starter, progress: aProgress('one') } }
    });
    host.sources.one = mine;
    await store.reset('one');
    expect(host.sources.one).toEqual(starter);
    expect(workOf(store.state, 'one').undo).toEqual(mine);
    store.undo('one');
    expect(host.sources.one).toEqual(mine);
    expect(workOf(store.state, 'one').undo).toBeNull();
  });

  test('a notebook that came to the front meanwhile keeps its own cells', async () => {
    const { promise, resolve } = later();
    const { store, host } = await inLab({ [RESET]: promise });
    host.sources.one = mine;
    const resetting = store.reset('one');
    store.setHost({
      ...IN_FRONT,
      notebook: { ...IN_FRONT.notebook!, path: 'L08.ipynb', lab: 'L08' }
    });
    resolve({ json: { cells: starter, progress: aProgress('one') } });
    await resetting;
    expect(host.sources.one).toEqual(mine);
    expect(store.state.work['L04 one']?.problem?.kind).toBe('host');
  });

  test('without the notebook the server is not told of a reset that cannot be', async () => {
    const { store, server } = world();
    await store.showLab('L04');
    await store.reset('one');
    expect(server.count(RESET)).toBe(0);
    expect(workOf(store.state, 'one').problem?.kind).toBe('host');
  });

  test('the solution marks the step, is shown, and goes into the notebook on request only', async () => {
    const progress = aProgress('one', { assisted: true });
    const { store, host } = await inLab({
      'POST labs/L04/steps/one/solution': {
        json: { cells: starter, html: '<p>So.</p>', progress }
      }
    });
    host.sources.one = mine;
    await store.solution('one');
    expect(host.sources.one).toEqual(mine);
    expect(workOf(store.state, 'one').solution?.html).toBe('<p>So.</p>');
    store.insertSolution('one');
    expect(host.sources.one).toEqual(starter);
    store.undo('one');
    expect(host.sources.one).toEqual(mine);
  });
});

describe('a kernel that hangs', () => {
  const RESCUE = 'POST kernels/k1/rescue';
  const reply = {
    schema: 1,
    done: true,
    happened: ['The cell was interrupted once.'],
    state: aKernel({ busy: false })
  };

  test('is interrupted, and what came of it stays until a cell runs again', async () => {
    const { store, server, lines } = await inLab({
      [RESCUE]: { json: reply }
    });
    lines.open?.says({ state: aKernel({ busy: true, stuck: true }) });
    await store.rescue({ action: 'interrupt' });
    expect(server.bodyOf(RESCUE)).toEqual({ action: 'interrupt' });
    expect(store.state.rescue.reply?.happened).toEqual(reply.happened);
    expect(store.state.kernel?.stuck).toBe(false);
    lines.open?.says({ state: aKernel({ busy: false, threads: [aThread()] }) });
    expect(store.state.rescue.reply).not.toBeNull();
    lines.open?.says({ state: aKernel({ busy: true }) });
    expect(store.state.rescue.reply).toBeNull();
  });

  test('one rescue at a time', async () => {
    const { promise, resolve } = later();
    const { store, server } = await inLab({ [RESCUE]: promise });
    const first = store.rescue({ action: 'interrupt' });
    expect(store.state.rescue.busy).toBe(true);
    await store.rescue({ action: 'interrupt' });
    resolve({ json: reply });
    await first;
    expect(server.count(RESCUE)).toBe(1);
    expect(store.state.rescue.busy).toBe(false);
  });

  test('a refusal is kept as a problem of the rescue', async () => {
    const { store } = await inLab({
      [RESCUE]: { status: 409, json: { message: 'It has ended already.' } }
    });
    await store.rescue({ action: 'kill', pid: 7, started: 1 });
    expect(store.state.rescue.problem?.message).toBe('It has ended already.');
    store.closeRescue();
    expect(store.state.rescue.problem).toBeNull();
  });
});

describe('what earlier kernels left', () => {
  const FOUND = [
    aLeftover({ id: 'process:7:1' }),
    aLeftover({ id: 'process:8:1', removable: false, why: 'It stays.' })
  ];
  const left = (found: readonly unknown[]) => ({
    json: { schema: 1, found, cannot_tell: [] }
  });

  test('is asked for at the start, after a death and after a restart, and never else', async () => {
    const { store, server } = await inLab({ 'GET leftovers': left([]) });
    const status = (one: KernelStatus) =>
      store.setHost({
        ...IN_FRONT,
        kernel: { id: 'k1', name: 'parallab', status: one }
      });
    expect(server.count('GET leftovers')).toBe(0);
    await store.refresh();
    expect(server.count('GET leftovers')).toBe(1);
    status('busy');
    status('idle');
    expect(server.count('GET leftovers')).toBe(1);
    status('dead');
    expect(server.count('GET leftovers')).toBe(2);
    status('restarting');
    status('starting');
    expect(server.count('GET leftovers')).toBe(2);
    status('idle');
    status('busy');
    status('idle');
    expect(server.count('GET leftovers')).toBe(3);
  });

  test('only what may go is asked to go, and the answer is kept', async () => {
    const CLEAN = 'POST leftovers/clean';
    const reply = {
      schema: 1,
      dry_run: false,
      removed: FOUND.slice(0, 1),
      kept: [],
      left: FOUND.slice(1),
      cannot_tell: []
    };
    const { store, server } = await inLab({
      'GET leftovers': left(FOUND),
      [CLEAN]: { json: reply }
    });
    await store.refresh();
    await store.clean();
    expect(server.bodyOf(CLEAN)).toEqual({ ids: ['process:7:1'] });
    expect(store.state.left.reply?.removed).toEqual(FOUND.slice(0, 1));
    expect(store.state.left.found).toEqual(FOUND.slice(1));
    await store.clean();
    expect(server.count(CLEAN)).toBe(1);
  });

  test('what was put off comes back only when something new is left', async () => {
    const { store, server } = await inLab({ 'GET leftovers': left(FOUND) });
    await store.refresh();
    store.hideLeft();
    await store.refresh();
    expect(store.state.left.hidden).toBe(true);
    server.answers['GET leftovers'] = left([...FOUND, aLeftover()]);
    await store.refresh();
    expect(store.state.left.hidden).toBe(false);
  });
});

describe('what can be seen here', () => {
  test('is asked for once', async () => {
    const sight = { schema: 1, platform: 'linux', capabilities: [] };
    const { store, server } = await inLab({
      'GET capabilities': { json: sight }
    });
    await store.refresh();
    await store.refresh();
    expect(store.state.sight).toEqual(sight);
    expect(server.count('GET capabilities')).toBe(1);
  });
});

test('the next lab is the first after this one that is still to be done', () => {
  const lab = (id: string, passed: number, problem = '') =>
    aSummary({ id, passed, steps: 7, problem });
  const course = aCourse({
    labs: [lab('L01', 0), lab('L04', 7), lab('L05', 0, 'broken'), lab('L06', 7)]
  });
  expect(nextLab(course, 'L04')?.id).toBe('L01');
  expect(nextLab(course, 'L01')).toBeNull();
  expect(nextLab(null, 'L04')).toBeNull();
});

test('an editor that cannot switch the kernel says so', async () => {
  const { store, host } = await inLab();
  host.failure = new Error('No kernel named parallab.');
  await store.switchKernel();
  expect(store.state.pageProblem?.message).toBe('No kernel named parallab.');
});

test('a disposed store stays as it is', async () => {
  const { store } = world();
  const heard = jest.fn();
  store.changed.listen(heard);
  const loading = store.refresh();
  heard.mockClear();
  store.dispose();
  await loading;
  expect(heard).not.toHaveBeenCalled();
});

test('which act is under way is known until it is done, and what came of it after that', async () => {
  const { promise, resolve } = later();
  const { store } = await inLab({ 'POST labs/L04/steps/one/act': promise });
  const acting = store.act('one', 'ward');
  expect(workOf(store.state, 'one')).toMatchObject({
    busy: 'act',
    doing: 'ward'
  });
  const json = {
    schema: 1,
    act: 'ward',
    done: true,
    happened: ['Three.'],
    frozen: []
  };
  resolve({ json });
  await acting;
  const work = workOf(store.state, 'one');
  expect(work).toMatchObject({ busy: null, doing: null });
  expect(work.acts.ward?.happened).toEqual(['Three.']);
});

describe('a doubted verdict', () => {
  const DOUBT = 'POST labs/L04/steps/one/doubt';
  const told = { schema: 1, contents: ['Your cells.'], path: '' };

  test('is asked about with kernel, cells and their text', async () => {
    const { store, server } = await inLab({ [DOUBT]: { json: told } });
    await store.doubt('one', '', false);
    expect(server.bodyOf(DOUBT)).toEqual({
      kernel_id: 'k1',
      cells: [
        { id: 'c1', step: 'one', source: 'x = 1' },
        { id: 'c2', step: null, source: 'x = 1' }
      ],
      words: '',
      save: false
    });
    expect(workOf(store.state, 'one').doubt).toEqual(told);
    store.closeDoubt('one');
    expect(workOf(store.state, 'one').doubt).toBeNull();
  });

  test('needs the notebook and its kernel', async () => {
    const { store, server } = world();
    await store.showLab('L04');
    await store.doubt('one', '', true);
    expect(server.count(DOUBT)).toBe(0);
    expect(workOf(store.state, 'one').problem?.kind).toBe('host');
  });

  test('says what went wrong, and keeps what was shown', async () => {
    const answers: Record<string, Answer> = { [DOUBT]: { json: told } };
    const { store, server } = await inLab(answers);
    await store.doubt('one', '', false);
    server.answers[DOUBT] = { status: 507, json: { message: 'Full.' } };
    await store.doubt('one', '', true);
    expect(workOf(store.state, 'one').problem?.message).toBe('Full.');
    expect(workOf(store.state, 'one').doubt).toEqual(told);
  });
});

describe('the class', () => {
  const HELP = { text: 'It hangs', at: 1, answer: '', by: '' };

  test('a raised hand stands with the step', async () => {
    const { store, server } = await inLab({
      'POST labs/L04/steps/one/help': { json: aProgress('one', { help: HELP }) }
    });
    await store.help('one', true, 'It hangs');
    expect(server.bodyOf('POST labs/L04/steps/one/help')).toEqual({
      wanted: true,
      text: 'It hangs'
    });
    const lab = labOf(store.state);
    expect(lab?.progress.find(one => one.step === 'one')?.help).toEqual(HELP);
  });

  test('a notebook is saved before it is handed in', async () => {
    const { store, server, host } = await inLab({
      'POST labs/L04/handin': { json: { lab: 'L04', at: 2 } }
    });
    await store.handIn();
    expect(host.saved).toEqual(['L04']);
    expect(server.count('POST labs/L04/handin')).toBe(1);
    expect(store.state.handIn).toEqual({ busy: false, problem: null });
  });

  test('what cannot be saved is not handed in', async () => {
    const { store, server, host } = await inLab();
    host.failure = new Error('The disk is full');
    await store.handIn();
    expect(server.count('POST labs/L04/handin')).toBe(0);
    expect(store.state.handIn.problem).not.toBeNull();
  });

  test('why the class did not take it is said, and it can be tried again', async () => {
    const message = 'Your notebook was not handed in.';
    const { store } = await inLab({
      'POST labs/L04/handin': { status: 503, json: { message, reason: '' } }
    });
    await store.handIn();
    expect(store.state.handIn).toMatchObject({
      busy: false,
      problem: { message }
    });
  });
});
