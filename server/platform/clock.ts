/** Milliseconds since the Unix epoch. Passed in wherever time matters, so that tests move it instead of sleeping. */
export type Clock = () => number;

export const systemClock: Clock = Date.now;
