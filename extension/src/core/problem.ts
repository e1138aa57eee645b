/**
 * What can go wrong between the browser and the server, as a value: the kind decides which
 * advice the views give, the message is the server's own.
 */

export type ProblemKind =
  /** Nothing answered: the server is gone, or the network is. */
  | 'unreachable'
  /** Jupyter answered, Parallab's server part did not: not installed, or not enabled. */
  | 'no-extension'
  /** 401 or 403: the login has run out, or may not do this. */
  | 'login'
  /** 404 with a sentence of ours: no such lab, step or kernel. */
  | 'missing'
  /** Any other 4xx: the request was refused. */
  | 'refused'
  /** 5xx: the server failed. */
  | 'server'
  /** The server did not answer in time. */
  | 'timeout'
  /** An answer that is not the JSON agreed on: another version, or a proxy's own page. */
  | 'unreadable'
  /** The editor could not do it: no notebook to write to, or a command that failed. */
  | 'host';

export interface Problem {
  readonly kind: ProblemKind;
  /** The server's sentence, or that of the browser; may be empty. */
  readonly message: string;
  /** What was seen, in detail; may be empty. */
  readonly reason: string;
  /** The HTTP status, 0 when there was none. */
  readonly status: number;
}

/** A Problem that can be thrown. */
export class ProblemError extends Error implements Problem {
  readonly kind: ProblemKind;
  readonly reason: string;
  readonly status: number;

  constructor(kind: ProblemKind, message: string, reason = '', status = 0) {
    super(message);
    this.name = 'ProblemError';
    this.kind = kind;
    this.reason = reason;
    this.status = status;
  }
}

/** Any thrown value as a Problem; what is not one of ours came from the host. */
export function asProblem(error: unknown): Problem {
  if (error instanceof ProblemError) {
    const { kind, message, reason, status } = error;
    return { kind, message, reason, status };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { kind: 'host', message, reason: '', status: 0 };
}

/** Problems that concern every request, not only the one that met them. */
export function isGeneral(problem: Problem): boolean {
  return (
    problem.kind === 'unreachable' ||
    problem.kind === 'no-extension' ||
    problem.kind === 'login'
  );
}
