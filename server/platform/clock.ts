/** Milliseconds since the Unix epoch. Passed in wherever time matters, so that tests move it instead of sleeping. */
export type Clock = () => number;

export const systemClock: Clock = Date.now;

/** Ten years: the upper bound of every duration, from settings and from clients. */
export const SECONDS_MOST = 3_650 * 86_400;

/** The end of the year 9999, the last that a date in a text can name; milliseconds since the Unix epoch. */
const TIME_MOST = Date.UTC(10_000, 0, 1) - 1;

/** @returns undefined for what is no time between 1970 and 9999 */
export function dateOf(ms: number): Date | undefined {
  return ms >= 0 && ms <= TIME_MOST ? new Date(ms) : undefined;
}
