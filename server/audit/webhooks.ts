import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import type { FailureReason } from './failures.ts';

/** Secrets of a destination; the one before also signs until the given time. */
export interface Secrets {
  readonly current: string;
  readonly previous?: string;
  /** Milliseconds since the epoch. */
  readonly until?: number;
}

/** Standard Webhooks, "Signature scheme": 24 to 64 random bytes in base64, with a prefix. */
export function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

/**
 * The headers of a signed request (Standard Webhooks, "Webhook headers"). While a secret is replaced, both sign.
 * @param id the same for each attempt, so that the receiver can tell a repetition
 */
export function signatureHeaders(
  secrets: Secrets,
  { id, body, now }: { readonly id: string; readonly body: string; readonly now: number },
): Readonly<Record<string, string>> {
  const { current, previous, until = 0 } = secrets;
  const at = new Date(now);
  const used = previous !== undefined && now < until ? [current, previous] : [current];
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now / 1_000)),
    'webhook-signature': used.map((secret) => new Webhook(secret).sign(id, at, body)).join(' '),
  };
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Pauses after a failed attempt (Standard Webhooks, "Deliverability and reliability"). */
export const PAUSES_MS = [
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
] as const;

/** Pauses at most, when the receiver says that it cannot take this event. */
const PAUSES_OF_REFUSED = 3;
const RETRY_AFTER_MAX_MS = 24 * HOUR_MS;

/** How an attempt has failed. */
export interface Failure {
  readonly reason: FailureReason;
  /** The receiver says that the request is wrong: it will probably say so again. */
  readonly refused?: boolean;
  /** The pause that the receiver asks for. */
  readonly retryAfterMs?: number | undefined;
  /** Nothing was sent, because of this server: it is no attempt. */
  readonly untried?: boolean;
  /** The receiver wants nothing more. */
  readonly gone?: boolean;
}

/**
 * Milliseconds until the next attempt; undefined when this one was the last.
 * @param attempts that have failed, including this one
 * @param random from 0 to 1: destinations that failed together are not tried together
 */
export function pauseAfter({ refused = false, retryAfterMs = 0 }: Failure, attempts: number, random: number) {
  const pauses = refused ? PAUSES_MS.slice(0, PAUSES_OF_REFUSED) : PAUSES_MS;
  const pause = pauses[attempts - 1];
  if (pause === undefined) return undefined;
  return Math.max(Math.round(pause * (0.9 + random / 5)), Math.min(retryAfterMs, RETRY_AFTER_MAX_MS));
}

/** Requests that may succeed later although their status is one of 4xx. */
const TEMPORARY = new Set([401, 403, 404, 408, 409, 425, 429]);

/** @returns undefined when the receiver has taken it: any 2xx */
export function failureOf(response: Pick<Response, 'ok' | 'status' | 'headers'>, now: number): Failure | undefined {
  const { ok, status, headers } = response;
  if (ok) return undefined;
  const reason = `status_${status}` as const;
  if (status === 410) return { reason, gone: true };
  const refused = status >= 400 && status < 500 && !TEMPORARY.has(status);
  return { reason, refused, retryAfterMs: retryAfter(headers.get('retry-after'), now) };
}

/** RFC 9110 §10.2.3: seconds or a date. */
function retryAfter(value: string | null, now: number): number | undefined {
  if (value === null) return undefined;
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * SECOND_MS : Date.parse(value) - now;
  return Number.isFinite(ms) && ms > 0 ? ms : undefined;
}
