import type { FastifyRateLimitStoreCtor } from '@fastify/rate-limit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from './errors.ts';
import type { Limit, ServerLimit } from './limit.ts';
import type { LimitState } from './limit_state.ts';
import { widerSubnet } from './limits.ts';
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
  readonly client?: string | undefined;
  readonly account?: string | undefined;
}

/** The limits of a route that identifies its callers, by scope. */
export interface CallerLimits {
  readonly client: Limit;
  readonly account: Limit;
  /** Of requests without a valid token. */
  readonly address: Limit;
  readonly server: ServerLimit;
}

/**
 * Identifies the caller of a request and counts it, for the client, the account and the whole server, or for the address when
 * nobody was identified. Every response then says what is left.
 * @throws what `identify` throws; AppError 429 when one of them has none left, 503 when the server has
 */
export async function countCaller<Caller>(
  request: FastifyRequest,
  reply: FastifyReply,
  limits: CallerLimits,
  identify: () => Promise<Caller>,
  keysOf: (caller: Caller) => LimitKeys,
): Promise<Caller> {
  const show = (states: readonly LimitState[]) => reply.headers(rateLimitHeaders(states));
  const caller = await identify().catch((error) => {
    limits.address.assertLeft(request.ip);
    show([limits.address.add(request.ip)]);
    throw error;
  });
  const keys = keysOf(caller);
  const counted = (['client', 'account'] as const).flatMap((scope) => {
    const key = keys[scope];
    return key === undefined ? [] : [{ limit: limits[scope], key }];
  });
  for (const { limit, key } of counted) limit.assertLeft(key);
  limits.server.take(keys.client ?? keys.account ?? widerSubnet(request.ip));
  show(counted.map(({ limit, key }) => limit.add(key)));
  return caller;
}

/** Registered once, before the routes. */
export const LIMIT_PLUGIN = { global: false, store: limitStore() } as const;
