/**
 * The REST of Parallab's server part, one method a request. The fetch is injected, so that any
 * editor, and any test, can bring its own; every failure is a ProblemError.
 */

import { ProblemError } from './problem';
import type {
  ActReply,
  ActRequest,
  AnswerReply,
  AnswerRequest,
  Capabilities,
  CheckReply,
  CheckRequest,
  CleanReply,
  CleanRequest,
  Course,
  DoubtReply,
  DoubtRequest,
  Film,
  HandInReply,
  HelpRequest,
  HintReply,
  HintRequest,
  LabView,
  Leftovers,
  OpenReply,
  PredictRequest,
  ProblemReply,
  RescueReply,
  RescueRequest,
  ResetReply,
  SolutionReply,
  StepProgress
} from './wire';

export interface Request {
  readonly method: 'GET' | 'POST';
  /** JSON text. */
  readonly body?: string;
  readonly signal?: AbortSignal;
}

export interface Reply {
  readonly status: number;
  text(): Promise<string>;
}

/** Takes a path below `parallab/`; rejects only when nothing answered. */
export type Fetch = (path: string, request: Request) => Promise<Reply>;

/** Judging has a deadline of two seconds on the server; this one is for a server that hangs. */
const TIMEOUT_MS = 30_000;
/** The lab's own acts start kernels and wait for what they do. */
const ACT_TIMEOUT_MS = 240_000;

export class Client {
  constructor(
    private readonly _fetch: Fetch,
    private readonly _timeoutMs = TIMEOUT_MS
  ) {}

  course(): Promise<Course> {
    return this._send('GET', 'labs');
  }

  lab(lab: string): Promise<LabView> {
    return this._send('GET', `labs/${encodeURIComponent(lab)}`);
  }

  replay(lab: string): Promise<Film> {
    return this._send('GET', `labs/${encodeURIComponent(lab)}/replay`);
  }

  /** Of the newest run that started anything, if none is named; 0: all that is kept. */
  film(id: string, run: number | null = null): Promise<Film> {
    const asked = run === null ? '' : `?run=${run}`;
    return this._send('GET', `kernels/${encodeURIComponent(id)}/film${asked}`);
  }

  /** What a checked run of a learner's did: of the class service only. */
  clip(learner: string, name: string): Promise<Film> {
    return this._send('GET', `clip/${encodeURIComponent(learner)}/${name}`);
  }

  rescue(id: string, body: RescueRequest): Promise<RescueReply> {
    return this._send('POST', `kernels/${encodeURIComponent(id)}/rescue`, body);
  }

  leftovers(): Promise<Leftovers> {
    return this._send('GET', 'leftovers');
  }

  clean(body: CleanRequest): Promise<CleanReply> {
    return this._send('POST', 'leftovers/clean', body);
  }

  capabilities(): Promise<Capabilities> {
    return this._send('GET', 'capabilities');
  }

  open(lab: string): Promise<OpenReply> {
    return this._send('POST', `labs/${encodeURIComponent(lab)}/open`, {});
  }

  check(lab: string, step: string, body: CheckRequest): Promise<CheckReply> {
    return this._step(lab, step, 'check', body);
  }

  doubt(lab: string, step: string, body: DoubtRequest): Promise<DoubtReply> {
    return this._step(lab, step, 'doubt', body);
  }

  predict(
    lab: string,
    step: string,
    body: PredictRequest
  ): Promise<StepProgress> {
    return this._step(lab, step, 'predict', body);
  }

  answer(lab: string, step: string, body: AnswerRequest): Promise<AnswerReply> {
    return this._step(lab, step, 'answer', body);
  }

  /** Freezing kernels takes as long as kernels take to start. */
  act(lab: string, step: string, body: ActRequest): Promise<ActReply> {
    return this._step(lab, step, 'act', body, ACT_TIMEOUT_MS);
  }

  hint(lab: string, step: string, body: HintRequest): Promise<HintReply> {
    return this._step(lab, step, 'hint', body);
  }

  solution(lab: string, step: string): Promise<SolutionReply> {
    return this._step(lab, step, 'solution', {});
  }

  reset(lab: string, step: string): Promise<ResetReply> {
    return this._step(lab, step, 'reset', {});
  }

  help(lab: string, step: string, body: HelpRequest): Promise<StepProgress> {
    return this._step(lab, step, 'help', body);
  }

  handIn(lab: string): Promise<HandInReply> {
    return this._send('POST', `labs/${encodeURIComponent(lab)}/handin`, {});
  }

  private _step<T>(
    lab: string,
    step: string,
    action: string,
    body: object,
    timeoutMs?: number
  ): Promise<T> {
    const path = `labs/${encodeURIComponent(lab)}/steps/${encodeURIComponent(step)}/${action}`;
    return this._send('POST', path, body, timeoutMs);
  }

  private async _send<T>(
    method: Request['method'],
    path: string,
    body?: object,
    timeoutMs = this._timeoutMs
  ): Promise<T> {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeoutMs);
    try {
      const reply = await this._fetch(path, {
        method,
        body: body && JSON.stringify(body),
        signal: abort.signal
      });
      return read<T>(reply.status, await reply.text());
    } catch (error) {
      if (error instanceof ProblemError) {
        throw error;
      }
      const kind = abort.signal.aborted ? 'timeout' : 'unreachable';
      throw new ProblemError(
        kind,
        error instanceof Error ? error.message : String(error)
      );
    } finally {
      clearTimeout(timer);
    }
  }
}

function read<T>(status: number, text: string): T {
  const value = parse(text);
  if (status >= 200 && status < 300) {
    if (!isObject(value)) {
      throw new ProblemError('unreadable', '', text.slice(0, 200), status);
    }
    return value as T;
  }
  // A proxy's or Jupyter's own error page has no sentence of ours.
  const problem = isObject(value) ? value : {};
  const { message = '', reason = '' } = problem as Partial<ProblemReply>;
  throw new ProblemError(kindOf(status, message), message, reason, status);
}

function kindOf(status: number, message: string): ProblemError['kind'] {
  if (status === 401 || status === 403) {
    return 'login';
  }
  if (status === 404) {
    // Jupyter itself answers 404 for paths that no extension has taken.
    return !message || message === 'Not Found' ? 'no-extension' : 'missing';
  }
  if (status === 502 || status === 503 || status === 504) {
    return message ? 'server' : 'unreachable';
  }
  return status >= 500 ? 'server' : 'refused';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
