import { isIPv6 } from 'node:net';
import type { Clock } from './clock.ts';
import { createExpiring } from './expiring.ts';

/** Counts by key in a fixed window, in Redis or memory. */
export interface Counter {
  get(key: string): Promise<number>;
  /**
   * @param by a negative number takes back what was counted
   * @returns the count in the current window, including this
   */
  increment(key: string, windowMs: number, by?: number): Promise<number>;
  /** Subtracts one, if its window has not ended. */
  decrement(key: string): Promise<void>;
}

/** The owner of one IPv6 address usually has 2^64 of them: they count as one (better-auth CVE-2026-45364). */
export function subnet(address: string): string {
  if (!address.includes(':') || !isIPv6(address)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped) return mapped;
  const [head = '', tail = ''] = address.split('%')[0]?.split('::') ?? [];
  const groups = head === '' ? [] : head.split(':');
  const after = tail === '' ? [] : tail.split(':');
  const full = address.includes('::')
    ? [...groups, ...Array(8 - groups.length - after.length).fill('0'), ...after]
    : groups;
  return `${full
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

/** The share of an address in a fair_queue.ts. */
export const shareOfAddress = (address: string): string => `address:${subnet(address)}`;

/** The larger network of an address, which may have a single owner: an IPv4 /24, an IPv6 /48. */
export function widerSubnet(address: string): string {
  const network = subnet(address);
  const groups = network.split(':');
  return groups.length > 1 ? `${groups.slice(0, 3).join(':')}::/48` : network.replace(/\.\d+$/, '.0/24');
}

const MAX_KEYS = 100_000;

/** The counter of a single node, also used while Redis is down: limits still apply. */
export function createMemoryCounter(now: Clock): Counter & { readonly size: number } {
  const counts = createExpiring<{ count: number; until: number }>({ max: MAX_KEYS, now });
  return {
    async get(key) {
      return counts.get(key)?.count ?? 0;
    },
    async increment(key, windowMs, by = 1) {
      const entry = counts.get(key) ?? { count: 0, until: now() + windowMs };
      entry.count += by;
      // Set again, so that the least recently counted key is removed first.
      counts.set(key, entry, entry.until);
      return entry.count;
    },
    async decrement(key) {
      const entry = counts.get(key);
      if (entry) entry.count -= 1;
    },
    get size() {
      return counts.size;
    },
  };
}
