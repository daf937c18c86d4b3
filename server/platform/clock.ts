/** Milliseconds since the Unix epoch. Passed as an argument, so that tests can set the time instead of sleeping. */
export type Clock = () => number;

export const systemClock: Clock = Date.now;

/** Ten years: the maximum of all durations, in settings and client metadata. */
export const SECONDS_MOST = 3_650 * 86_400;

/** The end of the year 9999, the last year that ISO 8601 writes with four digits; milliseconds since the Unix epoch. */
const TIME_MOST = Date.UTC(10_000, 0, 1) - 1;

/** @returns undefined for a time before 1970 or after 9999 */
export function dateOf(ms: number): Date | undefined {
  return ms >= 0 && ms <= TIME_MOST ? new Date(ms) : undefined;
}
