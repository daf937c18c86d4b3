import { type AppError, RETRY_AFTER_SECONDS } from './errors.ts';
import type { LimitState, LimitUnit } from './limit_state.ts';

/** draft-ietf-httpapi-ratelimit-headers-10 §3.1.2 */
const QUOTA_UNITS: Readonly<Record<LimitUnit, string>> = { requests: '', bytes: ';qu="content-bytes"' };

/** `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10 §3, §4). */
export function rateLimitHeaders(states: readonly LimitState[]): Readonly<Record<string, string>> {
  if (states.length === 0) return {};
  return {
    'ratelimit-policy': states
      .map(({ name, max, seconds, unit }) => `"${name}";q=${max}${QUOTA_UNITS[unit]};w=${seconds}`)
      .join(', '),
    ratelimit: states
      .map(({ name, remaining, resetSeconds }) => `"${name}";r=${remaining};t=${resetSeconds}`)
      .join(', '),
  };
}

/** The status alone is known when the limit of a 429 is not one of the table, as that of a capacity. */
const WAITS: Readonly<Record<number, number>> = { 429: 60, 503: RETRY_AFTER_SECONDS };

/** When the caller may try again (RFC 9110 §10.2.3): the seconds that really remain where a limit was reached. */
export function retryHeaders({ status, limit }: Pick<AppError, 'status' | 'limit'>): Readonly<Record<string, string>> {
  const wait = limit?.resetSeconds ?? WAITS[status];
  if (wait === undefined) return {};
  return { 'retry-after': String(wait), ...(limit ? rateLimitHeaders([limit]) : {}) };
}
