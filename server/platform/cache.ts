import type { Clock } from './clock.ts';
import { createExpiring } from './expiring.ts';
import type { Messenger } from './messenger.ts';
import { ownBytes } from './own_bytes.ts';

export interface Cache<T extends object> {
  /** @returns undefined when there is no value; absence is not cached */
  get(key: string): Promise<T | undefined>;
  /** Number of values in memory. */
  readonly size: number;
  /** How many reads it has answered, and how many the database. */
  readonly hits: number;
  readonly misses: number;
}

const MAX_ENTRIES = 10_000;
const MAX_AGE_MS = 60_000;

/**
 * Reads from the database and caches the value until another node reports a change. While the connection to the other
 * nodes is down nothing is cached, so a deleted client is never served from memory.
 */
export function createCache<T extends object>(options: {
  load: (key: string) => Promise<T | undefined>;
  messenger: Messenger;
  /** Notified with a key whenever that key's value changes. */
  channel: string;
  now: Clock;
}): Cache<T> {
  const { load, messenger, channel, now } = options;
  const entries = createExpiring<T>({ max: MAX_ENTRIES, now });
  // Every change increments it: a value that was read before a change must not be cached after it.
  let generation = 0;
  let hits = 0;
  let misses = 0;
  messenger.on(channel, (key) => {
    generation += 1;
    entries.delete(key);
  });
  messenger.onGap(() => {
    generation += 1;
    entries.clear();
  });

  return {
    async get(key) {
      const entry = entries.get(key);
      if (entry && messenger.isListening()) {
        hits += 1;
        return entry;
      }
      misses += 1;
      const before = generation;
      const loaded = await load(key);
      if (loaded === undefined) {
        entries.delete(key);
        return undefined;
      }
      const value = withOwnBytes(loaded);
      if (generation === before && messenger.isListening()) entries.set(key, value, now() + MAX_AGE_MS);
      return value;
    },
    get size() {
      return entries.size;
    },
    get hits() {
      return hits;
    },
    get misses() {
      return misses;
    },
  };
}

function withOwnBytes<T extends object>(value: T): T {
  const copies = Object.entries(value).flatMap(([name, one]) =>
    one instanceof Uint8Array ? [[name, ownBytes(one)] as const] : [],
  );
  return copies.length === 0 ? value : { ...value, ...Object.fromEntries(copies) };
}
