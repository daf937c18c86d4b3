import type { FastifyRequest } from 'fastify';
import type { Clock } from '../platform/clock.ts';
import { type Counter, createLimits, type Limits } from '../platform/limits.ts';
import { hashToken } from '../platform/sealing.ts';
import { TYPED } from './device_pages.ts';

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
  await limits.byAddress.take('user-code', request.ip);
  const session = SESSION_COOKIE.exec(request.headers.cookie ?? '')?.[1];
  if (session !== undefined) await limits.bySession.take('user-code-session', hashToken(session).toString('hex'));
}

function showCode({ raw }: FastifyRequest): void {
  const [path, search = ''] = raw.url?.split('?', 2) ?? [];
  const query = new URLSearchParams(search);
  const code = query.get('user_code');
  if (code === null) return;
  query.delete('user_code');
  query.set(TYPED, code);
  raw.url = `${path}?${query}`;
}
