import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Call } from '../operations/operation.ts';
import { entityTag } from '../operations/preconditions.ts';
import { AppError, invalidParameter } from '../platform/errors.ts';
import type { Owner } from '../platform/own_sealing.ts';
import type { Route } from './route.ts';

const VISIBLE = '[!#-~]'; // without quotation marks
const KEY_MAX = 255;
/** RFC 9110 §8.8.3: what is in an ETag means nothing to a client. */
const IF_MATCH = `^(\\*|(W/)?"${VISIBLE}*")$`;
/** draft-ietf-httpapi-idempotency-key-header: a string, with or without quotation marks. */
const IDEMPOTENCY_KEY = `^(${VISIBLE}{1,${KEY_MAX}}|"${VISIBLE}{1,${KEY_MAX}}")$`;

/** The headers of requests, as they are read and described. */
export const HEADERS = {
  'If-Match': Type.String({
    pattern: IF_MATCH,
    description:
      'The ETag that was read, or * for any (RFC 9110 section 13.1.1). PATCH, PUT and DELETE without it: 428.',
  }),
  'If-None-Match': Type.String({ description: 'The ETag that is known already: 304 when it still is the one.' }),
  'Idempotency-Key': Type.String({
    pattern: IDEMPOTENCY_KEY,
    description: 'A text of your own: the request is carried out once in 24 hours.',
  }),
  Prefer: Type.String({ description: '`handling=dry-run` says what would happen (RFC 7240).' }),
};

/** From where a request comes, for the audit. @param owner the person who acts, whose own key seals it: it is unreadable after an erasure */
export function originOf(
  { ip, headers }: Pick<FastifyRequest, 'ip' | 'headers'>,
  owner: Owner | undefined,
): NonNullable<Call['from']> {
  return { details: { address: ip, device: headers['user-agent'] }, ...(owner ? { detailsOf: owner } : {}) };
}

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

/** True for a route whose answers have an ETag, where they show something that has one. */
export const answersEtag = ({ versioned = false, location }: Pick<Route, 'versioned' | 'location'>): boolean =>
  versioned || location !== undefined;

/** The ETag of what an answer shows. A part of something has the ETag of the whole, as a member. */
export function etagOf({
  version,
  created_at: createdAt,
  etag,
}: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof etag === 'string') return etag;
  if (typeof version !== 'number') return undefined;
  // Builtin roles have no time of creation.
  return entityTag({ version, createdAt: new Date(typeof createdAt === 'string' ? createdAt : 0) });
}

/**
 * The ETag that `If-Match` names (RFC 9110 §13.1.1).
 * @returns undefined for `*`: any
 * @throws AppError 428 `precondition_required`, 400 for several or a malformed one, 412 for one that never matches
 */
export function ifMatchOf(header: string | undefined, precondition: Precondition): string | undefined {
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
  if (!new RegExp(IF_MATCH).test(value))
    throw invalidParameter('If-Match', 'must be one ETag with its quotation marks, as an answer had it, or *');
  if (precondition === 'none matches')
    throw new AppError('precondition_failed', 'If-Match: what this changes has no ETag; leave it out, or send *');
  return value;
}

/** RFC 9110 §13.1.2 `If-None-Match`. */
export function isFresh(header: string | undefined, etag: string | undefined): boolean {
  if (header === undefined || etag === undefined) return false;
  return header.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag);
}

/** @throws AppError 400 */
export function idempotencyKeyOf(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const value = typeof header === 'string' ? header.trim() : '';
  if (!new RegExp(IDEMPOTENCY_KEY).test(value))
    throw invalidParameter(
      'Idempotency-Key',
      `must be one value of 1 to ${KEY_MAX} visible characters without quotation marks in it`,
    );
  return value.replace(/^"(.*)"$/, '$1');
}
