import type { Clock } from './clock.ts';
import { createExpiring } from './expiring.ts';

const MAX_KEYS = 10_000;

/**
 * Remembers on this node what was done a short time ago, so that it can be skipped.
 * @returns whether the key was used within the last `everyMs`; if not, it counts as used now
 */
export function createRecently({ everyMs, now }: { everyMs: number; now: Clock }): (key: string) => boolean {
  const named = createExpiring<true>({ max: MAX_KEYS, now });
  return (key) => {
    if (named.get(key)) return true;
    named.set(key, true, now() + everyMs);
    return false;
  };
}
