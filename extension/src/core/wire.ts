// Generated from server/parallab/wire.py by `python -m parallab.wire_ts`. Do not edit.

export const SCHEMA = 1;
export const CHECK_EVENT = 'https://events.parallab.dev/check/v1';
export const PROGRESS_EVENT = 'https://events.parallab.dev/progress/v1';
export const KERNEL_EVENT = 'https://events.parallab.dev/kernel/v1';

export type Verdict = 'broken' | 'failed' | 'not-attempted' | 'passed' | 'undecided';

export type Phase = 'break' | 'repair';

export type StepKind = 'code' | 'columns' | 'free' | 'match' | 'order' | 'parsons' | 'predict' | 'quiz' | 'recall';

export type KernelKind = 'dead' | 'elsewhere' | 'foreign' | 'no-probe' | 'none' | 'recorded' | 'remote';

export type LeftoverKind = 'folder' | 'process' | 'segment' | 'semaphore';

export type RescueAction = 'dismiss' | 'interrupt' | 'kill' | 'terminate';

/** What was right, why, and the progress it led to. */
export interface AnswerReply {
  readonly schema: number;
  readonly answered: readonly Answered[];
  readonly progress: StepProgress;
}

/** POST labs/{id}/steps/{step}/answer: chosen ids by question, or block ids in order. */
export interface AnswerRequest {
  readonly answers: Readonly<Record<string, readonly string[]>>;
}

/** One question's outcome, with the reason for the choice that was made. */
export interface Answered {
  readonly question: string;
  readonly chosen: readonly string[];
  readonly right: boolean | null;
  readonly reason: string;
}

/** One line (or group of lines) of a Parsons problem. */
export interface Block {
  readonly id: string;
  readonly text: string;
}

/** GET capabilities. */
export interface Capabilities {
  readonly schema: number;
  readonly platform: string;
  readonly capabilities: readonly Capability[];
}

/** One thing Parallab may or may not be able to see here. */
export interface Capability {
  readonly what: string;
  readonly can: boolean;
  readonly why: string;
}

/** A notebook cell by its id, with the step its metadata names. */
export interface CellRef {
  readonly id: string;
  readonly step?: string | null;
}

/** The verdict just given and the progress it led to. */
export interface CheckReply {
  readonly schema: number;
  readonly result: StepResult;
  readonly progress: StepProgress;
  readonly python: string;
  readonly start_method: string;
}

/** POST labs/{id}/steps/{step}/check. */
export interface CheckRequest {
  readonly kernel_id: string;
  readonly cells: readonly CellRef[];
}

/** One answer of a quiz; which is right never leaves the server unasked. */
export interface Choice {
  readonly id: string;
  readonly text: string;
}

/** The class that this server reports to: how much it has not been told yet, and why not, "" when nothing is wrong.

``handed_in`` are the times, by the service's clock, at which labs were handed in last. */
export interface ClassView {
  readonly waiting: number;
  readonly trouble: string;
  readonly handed_in: Readonly<Record<string, number>>;
}

/** What is gone, what was wanted but stays (``why``), and all that is left over now. */
export interface CleanReply {
  readonly schema: number;
  readonly dry_run: boolean;
  readonly removed: readonly Leftover[];
  readonly kept: readonly Leftover[];
  readonly left: readonly Leftover[];
  readonly cannot_tell: readonly string[];
}

/** POST leftovers/clean: the ids of what is to go. */
export interface CleanRequest {
  readonly ids: readonly string[];
}

/** GET labs: the course home. */
export interface Course {
  readonly schema: number;
  readonly title: string;
  readonly number: string;
  readonly level: string;
  readonly hours: number;
  readonly about_html: string;
  readonly objectives: readonly Objective[];
  readonly labs: readonly LabSummary[];
  readonly classroom: ClassView | null;
}

/** One goal's verdict; empty strings where a field does not apply. */
export interface GoalResult {
  readonly id: string;
  readonly text: string;
  readonly phase: Phase | null;
  readonly verdict: Verdict;
  readonly expected: string;
  readonly observed: string;
  readonly reason: string;
  readonly hint: string;
  readonly note: string;
  readonly mistake: MistakeView | null;
}

/** A goal before it is judged. */
export interface GoalView {
  readonly id: string;
  readonly text: string;
  readonly phase: Phase | null;
}

/** The class service has the notebook, since then by its clock. */
export interface HandInReply {
  readonly lab: string;
  readonly at: number;
}

/** POST labs/{id}/handin: the notebook as it was saved last. */
export type HandInRequest = Record<string, never>;

/** POST labs/{id}/steps/{step}/help: asks for help, or needs it no more. */
export interface HelpRequest {
  readonly wanted: boolean;
  readonly text?: string;
}

/** The learner asks the class's instructors for help; ``answer`` is "" until one of them, ``by``, answers. */
export interface HelpView {
  readonly text: string;
  readonly at: number;
  readonly answer: string;
  readonly by: string;
}

/** One hint, rendered. */
export interface HintReply {
  readonly level: number;
  readonly of: number;
  readonly html: string;
  readonly progress: StepProgress;
}

/** POST labs/{id}/steps/{step}/hint: the level wanted, from 1. */
export interface HintRequest {
  readonly level: number;
}

/** A recorded kernel's picture changed. */
export interface KernelEvent {
  readonly state: KernelState;
}

/** GET kernels/{id}/state: what can be seen of a kernel now. */
export interface KernelState {
  readonly schema: number;
  readonly kernel_id: string;
  readonly kind: KernelKind;
  readonly message: string;
  readonly python: string;
  readonly start_method: string;
  readonly busy: boolean;
  readonly running_cell: string | null;
  readonly stuck: boolean | null;
  readonly diagnoses: readonly string[];
  readonly processes: readonly LiveProcess[];
  readonly cannot_tell: readonly string[];
  readonly threads: readonly LiveThread[];
  readonly mistake: MistakeView | null;
}

/** A line of the course list. */
export interface LabSummary {
  readonly id: string;
  readonly title: string;
  readonly minutes: number;
  readonly summary: string;
  readonly objectives: readonly string[];
  readonly needs: readonly string[];
  readonly steps: number;
  readonly passed: number;
  readonly started: boolean;
  readonly problem: string;
}

/** GET labs/{id}: a lab with its steps and what the learner has done. */
export interface LabView {
  readonly schema: number;
  readonly id: string;
  readonly title: string;
  readonly version: number;
  readonly minutes: number;
  readonly html: string;
  readonly objectives: readonly string[];
  readonly needs: readonly string[];
  readonly steps: readonly StepView[];
  readonly progress: readonly StepProgress[];
}

/** What a dead kernel left; ``id`` names it by identity: pid and start time, or device and inode.

``size`` in bytes (of a process: its memory), ``since`` when it began. ``removable`` when nothing
speaks against it, else ``why``; ``needs`` are the processes, by id, that must end first. */
export interface Leftover {
  readonly id: string;
  readonly kind: LeftoverKind;
  readonly name: string;
  readonly what: string;
  readonly kernel_id: string;
  readonly notebook: string;
  readonly size: number;
  readonly since: number;
  readonly removable: boolean;
  readonly why: string;
  readonly needs: readonly string[];
}

/** GET leftovers. */
export interface Leftovers {
  readonly schema: number;
  readonly found: readonly Leftover[];
  readonly cannot_tell: readonly string[];
}

/** A process beside the notebook, in the learner's own names. */
export interface LiveProcess {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  readonly role: string;
  readonly state: string;
  readonly waits_for: string;
  readonly exit_code: number | null;
  readonly error: string;
  readonly threads: readonly LiveThread[];
  readonly started: number;
}

/** A thread that is not in the baseline. */
export interface LiveThread {
  readonly tid: number;
  readonly name: string;
  readonly state: string;
  readonly waits_for: string;
  readonly number: number;
  readonly left: boolean;
}

/** A mistake of the catalogue, as a learner is told of it. */
export interface MistakeView {
  readonly id: string;
  readonly sentence: string;
}

/** A cell to put into the learner's notebook. */
export interface NotebookCell {
  readonly source: string;
  readonly cell_type: 'code' | 'markdown';
  readonly step: string | null;
}

/** A learning objective; reached when every counted step that serves it passed. */
export interface Objective {
  readonly id: string;
  readonly text: string;
  readonly labs: readonly string[];
  readonly reached: boolean;
  readonly available: boolean;
}

/** Where the learner's notebook is, as a path of the Contents API. */
export interface OpenReply {
  readonly path: string;
  readonly created: boolean;
}

/** POST labs/{id}/open. */
export type OpenRequest = Record<string, never>;

/** POST labs/{id}/steps/{step}/predict. */
export interface PredictRequest {
  readonly answers: Readonly<Record<string, string>>;
  readonly kernel_id?: string | null;
  readonly cells?: readonly CellRef[];
}

/** A stored prediction; ``late`` when the step's cells had already run. */
export interface PredictionView {
  readonly answers: Readonly<Record<string, string>>;
  readonly at: number;
  readonly late: boolean;
  readonly observed: Readonly<Record<string, string>>;
}

/** Every error: what was expected, what was seen, what to do next. */
export interface ProblemReply {
  readonly message: string;
  readonly reason: string;
}

/** GET progress: all labs at once. */
export interface Progress {
  readonly schema: number;
  readonly labs: Readonly<Record<string, readonly StepProgress[]>>;
}

/** A step's progress changed, in whichever window or by a break goal met. */
export interface ProgressEvent {
  readonly lab: string;
  readonly progress: StepProgress;
}

/** One field of a prediction: a number, one of some choices, or free text. */
export interface Prompt {
  readonly id: string;
  readonly text: string;
  readonly form: 'choice' | 'number' | 'order' | 'text';
  readonly choices: readonly Choice[];
}

/** A question of a quiz or recall step. */
export interface Question {
  readonly id: string;
  readonly text: string;
  readonly choices: readonly Choice[];
  readonly several: boolean;
}

/** What was done, in sentences; whether it helped; and what is left. */
export interface RescueReply {
  readonly schema: number;
  readonly done: boolean;
  readonly happened: readonly string[];
  readonly state: KernelState;
}

/** POST kernels/{id}/rescue; ``pid`` and ``started`` (LiveProcess) name the one to terminate or kill.

``threads`` are the numbers (LiveThread) of those to dismiss: the notebook's, which wait for ever. */
export interface RescueRequest {
  readonly action: RescueAction;
  readonly pid?: number;
  readonly started?: number;
  readonly threads?: readonly number[];
}

/** The step's starter cells; the caller keeps the old text. */
export interface ResetReply {
  readonly cells: readonly NotebookCell[];
  readonly progress: StepProgress;
}

/** The step's solution; asking for it marks the step assisted. */
export interface SolutionReply {
  readonly cells: readonly NotebookCell[];
  readonly html: string;
  readonly progress: StepProgress;
}

/** What is remembered of a step. A stored pass never reverts. */
export interface StepProgress {
  readonly step: string;
  readonly verdict: Verdict;
  readonly tries: number;
  readonly assisted: boolean;
  readonly hints_shown: readonly string[];
  readonly last: StepResult | null;
  readonly prediction: PredictionView | null;
  readonly answers: readonly Answered[];
  readonly passed_at: number | null;
  readonly passed_version: number | null;
  readonly help: HelpView | null;
}

/** One step's verdict and those of its goals. */
export interface StepResult {
  readonly step: string;
  readonly kind: StepKind;
  readonly verdict: Verdict;
  readonly counts: boolean;
  readonly assisted: boolean | null;
  readonly not_recorded: readonly string[];
  readonly goals: readonly GoalResult[];
}

/** A step as the sidebar shows it. ``html`` is rendered and sanitised by the server. */
export interface StepView {
  readonly id: string;
  readonly title: string;
  readonly kind: StepKind;
  readonly counts: boolean;
  readonly stretch: boolean;
  readonly html: string;
  readonly goals: readonly GoalView[];
  readonly hints: number;
  readonly prompts: readonly Prompt[];
  readonly questions: readonly Question[];
  readonly blocks: readonly Block[];
  readonly skipped: string;
}
