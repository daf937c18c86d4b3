import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../platform/clock.ts';
import { type Counter, createLimits, type Limits } from '../platform/limits.ts';
import { hashToken } from '../platform/sealing.ts';

/** The query parameter in which a code that came with the URL is handed over to the page. */
export const TYPED_PARAMETER = 'typed';

/** Codes that are sent in, a minute: people connect their devices, and nobody finds another's by trying. */
const MAX_BY_ADDRESS = 59;
const MAX_BY_SESSION = 19;

export interface UserCodeLimits {
  readonly byAddress: Limits;
  readonly bySession: Limits;
}

/** @param options `max`: what an address may do wrong in general; codes are limited to that as well */
export function createUserCodeLimits(options: { counter: Counter; max: number; now: Clock }): UserCodeLimits {
  const limited = (max: number) => createLimits({ ...options, max: Math.min(max, options.max) });
  return { byAddress: limited(MAX_BY_ADDRESS), bySession: limited(MAX_BY_SESSION) };
}

const SESSION_COOKIE = /(?:^|;\s*)(?:__Host-)?cardea_session=([^;]+)/;

/**
 * What comes before the page on which a user code is typed in.
 *
 * RFC 8628 §5.1: codes are short, so how many are tried is limited, by address and by session. They are counted before
 * anybody looks whether they are right: of many that are sent at once no more get through than of as many in turn.
 *
 * RFC 8628 §3.3.1: a code that comes with the URL is shown for the person to compare it, and never sends itself in, as
 * it would by the provider's own page.
 * @throws AppError 429
 */
export async function admitUserCode(request: FastifyRequest, limits: UserCodeLimits): Promise<void> {
  if (request.method !== 'POST') return showCode(request);
  const { byAddress, bySession } = limits;
  const taken: (readonly [Limits, string])[] = [[byAddress, await byAddress.consume('user-code', request.ip)]];
  const session = SESSION_COOKIE.exec(request.headers.cookie ?? '')?.[1];
  if (session !== undefined) {
    taken.push([bySession, await bySession.consume('user-code-session', hashToken(session).toString('hex'))]);
  }
  TAKEN.set(request.raw, taken);
}

/** What was counted for requests that are under way. */
const TAKEN = new WeakMap<IncomingMessage, readonly (readonly [Limits, string])[]>();
/** Requests whose code has not the form of one: nothing was tried. */
const EXCUSED = new WeakSet<IncomingMessage>();

export function excuseGuess(request: IncomingMessage): void {
  EXCUSED.add(request);
}

/** What comes after the answer: a code that could be none is not counted. */
export async function settleUserCode({ raw }: FastifyRequest): Promise<void> {
  if (!EXCUSED.has(raw)) return;
  for (const [limits, taken] of TAKEN.get(raw) ?? []) await limits.refund(taken);
}

function showCode({ raw }: FastifyRequest): void {
  const [path, search = ''] = raw.url?.split('?', 2) ?? [];
  const query = new URLSearchParams(search);
  const code = query.get('user_code');
  if (code === null) return;
  query.delete('user_code');
  query.set(TYPED_PARAMETER, code);
  raw.url = `${path}?${query}`;
}
