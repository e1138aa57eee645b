// Generated from server/parallab/wire/ by `python -m parallab.wire_ts`. Do not edit.

export const CHECK_EVENT = 'https://events.parallab.dev/check/v1';
export const LAB_EVENT = 'https://events.parallab.dev/lab/v1';
export const PROGRESS_EVENT = 'https://events.parallab.dev/progress/v1';
export const STALE_EVENT = 'https://events.parallab.dev/stale/v1';
export const SCHEMA = 1;

export type Act = 'arrive' | 'attach' | 'broken' | 'call' | 'close' | 'create' | 'done' | 'empty' | 'full' | 'get' | 'give' | 'join' | 'miss' | 'pass' | 'put' | 'start' | 'take' | 'unlink';

export type LaneKind = 'notebook' | 'process' | 'program' | 'thread';

export type LinkMode = 'maps' | 'reads' | 'reads-writes' | 'serves' | 'uses' | 'writes';

export type SharedKind = 'array' | 'barrier' | 'condition' | 'event' | 'lock' | 'managed' | 'pipe' | 'queue' | 'rlock' | 'segment' | 'semaphore' | 'socket' | 'thread-lock' | 'value';

export type WaitKind = 'end' | 'object' | 'outside' | 'unknown';

export type KernelKind = 'dead' | 'elsewhere' | 'foreign' | 'no-probe' | 'none' | 'recorded' | 'remote';

export type LeftoverKind = 'folder' | 'process' | 'segment' | 'semaphore';

export type LiveState = 'ended' | 'running' | 'starting' | 'waiting';

export type RescueAction = 'dismiss' | 'interrupt' | 'kill' | 'terminate';

export type ActKind = 'frozen-kernels' | 'kill-worker';

export type QuestionForm = 'choice' | 'order' | 'text';

export type Phase = 'break' | 'repair';

export type StepKind = 'code' | 'columns' | 'free' | 'match' | 'order' | 'parsons' | 'predict' | 'quiz' | 'recall';

export type Verdict = 'broken' | 'failed' | 'not-attempted' | 'passed' | 'undecided';

/** Whether it was done; what happened, in sentences; and the frozen kernels, where that was the act. */
export interface ActReply {
  readonly schema: number;
  readonly act: string;
  readonly done: boolean;
  readonly happened: readonly string[];
  readonly frozen: readonly Frozen[];
}

/** POST labs/{id}/steps/{step}/act: which of the step's acts, and in whose kernel. */
export interface ActRequest {
  readonly act: string;
  readonly kernel_id: string;
  readonly cells: readonly CellRef[];
}

/** What the lab does when it is asked to: ``label`` stands on the button, ``html`` above it. */
export interface ActView {
  readonly id: string;
  readonly kind: ActKind;
  readonly label: string;
  readonly html: string;
}

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

``handed_in`` are the times, by the service's clock, at which labs were handed in last; ``due``, by lab, until when
they are to be done. */
export interface ClassView {
  readonly waiting: number;
  readonly trouble: string;
  readonly handed_in: Readonly<Record<string, number>>;
  readonly due: Readonly<Record<string, Due>>;
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

/** What is in the file, in sentences, and its path of the Contents API, "" while it is not saved. */
export interface DoubtReply {
  readonly schema: number;
  readonly contents: readonly string[];
  readonly path: string;
}

/** POST labs/{id}/steps/{step}/doubt: the verdict is wrong, in the learner's own ``words``.

Without ``save`` it is only told what would be in the file. */
export interface DoubtRequest {
  readonly kernel_id: string;
  readonly cells: readonly SourceCell[];
  readonly words?: string;
  readonly save?: boolean;
}

/** When the class wants a lab done: ``at``, and ``left`` seconds after this was told; below 0, that is over.

Both, because clocks differ: the service's own says whether it is over, wherever this is read. */
export interface Due {
  readonly at: number;
  readonly left: number;
  readonly late: boolean;
}

/** GET kernels/{id}/film, a lab's replay, and a saved file: what processes and threads did, bounded.

``run`` is the run of a cell that it tells of, with what that started; 0: all that is kept. ``cells``
are all of them, so that another can be asked for.

All times are milliseconds since ``unix`` (Unix seconds), the moment when the kernel was ready. Lists
are in order of time. Ids hold as long as what they name is kept, so that two films of a kernel can be
laid over each other. It ends at ``end``, and begins at ``begin``, which is not 0 where one run is told. */
export interface Film {
  readonly schema: number;
  readonly title: string;
  readonly kernel_id: string;
  readonly unix: number;
  readonly begin: number;
  readonly end: number;
  readonly run: number;
  readonly busy: boolean;
  readonly stuck: boolean | null;
  readonly lanes: readonly FilmLane[];
  readonly objects: readonly FilmObject[];
  readonly links: readonly FilmLink[];
  readonly waits: readonly FilmWait[];
  readonly marks: readonly FilmMark[];
  readonly states: readonly FilmState[];
  readonly cells: readonly FilmCell[];
  readonly deadlocks: readonly FilmDeadlock[];
  readonly captions: readonly FilmCaption[];
  readonly left_out: readonly FilmGap[];
  readonly not_recorded: readonly string[];
}

/** A sentence to read from ``at`` on, until the next one; ``lanes`` and ``objects`` are what it speaks of. */
export interface FilmCaption {
  readonly at: number;
  readonly text: string;
  readonly lanes: readonly string[];
  readonly objects: readonly string[];
}

/** One run of a cell; ``end`` None while it runs. ``number`` is what the notebook shows in brackets. */
export interface FilmCell {
  readonly cell: string;
  readonly run: number;
  readonly number: number;
  readonly step: string;
  readonly begin: number;
  readonly end: number | null;
  readonly error: string;
  readonly lanes: number;
}

/** A closed circle: each of ``lanes`` waits for the object at the same place, which the next of them holds.

Where a lane waits for the end of the next one, its place in ``objects`` is "". ``end`` None: it lasts. */
export interface FilmDeadlock {
  readonly begin: number;
  readonly end: number | null;
  readonly lanes: readonly string[];
  readonly objects: readonly string[];
}

/** What a film leaves out to stay small: ``count`` of ``what``, between two moments. */
export interface FilmGap {
  readonly what: 'cells' | 'lanes' | 'links' | 'marks' | 'objects' | 'states' | 'waits';
  readonly count: number;
  readonly begin: number;
  readonly end: number;
}

/** A process or thread: a lane of the timeline, a node of the map. Times are the film's.

``parent`` is the lane that started it, "" for the notebook's own. A thread has its process's ``pid``.
``name`` is what its program calls it, "" where it has no name of its own. */
export interface FilmLane {
  readonly id: string;
  readonly parent: string;
  readonly kind: LaneKind;
  readonly role: string;
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly born: number;
  readonly ran: number | null;
  readonly ended: number | null;
  readonly exit_code: number | null;
  readonly error: string;
  readonly target: string;
  readonly run: number;
}

/** That a lane has to do with an object, from ``begin`` on; ``end`` None: still. */
export interface FilmLink {
  readonly lane: string;
  readonly object: string;
  readonly mode: LinkMode;
  readonly begin: number;
  readonly end: number | null;
}

/** Something a lane did at one moment, to an object or to another lane; ``text`` is the item, the answer … */
export interface FilmMark {
  readonly at: number;
  readonly lane: string;
  readonly act: Act;
  readonly object: string;
  readonly other: string;
  readonly text: string;
}

/** Something that processes or threads share.

``name`` is the learner's, "" where none is known; then ``kind`` and ``number`` tell it from others. */
export interface FilmObject {
  readonly id: string;
  readonly kind: SharedKind;
  readonly name: string;
  readonly number: number;
  readonly cls: string;
  readonly born: number;
  readonly ended: number | null;
  readonly capacity: number | null;
  readonly run: number;
  readonly owner: string;
}

/** What is true of an object from ``at`` until its next state; None: not known. */
export interface FilmState {
  readonly object: string;
  readonly at: number;
  readonly fill: number | null;
  readonly value: string;
  readonly holders: readonly string[];
  readonly waiters: number;
  readonly left_out: boolean;
}

/** A lane waits, from ``begin`` to ``end`` (None: still).

``kind`` says for what: an ``object`` (with its id), the ``end`` of other lanes (``lanes``), something
``outside`` the program, or ``unknown``. Who holds the object now is in its states. */
export interface FilmWait {
  readonly lane: string;
  readonly begin: number;
  readonly end: number | null;
  readonly kind: WaitKind;
  readonly object: string;
  readonly lanes: readonly string[];
  readonly timed: boolean;
  readonly forever: boolean;
  readonly call: string;
}

/** A kernel that was frozen for the learner: who waits for what in it. The diagnosis is left to them. */
export interface Frozen {
  readonly name: string;
  readonly seen: readonly string[];
}

/** Where a film shows what a goal was decided by: the moment, in a Film's milliseconds, and whom to look at.

``unix`` and ``kernel_id`` are that film's: a kernel that was restarted has another. */
export interface GoalMoment {
  readonly at: number;
  readonly unix: number;
  readonly kernel_id: string;
  readonly lanes: readonly string[];
  readonly objects: readonly string[];
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
  readonly moment: GoalMoment | null;
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
  readonly pid: number;
  readonly waits_for: string;
  readonly more: number;
}

/** A file of a lab has changed, while its author looks at it. */
export interface LabEvent {
  readonly lab: string;
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
  readonly watch: string;
  readonly language: string;
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

/** One message of kernels/{id}/live: what changed, whole. */
export interface LiveMessage {
  readonly schema: number;
  readonly state: KernelState | null;
  readonly film: Film | null;
}

/** A process beside the notebook, in the learner's own names.

``parent`` is the pid of who started it, 0 for the notebook; ``role`` is worker, pool, executor, manager,
fork (os.fork) or program (subprocess). */
export interface LiveProcess {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  readonly role: string;
  readonly state: LiveState;
  readonly waits_for: string;
  readonly exit_code: number | null;
  readonly error: string;
  readonly threads: readonly LiveThread[];
  readonly started: number;
}

/** What a client of kernels/{id}/live says it wants to be told of; the last one counts. */
export interface LiveRequest {
  readonly state?: boolean;
  readonly film?: boolean;
}

/** A thread that a cell started, or one of a process's; ``waits_for`` completes "waits for …". */
export interface LiveThread {
  readonly tid: number;
  readonly name: string;
  readonly state: LiveState;
  readonly waits_for: string;
  readonly number: number;
  readonly left: boolean;
  readonly error: string;
}

/** A mistake of the catalogue, as a learner is told of it. */
export interface MistakeView {
  readonly id: string;
  readonly sentence: string;
}

/** What a new ``version`` of a lab brought to the learner's notebook, which was of version ``before``.

Steps are named by their titles: those ``added``, those ``removed`` from the lab (their cells stay),
those in which something given was ``renewed``, and those in which the learner's own was ``kept``
though what was given has changed. ``files`` are modules of the learner's that stayed, ``old`` the
path of the notebook as it was. With a ``language`` the version is the same, and the texts that the
learner had not changed are told in this language now. */
export interface News {
  readonly before: number;
  readonly version: number;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly renewed: readonly string[];
  readonly kept: readonly string[];
  readonly files: readonly string[];
  readonly old: string;
  readonly language: string;
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

/** Where the learner's notebook is, as a path of the Contents API, and what a new version did to it. */
export interface OpenReply {
  readonly path: string;
  readonly created: boolean;
  readonly news: News | null;
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

/** A question that is answered in the sidebar: choose, write (not graded), or put the choices in order.

In a step of kind ``match`` or ``columns`` all questions have the same choices: they are the rows of a table. */
export interface Question {
  readonly id: string;
  readonly text: string;
  readonly choices: readonly Choice[];
  readonly several: boolean;
  readonly form: QuestionForm;
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

/** A notebook cell by its id, with the step that its metadata name, and its text. */
export interface SourceCell {
  readonly id: string;
  readonly step: string | null;
  readonly source: string;
}

/** What was read of this is no longer so, in whichever window that was done: whoever shows it asks again. */
export interface StaleEvent {
  readonly what: 'course' | 'leftovers';
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
  readonly facts: number;
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

/** A step as the sidebar shows it. ``html`` is rendered and sanitised by the server; ``cells`` says whether it has
cells that can be reset, ``solution`` whether there is one to show. */
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
  readonly acts: readonly ActView[];
  readonly skipped: string;
  readonly cells: boolean;
  readonly solution: boolean;
}
