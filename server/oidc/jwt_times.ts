import type { Clock } from '../platform/clock.ts';

/** How far the clocks of clients may differ. */
const TOLERANCE_SECONDS = 60;

export interface TimeLimit {
  readonly now: Clock;
  /** How many seconds in the future a JWT of a client may expire. */
  readonly seconds: number;
}

/**
 * A JWT that a client signs for one request must expire soon: a stolen one is useless after that, and its `jti` need not be
 * stored longer (RFC 7523 §3, RFC 9700 §4.5).
 * @returns what is wrong with the times of a JWT (RFC 7519 §4.1); undefined when nothing is
 */
export function timesViolation(
  claims: Readonly<Record<string, unknown>>,
  { now, seconds }: TimeLimit,
): string | undefined {
  const at = now() / 1_000 + TOLERANCE_SECONDS;
  for (const name of ['exp', 'iat', 'nbf']) {
    const time = claims[name];
    if (time === undefined) continue;
    if (typeof time !== 'number' || !Number.isFinite(time)) return `${name} must be a number of seconds`;
    if (name === 'exp' ? time > at + seconds : time > at) {
      return name === 'exp'
        ? `exp must not be more than ${seconds} seconds ahead (CARDEA_ASSERTION_MAX)`
        : `${name} must not be ahead of now`;
    }
  }
  return undefined;
}
