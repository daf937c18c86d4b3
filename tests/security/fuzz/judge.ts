import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { INSIDES, type WireAnswer } from '../wire.ts';

/** A violation, and the request that reproduces it. */
export interface Fault {
  readonly what: string;
  readonly request: string;
}

/** No request may take longer, however odd. */
export const SLOW_MS = 2_000;
const FAULTS_MAX = 20;
/** The number of requests that a log line may still belong to. */
const REMEMBERED = 512;
/** Log lines that must not appear: errors, and problems that only the last error handler noticed. */
const WRONG = /"level":"(?:error|fatal)"|"msg":"a value was refused where it was used"/;

/** Collects violations in responses and log lines. */
export class Judge {
  readonly #faults = new Map<string, Fault>();
  readonly #requests = new Map<string, string>();
  readonly #logLines: string[];
  readonly statuses = new Map<number, number>();

  /** @param logLines every line that the server has logged; lines are removed after they were checked */
  constructor(logLines: string[]) {
    this.#logLines = logLines;
  }

  get faults(): readonly Fault[] {
    return [...this.#faults.values()];
  }

  get isFull(): boolean {
    return this.#faults.size >= FAULTS_MAX;
  }

  /** @param request the data that reproduces it */
  look(answer: WireAnswer, request: string): void {
    this.statuses.set(answer.status, (this.statuses.get(answer.status) ?? 0) + 1);
    const id = answer.headers.get('x-request-id');
    if (id === null) this.report(`an answer of ${answer.status} has no request id`, request);
    else this.#remember(id, request);
    if (answer.status >= 500 && !isHonest(answer, request)) {
      this.report(`an answer of ${answer.status}: ${answer.body.slice(0, 200)}`, request);
    }
    if (INSIDES.test(answer.body)) this.report(`an answer shows the inside: ${answer.body.slice(0, 300)}`, request);
  }

  /** Checks the lines that were logged since the last call. */
  readLog(): void {
    for (const line of this.#logLines) {
      if (!WRONG.test(line)) continue;
      const { requestId = '', ...rest } = JSON.parse(line) as { requestId?: string };
      const { time: _, ...details } = rest as Record<string, unknown>;
      this.report(
        `a line in the log: ${JSON.stringify(details)}`,
        this.#requests.get(requestId) ?? `request ${requestId}`,
      );
    }
    this.#logLines.length = 0;
  }

  /** Keeps one of the violations with the same text. */
  report(what: string, request: string): void {
    const kind = what.replaceAll(/[0-9a-f-]{20,}|\d+/gi, '#').slice(0, 400);
    if (!this.isFull && !this.#faults.has(kind)) this.#faults.set(kind, { what, request });
  }

  #remember(id: string, request: string): void {
    this.#requests.set(id, request);
    const oldest = this.#requests.size > REMEMBERED ? this.#requests.keys().next().value : undefined;
    if (oldest !== undefined) this.#requests.delete(oldest);
  }
}

/**
 * 503 contains Retry-After (RFC 9110 §15.6.4). 501 is the response of draft-ietf-oauth-status-list §8.4 to a request
 * for a historical list, which Cardea does not have.
 */
function isHonest(answer: WireAnswer, request: string): boolean {
  if (answer.status === 503) return answer.headers.has('retry-after');
  return answer.status === 501 && request.includes('/status-lists/');
}

/** @returns a function that collects garbage, and returns the memory in use in bytes */
export function createMeter(): () => number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  return () => {
    collect();
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
}
