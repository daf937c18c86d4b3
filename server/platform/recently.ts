import type { Clock } from './clock.ts';

const MAX_KEYS = 10_000;

/**
 * Remembers on this node what was done a short while ago, for work that may be left out then.
 * @returns whether the key was named within the last `everyMs`; if not, it counts as named now
 */
export function createRecently({ everyMs, now }: { everyMs: number; now: Clock }): (key: string) => boolean {
  const named = new Map<string, number>();
  return (key) => {
    const at = named.get(key);
    if (at !== undefined && now() - at < everyMs) return true;
    named.delete(key);
    named.set(key, now());
    const oldest = named.size > MAX_KEYS ? named.keys().next().value : undefined;
    if (oldest !== undefined) named.delete(oldest);
    return false;
  };
}
