import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { INSIDES, type WireAnswer } from '../wire.ts';

/** Something that must not happen, and what it takes to see it again. */
export interface Fault {
  readonly what: string;
  readonly request: string;
}

/** Longer than that nothing may take, however odd. */
export const SLOW_MS = 2_000;
const FAULTS_MAX = 20;
/** Requests that a line of the log may still be about. */
const REMEMBERED = 512;
/** What must not be logged: errors, and that something was noticed so late that only the last resort was left. */
const WRONG = /"level":"(?:error|fatal)"|"msg":"a value was refused where it was used"/;

/** Collects what is wrong with answers and with what was logged meanwhile. */
export class Judge {
  readonly #faults = new Map<string, Fault>();
  readonly #requests = new Map<string, string>();
  readonly #logLines: string[];
  readonly statuses = new Map<number, number>();

  /** @param logLines every line that the server has logged; they are taken out when they have been looked at */
  constructor(logLines: string[]) {
    this.#logLines = logLines;
  }

  get faults(): readonly Fault[] {
    return [...this.#faults.values()];
  }

  get isFull(): boolean {
    return this.#faults.size >= FAULTS_MAX;
  }

  /** @param request what it takes to send it again */
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

  /** Looks at what was logged since the last time. */
  readLog(): void {
    for (const line of this.#logLines) {
      if (!WRONG.test(line)) continue;
      const { requestId = '', ...rest } = JSON.parse(line) as { requestId?: string };
      const { time: _, ...told } = rest as Record<string, unknown>;
      this.report(
        `a line in the log: ${JSON.stringify(told)}`,
        this.#requests.get(requestId) ?? `request ${requestId}`,
      );
    }
    this.#logLines.length = 0;
  }

  /** Of many faults with the same words one is kept. */
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
 * 503 says for how long to wait (RFC 9110 §15.6.4). 501 is what draft-ietf-oauth-status-list §8.4 has for a list of the
 * past, where there is none.
 */
function isHonest(answer: WireAnswer, request: string): boolean {
  if (answer.status === 503) return answer.headers.has('retry-after');
  return answer.status === 501 && request.includes('/status-lists/');
}

/** @returns a function that tells how much memory is in use once all that is garbage is gone, in bytes */
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
