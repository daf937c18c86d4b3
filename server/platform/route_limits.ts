import type { FastifyRateLimitStoreCtor } from '@fastify/rate-limit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from './errors.ts';
import type { Limit, ServerLimit } from './limit.ts';
import type { LimitState } from './limit_state.ts';
import { rateLimitHeaders } from './rate_limit_headers.ts';

type StoreCallback = (error: Error | null, result?: { current: number; ttl: number }) => void;

interface StoreOptions {
  readonly limit?: Limit;
}

/** The limits of the table as the store of `@fastify/rate-limit`, which all nodes share. */
export function limitStore(): FastifyRateLimitStoreCtor {
  class LimitStore {
    readonly #limit: Limit | undefined;

    constructor({ limit }: StoreOptions = {}) {
      this.#limit = limit;
    }

    incr(key: string, done: StoreCallback): void {
      const limit = this.#limit;
      if (!limit) throw new Error('a route is limited by a limit that is not in the table');
      const { max, remaining, resetSeconds } = limit.look(key);
      if (remaining > 0) limit.add(key);
      done(null, { current: max - remaining + 1, ttl: resetSeconds * 1_000 });
    }

    child(options: StoreOptions): LimitStore {
      return new LimitStore(options);
    }
  }
  // The plugin's types lack the options that a route passes on to the store.
  return LimitStore as unknown as FastifyRateLimitStoreCtor;
}

/** `config.rateLimit` of a route whose requests one limit by address counts. */
export function rateLimitOf(limit: Limit) {
  const { max, seconds } = limit.state(0);
  return {
    limit,
    max,
    timeWindow: seconds * 1_000,
    keyGenerator: (request: FastifyRequest) => request.ip,
    // The headers of the draft's older forms; the errors have the current ones (limit_state.ts).
    addHeaders: NO_HEADERS,
    addHeadersOnExceeding: NO_HEADERS,
    errorResponseBuilder: () =>
      new AppError('rate_limited', 'too many requests; wait a little', { limit: limit.state(max) }),
  };
}

const NO_HEADERS = {
  'x-ratelimit-limit': false,
  'x-ratelimit-remaining': false,
  'x-ratelimit-reset': false,
  'retry-after': false,
};

/** Whom a request is counted for, by scope; undefined: it is not counted there. */
export interface LimitKeys {
  readonly address?: string | undefined;
  readonly client?: string | undefined;
  readonly account?: string | undefined;
}

/**
 * Counts a request of a route that says on every response what is left, as the admin API does: for the address, the client,
 * the account and the whole server. Call it once the caller is known.
 * @throws AppError 429 when one of them has none left, 503 when the server has
 */
export function countRequest(
  reply: FastifyReply,
  limits: { readonly [Scope in keyof LimitKeys]?: Limit } & { readonly server?: ServerLimit },
  keys: LimitKeys,
): void {
  const counted = (['client', 'account', 'address'] as const).flatMap((scope) => {
    const [limit, key] = [limits[scope], keys[scope]];
    return limit && key !== undefined ? [{ limit, key }] : [];
  });
  for (const { limit, key } of counted) limit.assertLeft(key);
  limits.server?.take(keys.client ?? keys.account ?? keys.address ?? '');
  const states: LimitState[] = counted.map(({ limit, key }) => limit.add(key));
  reply.headers(rateLimitHeaders(states));
}

/** Registered once, before the routes. */
export const LIMIT_PLUGIN = { global: false, store: limitStore() } as const;
