import type { Clock } from '../platform/clock.ts';

/** Clocks differ by that much. */
const TOLERANCE_SECONDS = 60;

export interface TimeLimit {
  readonly now: Clock;
  /** How far ahead a JWT of a client's may expire, in seconds. */
  readonly seconds: number;
}

/**
 * What a client signs for one request says that it is good for a short time: a caught one is of use no longer than that,
 * and its `jti` has to be remembered no longer (RFC 7523 §3, RFC 9700 §4.5).
 * @returns what is wrong with the times that a JWT says (RFC 7519 §4.1), undefined when nothing is
 */
export function objectionToTimes(
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
