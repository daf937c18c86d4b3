import type { Clock } from './clock.ts';

/** Values by name that expire, in memory. */
export interface Expiring<T> {
  /** @returns undefined when there is none, or when it has expired */
  get(key: string): T | undefined;
  /** @param until milliseconds since the epoch */
  set(key: string, value: T, until: number): void;
  delete(key: string): void;
  clear(): void;
  /** Number of values in memory, including expired ones. */
  readonly size: number;
}

/**
 * Number of entries checked when one is set: with more than one, all are checked before the number of entries doubles.
 */
const LOOKED_AT = 2;

/**
 * At most `max` values; the one that was set first is removed first. Each `set` also removes a few expired values, so
 * memory holds only values that were set recently, even if none is read again.
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
