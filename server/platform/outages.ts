import type { Clock } from './clock.ts';
import type { Logger } from './log.ts';

/** Logs once when a dependency fails and once when it is back, no matter how often it is tried in between. */
export interface Outages {
  failed(error: unknown): void;
  succeeded(): void;
  /** True from the first failure until it is back. */
  isAway(): boolean;
}

/** A dependency that works only now and then is not back yet: no failure may occur for this long. */
const QUIET_MS = 2_000;

/** @param about fields of each log line about the dependency, such as its address; nothing secret */
export function createOutages(parts: {
  readonly name: string;
  readonly about: Readonly<Record<string, unknown>>;
  readonly log: Logger;
  readonly now: Clock;
}): Outages {
  const { name, about, log, now } = parts;
  let outage: { since: number; lastFailure: number; failures: number } | undefined;
  return {
    isAway: () => outage !== undefined,
    failed(error) {
      if (outage) {
        outage.lastFailure = now();
        outage.failures++;
        return;
      }
      outage = { since: now(), lastFailure: now(), failures: 1 };
      log.warn({ ...about, reason: reasonOf(error) }, `${name} is away; requests that need it are answered with 503`);
    },
    succeeded() {
      if (!outage || now() - outage.lastFailure < QUIET_MS) return;
      const { since, lastFailure, failures } = outage;
      outage = undefined;
      log.warn({ ...about, seconds: Math.ceil((lastFailure - since) / 1_000), failures }, `${name} is back`);
    },
  };
}

/** SQLSTATE or errno name of the cause of an error; its message may quote values, so it is not used. */
export function reasonOf(error: unknown): string {
  for (let one = error; one instanceof Error; one = one.cause) {
    const { code } = one as { code?: unknown };
    if (typeof code === 'string' && /^[0-9A-Z_]{4,40}$/.test(code)) return code;
    if (/time(d )?out/i.test(one.message)) return 'TIMEOUT';
    if (/does not support SSL/.test(one.message)) return 'NO_TLS';
  }
  return error instanceof Error ? error.name : typeof error;
}
