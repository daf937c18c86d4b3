import { AppError, invalidParameter } from '../platform/errors.ts';
import type { Route } from './route.ts';

/** RFC 7240 §2: true for the preference `handling=dry-run`. */
export function dryRunAsked(prefer: string | string[] | undefined): boolean {
  return [prefer ?? []]
    .flat()
    .join(',')
    .split(',')
    .some((one) => /^\s*handling\s*=\s*"?dry-run"?\s*(;|$)/i.test(one));
}

/** What `If-Match` means for a change: without an ETag none matches. */
export type Precondition = 'none matches' | 'may be sent' | 'needed';

export function preconditionOf({ method, versioned = false }: Pick<Route, 'method' | 'versioned'>): Precondition {
  if (!versioned) return 'none matches';
  return method === 'POST' ? 'may be sent' : 'needed';
}

/**
 * The version that `If-Match` names (RFC 9110 §13.1.1).
 * @returns undefined for `*`: any version
 * @throws AppError 428 `precondition_required`, 400 for several or a malformed one, 412 for one that never matches
 */
export function ifMatchOf(header: string | undefined, precondition: Precondition): number | undefined {
  if (header === undefined && precondition !== 'needed') return undefined;
  if (header === undefined) {
    throw new AppError(
      'precondition_required',
      'If-Match: send the ETag that you have read, so that no change of another operator is lost; * for any',
    );
  }
  const value = header.trim();
  if (value === '*') return undefined;
  if (value.startsWith('W/')) throw new AppError('precondition_failed', 'If-Match: a weak ETag never matches');
  const version = /^"([1-9]\d{0,8})"$/.exec(value)?.[1];
  if (version === undefined)
    throw invalidParameter('If-Match', 'must be one ETag with its quotation marks, as an answer had it, or *');
  if (precondition === 'none matches')
    throw new AppError('precondition_failed', 'If-Match: what this changes has no ETag; leave it out, or send *');
  return Number(version);
}

/** RFC 9110 §13.1.2 `If-None-Match`. */
export function isFresh(header: string | undefined, version: unknown): boolean {
  if (header === undefined) return false;
  return header.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === `"${version}"`);
}

const KEY = /^[\x21-\x7e]{1,255}$/;

/** draft-ietf-httpapi-idempotency-key-header: a string, with or without quotes. @throws AppError 400 */
export function idempotencyKeyOf(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const key = typeof header === 'string' ? header.trim().replace(/^"(.*)"$/, '$1') : '';
  if (!KEY.test(key)) throw invalidParameter('Idempotency-Key', 'must be one value of 1 to 255 visible characters');
  return key;
}
