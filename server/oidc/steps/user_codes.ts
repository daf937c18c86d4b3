import { hashToken } from '../../platform/sealing.ts';
import { type Exchange, exchangeOf } from '../exchange.ts';

/** The query parameter in which a code that came with the URL is passed to the page. */
export const TYPED_PARAMETER = 'typed';

/**
 * RFC 8628 §5.1: user codes are short, so guesses are limited by address and by session. Each is counted before it is
 * looked up, so that the limit also holds for guesses that are sent at the same time.
 * @throws AppError 429
 */
export async function limitUserCodes(exchange: Exchange): Promise<void> {
  const { ctx, provider, services } = exchange;
  if (ctx.method !== 'POST') return;
  const { address, session: bySession } = services.userCodeLimits;
  const guesses = [{ limit: address, consumed: await address.consume(ctx.ip) }];
  const session = ctx.cookies.get(provider.cookieName('session'), { signed: false });
  if (session) {
    guesses.push({ limit: bySession, consumed: await bySession.consume(hashToken(session).toString('hex')) });
  }
  exchange.userCodeGuesses = guesses;
}

/** RFC 8628 §3.3.1: a code that comes with the URL is shown for comparison; the provider's page would send it by itself. */
export function moveUserCode({ ctx }: Exchange): void {
  if (ctx.method === 'POST') return;
  const query = new URLSearchParams(ctx.querystring);
  const code = query.get('user_code');
  if (code === null) return;
  query.delete('user_code');
  query.set(TYPED_PARAMETER, code);
  ctx.querystring = query.toString();
}

/** Called when the provider's page finds that the typed text cannot be a user code. */
export function noteMalformedUserCode(ctx: object): void {
  const exchange = exchangeOf(ctx);
  if (exchange) exchange.isUserCodeMalformed = true;
}

/** A text that cannot be a user code was no guess, so it no longer counts. */
export async function refundMalformedUserCode({ isUserCodeMalformed, userCodeGuesses }: Exchange): Promise<void> {
  if (!isUserCodeMalformed) return;
  for (const { limit, consumed } of userCodeGuesses ?? []) await limit.refund(consumed);
}
