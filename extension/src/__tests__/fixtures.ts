/** Small wire values for tests: each takes only what the test is about. */

import type { Host } from '../core';
import type { Connect, Ear, Fetch, Line, LiveMessage } from '../core';
import type {
  Course,
  GoalMoment,
  GoalResult,
  KernelState,
  LabSummary,
  LabView,
  Leftover,
  LiveProcess,
  LiveThread,
  News,
  NotebookCell,
  PictureView,
  StepProgress,
  StepResult,
  StepView
} from '../core';

export function aStep(part: Partial<StepView> & { id: string }): StepView {
  return {
    title: `Step ${part.id}`,
    kind: 'code',
    counts: true,
    stretch: false,
    html: '',
    goals:
      (part.kind ?? 'code') === 'code'
        ? [{ id: 'g', text: 'Goal g', phase: null }]
        : [],
    hints: 0,
    prompts: [],
    questions: [],
    blocks: [],
    acts: [],
    skipped: '',
    cells: true,
    solution: true,
    ...part
  };
}

export function aProgress(
  step: string,
  part: Partial<StepProgress> = {}
): StepProgress {
  return {
    step,
    verdict: 'not-attempted',
    tries: 0,
    assisted: false,
    hints_shown: [],
    last: null,
    prediction: null,
    answers: [],
    passed_at: null,
    passed_version: null,
    help: null,
    facts: 0,
    ...part
  };
}

export function aGoal(part: Partial<GoalResult> & { id: string }): GoalResult {
  return {
    text: `Goal ${part.id}`,
    phase: null,
    verdict: 'passed',
    expected: '',
    observed: '',
    reason: '',
    hint: '',
    note: '',
    mistake: null,
    moment: null,
    ...part
  };
}

export function aResult(
  step: string,
  goals: readonly GoalResult[],
  part: Partial<StepResult> = {}
): StepResult {
  return {
    step,
    kind: 'code',
    verdict: 'passed',
    counts: true,
    assisted: false,
    not_recorded: [],
    goals,
    ...part
  };
}

export function aLab(part: Partial<LabView> = {}): LabView {
  return {
    schema: 1,
    id: 'L04',
    title: 'Your own processes',
    version: 1,
    minutes: 10,
    language: 'en',
    html: '',
    objectives: ['O4'],
    needs: [],
    steps: [aStep({ id: 'one' }), aStep({ id: 'two' })],
    progress: [],
    watch: '',
    ...part
  };
}

export function aSummary(part: Partial<LabSummary> = {}): LabSummary {
  return {
    id: 'L04',
    title: 'Your own processes',
    minutes: 10,
    summary: '',
    objectives: ['O4'],
    needs: [],
    steps: 7,
    passed: 0,
    started: false,
    problem: '',
    ...part
  };
}

export function aCourse(part: Partial<Course> = {}): Course {
  return {
    schema: 1,
    title: 'Python Concurrent Programming: Multiprocessing in Python',
    number: '',
    level: 'Beginner',
    hours: 1.3,
    about_html: '',
    objectives: [],
    labs: [aSummary()],
    classroom: null,
    ...part
  };
}

export function aKernel(part: Partial<KernelState> = {}): KernelState {
  return {
    schema: 1,
    kernel_id: 'k1',
    kind: 'recorded',
    message: '',
    python: '3.13',
    start_method: 'fork',
    busy: false,
    running_cell: null,
    stuck: false,
    diagnoses: [],
    processes: [],
    cannot_tell: [],
    threads: [],
    mistake: null,
    pid: 1,
    waits_for: '',
    more: 0,
    ...part
  };
}

export function aProcess(part: Partial<LiveProcess> = {}): LiveProcess {
  return {
    pid: 7,
    parent: 1,
    name: 'worker 1 of 2',
    role: 'worker',
    state: 'waiting',
    waits_for: '',
    exit_code: null,
    error: '',
    threads: [],
    started: 4711,
    ...part
  };
}

export function aThread(part: Partial<LiveThread> = {}): LiveThread {
  return {
    tid: 71,
    name: 'consumer',
    state: 'running',
    waits_for: '',
    number: 1,
    left: true,
    error: '',
    ...part
  };
}

export function aLeftover(part: Partial<Leftover> = {}): Leftover {
  return {
    id: 'process:7:4711',
    kind: 'process',
    name: 'python -m ipykernel_launcher',
    what: 'a process that was forked',
    kernel_id: 'k0',
    notebook: 'parallab/04/L04.ipynb',
    size: 12_582_912,
    since: 1,
    removable: true,
    why: '',
    needs: [],
    ...part
  };
}

export function aNews(part: Partial<News> = {}): News {
  return {
    before: 1,
    version: 2,
    added: [],
    removed: [],
    renewed: [],
    kept: [],
    files: [],
    old: 'parallab/04/04.version-1.ipynb',
    language: '',
    ...part
  };
}

type Given =
  | { readonly status?: number; readonly json: unknown }
  | { readonly status: number; readonly text: string }
  | 'down';
export type Answer = Given | Promise<Given>;

/** A server that answers by "METHOD path", and remembers what it was asked. */
export class FakeServer {
  readonly asked: { what: string; body: unknown }[] = [];

  constructor(readonly answers: Record<string, Answer>) {}

  readonly fetch: Fetch = async (path, request) => {
    const what = `${request.method} ${path}`;
    this.asked.push({
      what,
      body: request.body === undefined ? undefined : JSON.parse(request.body)
    });
    const answer = await (this.answers[what] ?? {
      status: 404,
      json: { message: `No ${what} in this test.` }
    });
    if (answer === 'down') {
      throw new TypeError('Failed to fetch');
    }
    const text = 'text' in answer ? answer.text : JSON.stringify(answer.json);
    return { status: answer.status ?? 200, text: async () => text };
  };

  bodyOf(what: string): unknown {
    return this.asked.find(one => one.what === what)?.body;
  }

  count(what: string): number {
    return this.asked.filter(one => one.what === what).length;
  }
}

/** The connections that were asked for; a test is the server at their other end. */
export class FakeLines {
  readonly made: FakeLine[] = [];

  readonly connect: Connect = (path, ear) => {
    const line = new FakeLine(path, ear);
    this.made.push(line);
    return line;
  };

  /** The newest, if it was not closed. */
  get open(): FakeLine | null {
    const last = this.made[this.made.length - 1];
    return last && !last.isClosed ? last : null;
  }
}

export class FakeLine implements Line {
  isClosed = false;
  readonly sent: unknown[] = [];

  constructor(
    readonly path: string,
    private readonly _ear: Ear
  ) {}

  send(text: string) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.isClosed = true;
  }

  opens() {
    this._ear.opened();
  }

  says(part: Partial<LiveMessage>) {
    const message = { schema: 1, state: null, film: null, ...part };
    this._ear.heard(JSON.stringify(message));
  }

  saysText(text: string) {
    this._ear.heard(text);
  }

  breaks() {
    this.isClosed = true;
    this._ear.closed();
  }
}

/** An editor whose notebook is one list of cells a step. */
export class FakeHost implements Host {
  readonly opened: string[] = [];
  readonly revealed: string[] = [];
  readonly remembered: string[] = [];
  readonly replays: string[] = [];
  readonly pictures: { view: PictureView; moment: GoalMoment | null }[] = [];
  readonly sources: Record<string, readonly NotebookCell[]> = {};
  failure: Error | null = null;

  cells() {
    return [
      { id: 'c1', step: 'one' },
      { id: 'c2', step: null }
    ];
  }

  readonly saved: string[] = [];
  readonly read: string[] = [];

  async save(lab: string) {
    if (this.failure) {
      throw this.failure;
    }
    this.saved.push(lab);
  }

  sourceCells() {
    return this.cells().map(cell => ({ ...cell, source: 'x = 1' }));
  }

  async open(path: string, fresh: boolean) {
    this.opened.push(path);
    if (fresh) {
      this.read.push(path);
    }
  }

  remember(step: string) {
    this.remembered.push(step);
  }

  reveal(step: string) {
    this.revealed.push(step);
    return true;
  }

  replace(step: string, cells: readonly NotebookCell[]) {
    const old = this.sources[step] ?? [];
    this.sources[step] = cells;
    return old;
  }

  showPicture(view: PictureView, moment: GoalMoment | null) {
    this.pictures.push({ view, moment });
  }

  showReplay(lab: string) {
    this.replays.push(lab);
  }

  async switchKernel() {
    if (this.failure) {
      throw this.failure;
    }
  }

  async restartKernel() {
    if (this.failure) {
      throw this.failure;
    }
  }
}

/** Lets everything that has been answered arrive. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) {
    await Promise.resolve();
  }
}
