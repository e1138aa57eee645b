/** What the store holds, and questions about it that several views ask. */

import { NO_NOTEBOOK, type HostState } from './host';
import type { LinkState } from './live';
import type { Problem } from './problem';
import type {
  ActReply,
  Capabilities,
  ClassView,
  CleanReply,
  Course,
  DoubtReply,
  GoalResult,
  GoalView,
  KernelState,
  LabSummary,
  LabView,
  Leftover,
  News,
  NotebookCell,
  RescueReply,
  SolutionReply,
  StepProgress,
  StepView,
  Verdict
} from './wire';

export type Action =
  | 'check'
  | 'predict'
  | 'answer'
  | 'act'
  | 'doubt'
  | 'hint'
  | 'solution'
  | 'reset'
  | 'help';

/** A step's affairs that live as long as the page: what is under way, typed, or can be undone. */
export interface StepWork {
  /** The request under way, null when there is none. */
  readonly busy: Action | null;
  /** Which of the lab's acts that is, null when it is none of them. */
  readonly doing: string | null;
  readonly problem: Problem | null;
  /** Checks answered since the page was loaded: an old verdict is shown, only a new one is told. */
  readonly judged: number;
  readonly solution: SolutionReply | null;
  /** What a file of the doubted verdict would hold, or where it was saved. */
  readonly doubt: DoubtReply | null;
  /** The cells that reset or the solution took the place of. */
  readonly undo: readonly NotebookCell[] | null;
  /** Answers not yet sent: by prompt, by question, or by the step's own id for lines in order. */
  readonly drafts: Readonly<Record<string, readonly string[]>>;
  /** What came of the lab's acts, by act. */
  readonly acts: Readonly<Record<string, ActReply>>;
}

export const NO_WORK: StepWork = {
  busy: null,
  doing: null,
  problem: null,
  judged: 0,
  solution: null,
  doubt: null,
  undo: null,
  drafts: {},
  acts: {}
};

/** What earlier kernels left, and what came of removing it. */
export interface LeftWork {
  readonly found: readonly Leftover[];
  readonly cannotTell: readonly string[];
  readonly busy: boolean;
  /** The last clean-up, until the learner has read it. */
  readonly reply: CleanReply | null;
  readonly problem: Problem | null;
  /** The learner wants to be asked no more, until something new is left. */
  readonly hidden: boolean;
}

export const NO_LEFT: LeftWork = {
  found: [],
  cannotTell: [],
  busy: false,
  reply: null,
  problem: null,
  hidden: false
};

/** A rescue of the kernel in front: under way, or what came of it. */
export interface RescueWork {
  readonly busy: boolean;
  readonly reply: RescueReply | null;
  readonly problem: Problem | null;
}

export const NO_RESCUE: RescueWork = {
  busy: false,
  reply: null,
  problem: null
};

/** A notebook on its way to the class, or why it did not get there. */
export interface HandInWork {
  readonly busy: boolean;
  readonly problem: Problem | null;
}

export const NO_HAND_IN: HandInWork = { busy: false, problem: null };

export interface State {
  readonly view: 'course' | 'lab';
  readonly course: Course | null;
  /** When the course was told, by this page's clock, in milliseconds. */
  readonly courseAt: number;
  readonly labId: string | null;
  /** Every lab that was shown, so that a late reply finds its own. */
  readonly labs: Readonly<Record<string, LabView>>;
  readonly loading: { readonly course: boolean; readonly lab: boolean };
  /** The lab whose notebook is being opened. */
  readonly opening: string | null;
  /** What a new version of a lab brought into its notebook, until the learner has read it. */
  readonly news: Readonly<Record<string, News>>;
  /** What stands in the way of everything: no server, no login. */
  readonly problem: Problem | null;
  /** What went wrong with the course, the lab shown, or its notebook. */
  readonly pageProblem: Problem | null;
  readonly openStep: string | null;
  readonly host: HostState;
  readonly kernel: KernelState | null;
  /** Whether the server tells of the kernel; when that is lost, `kernel` is what was. */
  readonly live: LinkState;
  readonly rescue: RescueWork;
  readonly left: LeftWork;
  readonly handIn: HandInWork;
  /** What can be seen on this machine; null until it is known. */
  readonly sight: Capabilities | null;
  readonly work: Readonly<Record<string, StepWork>>;
}

export const INITIAL: State = {
  view: 'course',
  course: null,
  courseAt: 0,
  labId: null,
  labs: {},
  loading: { course: false, lab: false },
  opening: null,
  news: {},
  problem: null,
  pageProblem: null,
  openStep: null,
  host: NO_NOTEBOOK,
  kernel: null,
  live: 'off',
  rescue: NO_RESCUE,
  left: NO_LEFT,
  handIn: NO_HAND_IN,
  sight: null,
  work: {}
};

export function workKey(lab: string, step: string): string {
  return `${lab} ${step}`;
}

export function workOf(state: State, step: string): StepWork {
  return state.work[workKey(state.labId ?? '', step)] ?? NO_WORK;
}

export function labOf(state: State): LabView | null {
  return state.labId === null ? null : (state.labs[state.labId] ?? null);
}

export function progressOf(lab: LabView, step: string): StepProgress | null {
  return lab.progress.find(one => one.step === step) ?? null;
}

/** Until when the class wants a lab done. */
export interface Deadline {
  /** In Unix seconds, to be told. */
  readonly at: number;
  /** In milliseconds of this page's clock, which may be wrong as long as it goes on. */
  readonly ends: number;
  readonly late: boolean;
}

/** A lab's deadline; null where no class asks for it, or its server does not say so. */
export function deadlineOf(
  { course, courseAt }: Pick<State, 'course' | 'courseAt'>,
  lab: string
): Deadline | null {
  const told: Partial<ClassView> | null | undefined = course?.classroom;
  const due = told?.due?.[lab];
  return due
    ? { at: due.at, ends: courseAt + due.left * 1000, late: due.late }
    : null;
}

/** A step's mark in the checklist: its verdict, or that it was passed with the solution shown. */
export type Mark = Verdict | 'assisted';

export function markOf(progress: StepProgress | null): Mark {
  if (progress === null) {
    return 'not-attempted';
  }
  return progress.verdict === 'passed' && progress.assisted
    ? 'assisted'
    : progress.verdict;
}

export function isPassed(lab: LabView, step: string): boolean {
  return progressOf(lab, step)?.verdict === 'passed';
}

/** A step that the lab asks of everybody. */
export function isCore(step: StepView): boolean {
  return step.counts && !step.stretch;
}

/** Passed and all of the steps that count, as the server counts them in the course. */
export function countSteps(lab: LabView): { passed: number; of: number } {
  const counted = lab.steps.filter(isCore);
  const passed = counted.filter(step => isPassed(lab, step.id));
  return { passed: passed.length, of: counted.length };
}

/** The first step after this one that is still to be done, going round; null when all are. */
export function nextStep(lab: LabView, after: string | null): string | null {
  const at = lab.steps.findIndex(step => step.id === after) + 1;
  const round = [...lab.steps.slice(at), ...lab.steps.slice(0, at)];
  const todo = round.filter(
    step => !step.skipped && step.id !== after && !isPassed(lab, step.id)
  );
  return (todo.find(isCore) ?? todo[0])?.id ?? null;
}

/** The lab after this one in the course that is still to be done, going round; null when all are. */
export function nextLab(
  course: Course | null,
  after: string
): LabSummary | null {
  const labs = course?.labs ?? [];
  const at = labs.findIndex(lab => lab.id === after) + 1;
  const round = [...labs.slice(at), ...labs.slice(0, at)];
  return (
    round.find(
      lab => lab.id !== after && !lab.problem && lab.passed < lab.steps
    ) ?? null
  );
}

/** A step that the server judges from the kernel; the others are answered in the sidebar. */
export function isCheckable(step: StepView | undefined): boolean {
  return step !== undefined && step.goals.length > 0;
}

export interface Goal {
  readonly id: string;
  readonly text: string;
  readonly phase: GoalView['phase'];
  readonly result: GoalResult | null;
}

/** The step's goals, each with its latest result. */
export function goalsOf(
  step: StepView,
  progress: StepProgress | null
): readonly Goal[] {
  const results = progress?.last?.goals ?? [];
  // A result of an earlier version of the lab may know other goals: they say nothing now.
  return step.goals.map(({ id, text, phase }) => ({
    id,
    text,
    phase,
    result: results.find(one => one.id === id) ?? null
  }));
}
