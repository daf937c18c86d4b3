import { randomInt } from 'node:crypto';

export interface Randomness {
  readonly seed: number;
  /** At least 0, less than 1. */
  next(): number;
}

/**
 * A reproducible random generator (mulberry32): a failed run prints its seed, and TEST_CHAOS_SEED sets it. The seed
 * repeats the chosen moments, not the timing of the machine.
 */
export function randomness(given = process.env.TEST_CHAOS_SEED): Randomness {
  const seed = given ? Number(given) : randomInt(2 ** 32);
  let state = seed;
  return {
    seed,
    next() {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    },
  };
}

/** Counts how often each event happened. */
export class Tally {
  readonly #counts = new Map<string, number>();

  add(what: string): void {
    this.#counts.set(what, this.of(what) + 1);
  }

  of(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  toString(): string {
    return [...this.#counts]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([what, count]) => `${what}: ${count}`)
      .join(', ');
  }
}
