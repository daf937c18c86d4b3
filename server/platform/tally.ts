import type { Clock } from './clock.ts';
import { createExpiring } from './expiring.ts';
import type { Counter } from './limits.ts';

/**
 * Counts many events without waiting: what this node has counted is known at once, what other nodes have counted a moment
 * later. A request that is counted here costs no round trip.
 */
export interface Tally {
  read(key: string): number;
  /**
   * @param by a negative number takes back what was counted
   * @returns the count, including this
   */
  add(key: string, windowMs: number, by: number): number;
}

interface Entry {
  /** By all nodes, when it was last asked. */
  known: number;
  /** By this node, and not sent yet. */
  own: number;
  isSending: boolean;
  sentAt: number;
  readonly until: number;
}

const MAX_KEYS = 100_000;
/** The longest time for which a node does not know what the others count. */
export const SHARED_EVERY_MS = 200;

/**
 * @param parts `shared`: the counter of all nodes; default: there is only this node. `uptime`: monotonic milliseconds
 */
export function createTally(parts: {
  readonly now: Clock;
  readonly uptime: Clock;
  readonly shared?: Pick<Counter, 'increment'> | undefined;
}): Tally {
  const { now, uptime, shared } = parts;
  const entries = createExpiring<Entry>({ max: MAX_KEYS, now });

  function share(key: string, windowMs: number, entry: Entry): void {
    if (!shared || entry.isSending || uptime() - entry.sentAt < SHARED_EVERY_MS) return;
    const sent = entry.own;
    entry.isSending = true;
    entry.sentAt = uptime();
    shared.increment(key, windowMs, sent).then(
      (known) => Object.assign(entry, { known, own: entry.own - sent, isSending: false }),
      () => Object.assign(entry, { isSending: false }),
    );
  }

  return {
    read(key) {
      const entry = entries.get(key);
      return entry ? entry.known + entry.own : 0;
    },
    add(key, windowMs, by) {
      const entry = entries.get(key) ?? {
        known: 0,
        own: 0,
        isSending: false,
        sentAt: Number.NEGATIVE_INFINITY,
        until: now() + windowMs,
      };
      entry.own += by;
      // Set again, so that the least recently counted key is removed first.
      entries.set(key, entry, entry.until);
      share(key, windowMs, entry);
      return entry.known + entry.own;
    },
  };
}
