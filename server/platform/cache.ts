import type { Clock } from './clock.ts';
import { createExpiring } from './expiring.ts';
import type { Messenger } from './messenger.ts';
import { ownBytes } from './own_bytes.ts';

export interface Cache<T extends object> {
  /** @returns undefined when there is no such thing; absence is not cached */
  get(key: string): Promise<T | undefined>;
  /** How many are in memory. */
  readonly size: number;
}

const MAX_ENTRIES = 10_000;
const MAX_AGE_MS = 60_000;

/**
 * Reads through to the database and keeps what it found until another node says that it changed. While the line to
 * the other nodes is down nothing is kept, so a deleted client is never served from memory.
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
  // Raised by every change: a value that was read before a change arrived must not be kept after it.
  let generation = 0;
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
      if (entry && messenger.isListening()) return entry;
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
  };
}

function withOwnBytes<T extends object>(value: T): T {
  const copies = Object.entries(value).flatMap(([name, one]) =>
    one instanceof Uint8Array ? [[name, ownBytes(one)] as const] : [],
  );
  return copies.length === 0 ? value : { ...value, ...Object.fromEntries(copies) };
}
