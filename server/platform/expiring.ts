import type { Clock } from './clock.ts';

/** Values by name that are good until some time, in memory. */
export interface Expiring<T> {
  /** @returns undefined when there is none, and when its time is up */
  get(key: string): T | undefined;
  /** @param until milliseconds, by the clock */
  set(key: string, value: T, until: number): void;
  delete(key: string): void;
  clear(): void;
  /** How many are in memory, those that nobody has asked for since their time was up included. */
  readonly size: number;
}

/** How many are looked at whenever one is set: with more than one, all are seen before as many new ones have come. */
const LOOKED_AT = 2;

/**
 * At most `max` values, of which the one that was set longest ago goes first. Those whose time is up go by and by while
 * others are set, also when nobody asks for them again: what is in memory is what was set lately, not what ever was.
 */
export function createExpiring<T>({ max, now }: { max: number; now: Clock }): Expiring<T> {
  const entries = new Map<string, { readonly value: T; readonly until: number }>();
  let walk = entries.entries();

  function sweep(): void {
    for (let looked = 0; looked < LOOKED_AT; looked += 1) {
      const step = walk.next();
      if (step.done) {
        walk = entries.entries();
        return;
      }
      const [key, { until }] = step.value;
      if (until <= now()) entries.delete(key);
    }
  }

  return {
    get(key) {
      const entry = entries.get(key);
      if (!entry || entry.until > now()) return entry?.value;
      entries.delete(key);
      return undefined;
    },
    set(key, value, until) {
      sweep();
      entries.delete(key);
      const oldest = entries.size >= max ? entries.keys().next().value : undefined;
      if (oldest !== undefined) entries.delete(oldest);
      entries.set(key, { value, until });
    },
    delete: (key) => void entries.delete(key),
    clear: () => entries.clear(),
    get size() {
      return entries.size;
    },
  };
}
