import type { Clock } from './clock.ts';
import type { Messenger } from './messenger.ts';

export interface Cache<T extends object> {
  /** @returns undefined when there is no such thing; absence is not cached */
  get(key: string): Promise<T | undefined>;
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
  const entries = new Map<string, { value: T; until: number }>();
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
      if (entry && entry.until > now() && messenger.isListening()) return entry.value;
      const before = generation;
      const value = await load(key);
      if (value === undefined) entries.delete(key);
      else if (generation === before && messenger.isListening()) {
        const oldest = entries.size >= MAX_ENTRIES ? entries.keys().next().value : undefined;
        if (oldest !== undefined) entries.delete(oldest);
        entries.set(key, { value, until: now() + MAX_AGE_MS });
      }
      return value;
    },
  };
}
