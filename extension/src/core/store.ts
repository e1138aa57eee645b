/**
 * The sidebar's state machine: takes what the learner does and what the editor and the server
 * say, keeps one immutable State, and tells who listens. It decides nothing that the server
 * decides: verdicts, order, hints and keys come from there, and nothing is shown before they do.
 */

import type { Client } from './client';
import { isUp, type Host, type HostState, type PictureView } from './host';
import { Leftovers } from './leftovers';
import { LiveLink, type Connect } from './live';
import { ProblemError, asProblem, isGeneral } from './problem';
import { Signal } from './signal';
import {
  INITIAL,
  NO_HAND_IN,
  NO_RESCUE,
  NO_WORK,
  labOf,
  nextStep,
  progressOf,
  workKey,
  workOf,
  type Action,
  type State,
  type StepWork
} from './state';
import type {
  CheckReply,
  GoalMoment,
  LabEvent,
  LabView,
  LiveMessage,
  NotebookCell,
  ProgressEvent,
  RescueRequest,
  StaleEvent,
  StepProgress
} from './wire';

export class LabStore {
  readonly changed = new Signal<State>();
  private _state: State = INITIAL;
  private _disposed = false;
  private _courseLoad: Promise<void> | null = null;
  private _courseStale = false;

  private readonly _link: LiveLink;
  private readonly _leftovers: Leftovers;
  private _shown = false;
  private _pageShown = true;

  constructor(
    private readonly _client: Client,
    private readonly _host: Host,
    connect: Connect,
    /** What the client asks for, as a BCP 47 tag. */
    private readonly _language = 'en'
  ) {
    this._link = new LiveLink(
      connect,
      message => this._hear(message),
      live => this._set({ live })
    );
    this._leftovers = new Leftovers(_client, {
      get: () => this._state.left,
      set: part => this._set({ left: { ...this._state.left, ...part } }),
      answered: () => this._answered()
    });
  }

  get state(): State {
    return this._state;
  }

  dispose(): void {
    this._disposed = true;
    this._link.dispose();
    this.changed.clear();
  }

  // -- where the learner is ---------------------------------------------------

  /** The course, and the lab shown: at the start, and when the learner tries again. */
  async refresh(): Promise<void> {
    const { labId } = this._state;
    this._link.retry();
    await Promise.all([
      this._loadCourse(),
      labId === null ? null : this._loadLab(labId),
      this._leftovers.load(),
      this._loadSight()
    ]);
  }

  showCourse(): void {
    this._set({ view: 'course', pageProblem: null });
    // The first request may be on its way already, as when the sidebar has just been opened.
    if (this._courseLoad === null) {
      void this._loadCourse();
    }
  }

  async showLab(lab: string): Promise<void> {
    if (this._state.labId !== lab) {
      const known = this._state.labs[lab];
      this._set({
        labId: lab,
        openStep: known ? nextStep(known, null) : null
      });
    }
    this._set({ view: 'lab', pageProblem: null });
    await this._loadLab(lab);
  }

  /** Shows a lab and opens the learner's notebook of it, which the server makes when missing. */
  async openLab(lab: string): Promise<void> {
    if (this._state.opening !== null) {
      return;
    }
    this._set({ opening: lab });
    const shown = this.showLab(lab);
    try {
      await this._host.save(lab);
      const { path, news } = await this._client.open(lab);
      this._answered();
      await this._host.open(path, Boolean(news)).finally(() => {
        // Said once the notebook shows it: JupyterLab gives the notebook the focus, and who is reading here would lose it.
        if (news) {
          this._set({ news: { ...this._state.news, [lab]: news } });
        }
      });
    } catch (error) {
      this._failed(error);
    } finally {
      this._set({ opening: null });
    }
    await shown;
  }

  /** The learner has read what a new version brought. */
  closeNews(lab: string): void {
    const { [lab]: _, ...news } = this._state.news;
    this._set({ news });
  }

  /** Opens a step and, unless the learner is there already, scrolls the notebook to it. */
  openStep(step: string | null, reveal = true): void {
    this._set({ view: 'lab', openStep: step });
    if (reveal && step !== null && this._hasNotebook()) {
      this._host.reveal(step);
    }
  }

  toggleStep(step: string): void {
    this.openStep(this._state.openStep === step ? null : step);
  }

  /** To the next step that is still to be done; false when there is none. */
  openNext(): boolean {
    const lab = labOf(this._state);
    const step = lab && nextStep(lab, this._state.openStep);
    if (!step) {
      return false;
    }
    this.openStep(step);
    return true;
  }

  // -- what the editor says ---------------------------------------------------

  /** `follow` shows the lab of a notebook that has come to the front. */
  setHost(host: HostState, follow = true): void {
    const before = this._state.host;
    if (JSON.stringify(before) === JSON.stringify(host)) {
      return;
    }
    this._set({ host });
    const { notebook, kernel } = host;
    if (
      follow &&
      notebook?.lab &&
      (notebook.lab !== before.notebook?.lab ||
        notebook.path !== before.notebook.path)
    ) {
      void this.showLab(notebook.lab);
    }
    if (before.kernel?.id !== kernel?.id) {
      this._set({ rescue: NO_RESCUE });
    }
    if (before.notebook?.path !== notebook?.path && !this._state.handIn.busy) {
      this._set({ handIn: NO_HAND_IN });
    }
    this._leftovers.follow(before.kernel, host);
    if (kernel === null || !notebook?.lab) {
      this._set({ kernel: null });
    }
    this._look();
  }

  switchKernel(): Promise<void> {
    return this._ask(() => this._host.switchKernel());
  }

  restartKernel(): Promise<void> {
    return this._ask(() => this._host.restartKernel());
  }

  showPicture(view: PictureView, moment: GoalMoment | null = null): void {
    this._host.showPicture(view, moment);
  }

  showReplay(lab: string): void {
    this._host.showReplay(lab);
  }

  // -- what the server says unasked ---------------------------------------------

  onProgress(event: ProgressEvent): void {
    if (this._language.split('-')[0] === 'en') {
      this._merge(event.lab, event.progress);
    } else if (this._state.labs[event.lab]) {
      // An event goes to all readers, in English: asked for, it comes in this one's language.
      void this._loadLab(event.lab);
    }
  }

  /** What was read is no longer so: another window has changed it, or the class. */
  onStale({ what }: StaleEvent): void {
    if (what === 'leftovers') {
      void this._leftovers.load();
    } else if (this._state.course !== null) {
      void this._loadCourse();
    }
  }

  // -- the live picture, only while it can be seen --------------------------------

  /** Whether the sidebar is there to be seen. */
  setShown(shown: boolean): void {
    this._shown = shown;
    this._look();
  }

  /** Whether the browser's page is: another tab may be in front of it. */
  setPageShown(shown: boolean): void {
    this._pageShown = shown;
    this._look();
  }

  /** Connects again at once. */
  reconnect(): void {
    this._link.retry();
  }

  /** The lab's author has saved a file of it. */
  onLab({ lab }: LabEvent): void {
    if (this._state.host.notebook?.lab === lab) {
      void this.openLab(lab);
    } else if (this._state.labs[lab]) {
      void this._loadLab(lab);
    }
    void this._loadCourse();
  }

  private _look(): void {
    const { host } = this._state;
    this._link.look(
      this._pageShown && this._shown && isUp(host)
        ? { kernel: host.kernel.id, want: { state: true, film: false } }
        : null
    );
  }

  private _hear({ state }: LiveMessage): void {
    if (state && state.kernel_id === this._state.host.kernel?.id) {
      const { kernel, rescue } = this._state;
      // What a rescue came to is old news as soon as a cell runs again.
      const again = state.busy && kernel?.busy === false;
      this._set({
        kernel: state,
        rescue: again && !rescue.busy ? NO_RESCUE : rescue
      });
    }
  }

  // -- a kernel that hangs, and what dead ones left -------------------------------

  /** Interrupts the cell, ends a process, or dismisses threads; says what came of it. */
  async rescue(request: RescueRequest): Promise<void> {
    const id = this._state.host.kernel?.id;
    if (!id || this._state.rescue.busy) {
      return;
    }
    const { rescue } = this._state;
    this._set({ rescue: { ...rescue, busy: true, problem: null } });
    try {
      const reply = await this._client.rescue(id, request);
      this._answered();
      if (this._state.host.kernel?.id === id) {
        this._set({
          rescue: { busy: false, reply, problem: null },
          kernel: reply.state
        });
      }
    } catch (error) {
      const problem = asProblem(error);
      if (isGeneral(problem)) {
        this._set({ problem });
      }
      this._set({ rescue: { ...NO_RESCUE, problem } });
    }
  }

  closeRescue(): void {
    this._set({ rescue: NO_RESCUE });
  }

  clean(): Promise<void> {
    return this._leftovers.clean();
  }

  hideLeft(): void {
    this._leftovers.hide();
  }

  private async _loadSight(): Promise<void> {
    if (this._state.sight === null) {
      try {
        this._set({ sight: await this._client.capabilities() });
      } catch {
        // Verdicts say themselves what could not be seen.
      }
    }
  }

  // -- what the learner does ------------------------------------------------------

  draft(step: string, field: string, values: readonly string[]): void {
    const lab = this._state.labId;
    if (lab !== null) {
      const { drafts } = workOf(this._state, step);
      this._setWork(lab, step, { drafts: { ...drafts, [field]: values } });
    }
  }

  /** The verdict on what the kernel really did; null when there is none. */
  async check(step: string): Promise<CheckReply | null> {
    return this._do(step, 'check', async lab => {
      const kernel = this._state.host.kernel;
      if (kernel === null || !this._hasNotebook()) {
        throw new ProblemError('host', '');
      }
      this._host.remember(step);
      const reply = await this._client.check(lab, step, {
        kernel_id: kernel.id,
        cells: this._host.cells()
      });
      this._merge(lab, reply.progress);
      const key = workKey(lab, step);
      const judged = (this._state.work[key] ?? NO_WORK).judged + 1;
      // A doubt was about the verdict before.
      this._setWork(lab, step, { judged, doubt: null });
      return reply;
    });
  }

  async predict(
    step: string,
    answers: Readonly<Record<string, string>>
  ): Promise<void> {
    await this._do(step, 'predict', async lab => {
      // The kernel and the cells let the server tell a prediction from an afterthought.
      const here = this._hasNotebook();
      const progress = await this._client.predict(lab, step, {
        answers,
        kernel_id: here ? (this._state.host.kernel?.id ?? null) : null,
        cells: here ? this._host.cells() : []
      });
      this._merge(lab, progress);
    });
  }

  async answer(
    step: string,
    answers: Readonly<Record<string, readonly string[]>>
  ): Promise<void> {
    await this._do(step, 'answer', async lab => {
      const reply = await this._client.answer(lab, step, { answers });
      this._merge(lab, reply.progress);
      const key = workKey(lab, step);
      const judged = (this._state.work[key] ?? NO_WORK).judged + 1;
      this._setWork(lab, step, { judged });
    });
  }

  /** Has the lab do what the step offers; what came of it stays in view until it is done again. */
  async act(step: string, act: string): Promise<void> {
    await this._do(step, 'act', async lab => {
      this._setWork(lab, step, { doing: act });
      const kernel = this._state.host.kernel;
      if (kernel === null || !this._hasNotebook()) {
        throw new ProblemError('host', '');
      }
      const reply = await this._client.act(lab, step, {
        act,
        kernel_id: kernel.id,
        cells: this._host.cells()
      });
      const key = workKey(lab, step);
      const { acts } = this._state.work[key] ?? NO_WORK;
      this._setWork(lab, step, { acts: { ...acts, [act]: reply } });
    });
  }

  async hint(step: string, level: number): Promise<void> {
    await this._do(step, 'hint', async lab => {
      const reply = await this._client.hint(lab, step, { level });
      this._merge(lab, reply.progress);
    });
  }

  /** Asks the class's instructors for help with a step, or needs it no more. */
  async help(step: string, wanted: boolean, text: string): Promise<void> {
    await this._do(step, 'help', async lab => {
      this._merge(lab, await this._client.help(lab, step, { wanted, text }));
    });
  }

  /** Saves the notebook in front and gives it to the class. */
  async handIn(): Promise<void> {
    const { labId, handIn } = this._state;
    if (labId === null || handIn.busy || !this._hasNotebook()) {
      return;
    }
    this._set({ handIn: { busy: true, problem: null } });
    try {
      await this._host.save(labId);
      await this._client.handIn(labId);
      this._answered();
      await this._loadCourse();
      this._set({ handIn: NO_HAND_IN });
    } catch (error) {
      this._set({ handIn: { busy: false, problem: asProblem(error) } });
    }
  }

  /** The open step's next hint by its level; null when all are shown. */
  nextHint(): { step: string; level: number } | null {
    const lab = labOf(this._state);
    const step = lab?.steps.find(one => one.id === this._state.openStep);
    if (!lab || !step) {
      return null;
    }
    const level = (progressOf(lab, step.id)?.hints_shown.length ?? 0) + 1;
    return level <= step.hints ? { step: step.id, level } : null;
  }

  async solution(step: string): Promise<void> {
    await this._do(step, 'solution', async lab => {
      const solution = await this._client.solution(lab, step);
      this._merge(lab, solution.progress);
      this._setWork(lab, step, { solution });
    });
  }

  /** Asks what a file of this verdict would hold, or saves it; nothing is sent anywhere else. */
  async doubt(step: string, words: string, save: boolean): Promise<void> {
    await this._do(step, 'doubt', async lab => {
      const kernel = this._state.host.kernel;
      if (kernel === null || !this._hasNotebook()) {
        throw new ProblemError('host', '');
      }
      const doubt = await this._client.doubt(lab, step, {
        kernel_id: kernel.id,
        cells: this._host.sourceCells(),
        words,
        save
      });
      this._setWork(lab, step, { doubt });
    });
  }

  closeDoubt(step: string): void {
    this._setWork(this._state.labId ?? '', step, { doubt: null });
  }

  insertSolution(step: string): void {
    const solution = workOf(this._state, step).solution;
    if (solution !== null) {
      this._replace(step, solution.cells);
    }
  }

  /** Puts the starter cells back; the learner's own are kept for `undo`. */
  async reset(step: string): Promise<void> {
    await this._do(step, 'reset', async lab => {
      if (!this._hasNotebook()) {
        throw new ProblemError('host', '');
      }
      const path = this._state.host.notebook?.path;
      const reply = await this._client.reset(lab, step);
      this._merge(lab, reply.progress);
      // Many labs have a step of that name: another notebook may have come to the front meanwhile.
      if (
        this._state.labId !== lab ||
        this._state.host.notebook?.path !== path
      ) {
        throw new ProblemError('host', '');
      }
      this._replace(step, reply.cells);
    });
  }

  undo(step: string): void {
    const { undo } = workOf(this._state, step);
    if (undo !== null && this._replace(step, undo)) {
      this._setWork(this._state.labId ?? '', step, { undo: null });
    }
  }

  // -- within ---------------------------------------------------------------------

  /** Whether the notebook in front is that of the lab shown: its cells may be read and written. */
  private _hasNotebook(): boolean {
    const { host, labId } = this._state;
    return labId !== null && host.notebook?.lab === labId;
  }

  private _replace(step: string, cells: readonly NotebookCell[]): boolean {
    const lab = labOf(this._state);
    const { labId } = this._state;
    if (lab === null || labId === null) {
      return false;
    }
    try {
      if (!this._hasNotebook()) {
        throw new ProblemError('host', '');
      }
      const order = lab.steps.map(one => one.id);
      const undo = this._host.replace(step, cells, order);
      this._setWork(labId, step, { undo, problem: null });
      return true;
    } catch (error) {
      this._setWork(labId, step, { problem: asProblem(error) });
      return false;
    }
  }

  /** One action of a step at a time; its failure is shown in the step. */
  private async _do<T>(
    step: string,
    action: Action,
    run: (lab: string) => Promise<T>
  ): Promise<T | null> {
    const lab = this._state.labId;
    if (lab === null || workOf(this._state, step).busy !== null) {
      return null;
    }
    this._setWork(lab, step, { busy: action, problem: null });
    try {
      const value = await run(lab);
      this._answered();
      return value;
    } catch (error) {
      const problem = asProblem(error);
      if (isGeneral(problem)) {
        this._set({ problem });
      }
      this._setWork(lab, step, { problem });
      return null;
    } finally {
      this._setWork(lab, step, { busy: null, doing: null });
    }
  }

  private async _ask(run: () => Promise<void>): Promise<void> {
    try {
      await run();
      this._set({ pageProblem: null });
    } catch (error) {
      this._failed(error);
    }
  }

  /** One request at a time; what is asked for meanwhile is asked once more at its end. */
  private _loadCourse(): Promise<void> {
    if (this._courseLoad !== null) {
      this._courseStale = true;
      return this._courseLoad;
    }
    this._courseLoad = this._fetchCourse().finally(() => {
      this._courseLoad = null;
      if (this._courseStale) {
        this._courseStale = false;
        void this._loadCourse();
      }
    });
    return this._courseLoad;
  }

  private async _fetchCourse(): Promise<void> {
    this._set({ loading: { ...this._state.loading, course: true } });
    try {
      const course = await this._client.course();
      this._answered();
      this._set({ course, courseAt: Date.now() });
    } catch (error) {
      this._failed(error);
    } finally {
      this._set({ loading: { ...this._state.loading, course: false } });
    }
  }

  private async _loadLab(id: string): Promise<void> {
    this._set({ loading: { ...this._state.loading, lab: true } });
    try {
      const lab = await this._client.lab(id);
      this._answered();
      // What was told meanwhile, of a check or by an event, may be newer than this answer.
      const held = this._state.labs[id]?.progress ?? [];
      const progress = lab.progress.map(one => newer(one, held));
      this._setLab(id, { ...lab, progress });
      if (this._state.labId === id && this._state.openStep === null) {
        this._set({ openStep: nextStep(lab, null) });
      }
    } catch (error) {
      if (this._state.labId === id) {
        this._failed(error);
      }
    } finally {
      this._set({ loading: { ...this._state.loading, lab: false } });
    }
  }

  private _merge(lab: string, progress: StepProgress): void {
    const view = this._state.labs[lab];
    const before = view?.progress.find(one => one.step === progress.step);
    // Answers and events come by different ways, and one may overtake the other.
    if (view && newer(progress, view.progress) !== progress) {
      return;
    }
    if (view) {
      const others = view.progress.filter(one => one.step !== progress.step);
      this._setLab(lab, { ...view, progress: [...others, progress] });
    }
    // The counts of the course are the server's.
    if (this._state.course !== null && before?.verdict !== progress.verdict) {
      void this._loadCourse();
    }
  }

  private _setLab(id: string, lab: LabView): void {
    this._set({ labs: { ...this._state.labs, [id]: lab } });
  }

  private _setWork(lab: string, step: string, part: Partial<StepWork>): void {
    const key = workKey(lab, step);
    const work = { ...(this._state.work[key] ?? NO_WORK), ...part };
    this._set({ work: { ...this._state.work, [key]: work } });
  }

  /** The server is there after all. */
  private _answered(): void {
    if (this._state.problem === null) {
      return;
    }
    const work = { ...this._state.work };
    for (const [key, one] of Object.entries(work)) {
      if (one.problem !== null && isGeneral(one.problem)) {
        work[key] = { ...one, problem: null };
      }
    }
    this._set({ problem: null, work });
  }

  private _failed(error: unknown): void {
    const problem = asProblem(error);
    this._set(isGeneral(problem) ? { problem } : { pageProblem: problem });
  }

  private _set(part: Partial<State>): void {
    if (this._disposed) {
      return;
    }
    this._state = { ...this._state, ...part };
    this.changed.emit(this._state);
  }
}

/** Of what is told of a step and what is held of it the newer; an older server does not say which is. */
function newer(
  told: StepProgress,
  held: readonly StepProgress[]
): StepProgress {
  const before = held.find(one => one.step === told.step);
  return before !== undefined && told.facts < before.facts ? before : told;
}
