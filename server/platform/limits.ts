import { isIPv6 } from 'node:net';
import type { FastifyRateLimitStoreCtor } from '@fastify/rate-limit';
import type { Clock } from './clock.ts';
import { AppError } from './errors.ts';
import { createExpiring } from './expiring.ts';

/** Counts events by key in a fixed window, in Redis or memory. */
export interface Counter {
  get(key: string): Promise<number>;
  /** @returns the count in the current window, including this event */
  increment(key: string, windowMs: number): Promise<number>;
  /** Subtracts one, if its window has not ended. */
  decrement(key: string): Promise<void>;
}

/**
 * Limits the failures of an address. Successes are free, so busy clients and resource servers never reach the limit.
 */
export interface Limits {
  /** @throws AppError 429 when the address has reached its limit */
  assertAllowed(what: string, address: string): Promise<void>;
  count(what: string, address: string): Promise<void>;
  /**
   * Counts before the check: of many parallel attempts no more pass than of sequential ones.
   * @returns a value for `giveBack`, to call when the attempt was a success
   * @throws AppError 429 when the limit is exceeded
   */
  consume(what: string, address: string): Promise<string>;
  refund(key: string): Promise<void>;
}

export const LIMIT_WINDOW_MS = 60_000;

/**
 * @param options `max`: events in a window and for an address; the window is a minute by default; `refusal`: the
 *   message when there are more
 */
export function createLimits(options: {
  counter: Counter;
  max: number;
  now: Clock;
  windowMs?: number;
  refusal?: string;
}): Limits {
  const {
    counter,
    max,
    now,
    windowMs = LIMIT_WINDOW_MS,
    refusal = 'too many failed attempts; wait a minute',
  } = options;
  const tooMany = () => new AppError('rate_limited', refusal);
  // The window is part of the key, so a counter starts again without a clock.
  const keyOf = (what: string, address: string) => `limit:${what}:${subnet(address)}:${Math.floor(now() / windowMs)}`;
  return {
    async assertAllowed(what, address) {
      if ((await counter.get(keyOf(what, address))) >= max) throw tooMany();
    },
    async count(what, address) {
      await counter.increment(keyOf(what, address), windowMs);
    },
    async consume(what, address) {
      const key = keyOf(what, address);
      if ((await counter.increment(key, windowMs)) > max) throw tooMany();
      return key;
    },
    refund: (key) => counter.decrement(key),
  };
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
    async increment(key, windowMs) {
      const entry = counts.get(key) ?? { count: 0, until: now() + windowMs };
      entry.count += 1;
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

type StoreCallback = (error: Error | null, result?: { current: number; ttl: number }) => void;

/** The counter as a store for `@fastify/rate-limit` (its own Redis store needs another client library). */
export function limitStore(counter: Counter): FastifyRateLimitStoreCtor {
  class LimitStore {
    readonly #route: string;

    constructor(options: { routeInfo?: { method?: unknown; url?: string } } = {}) {
      this.#route = `${options.routeInfo?.method ?? ''}${options.routeInfo?.url ?? ''}`;
    }

    incr(key: string, done: StoreCallback, windowMs: number): void {
      counter.increment(`rate:${this.#route}:${key}`, windowMs).then(
        (current) => done(null, { current, ttl: windowMs }),
        (error: Error) => done(error),
      );
    }

    child(options: { routeInfo?: { method?: unknown; url?: string } }): LimitStore {
      return new LimitStore(options);
    }
  }
  // The plugin's types lack the window that it passes to incr().
  return LimitStore as unknown as FastifyRateLimitStoreCtor;
}
