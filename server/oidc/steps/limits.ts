import { decodeJwt } from 'jose';
import { EXPOSED_HEADERS } from '../../platform/cors.ts';
import { widerSubnet } from '../../platform/limits.ts';
import { rateLimitHeaders } from '../../platform/rate_limit_headers.ts';
import type { Exchange } from '../exchange.ts';

/*
 * The limits of requests to an endpoint (limit_table.ts). A client that has authenticated is counted by its id, wherever it
 * calls from, and so never shares a limit with strangers; other requests are counted by address. Each request is counted at
 * its end, when it is known who sent it: until the next one the counter is looked at only.
 */

/** @throws AppError 429 for an address that has sent too many requests without a client, a person or a valid token */
export function limitAddress({ ctx, limits }: Exchange): void {
  limits.address?.assertLeft(ctx.ip);
}

/**
 * Refuses a client that has sent too many before its credentials are verified and anything is signed, and without
 * credentials the address. So strangers at the address of a client do not affect it; wrong credentials have a limit of
 * their own (client_authentication.ts).
 * @throws AppError 429
 */
export function limitClaimed(params: Record<string, unknown>, { ctx, limits, services }: Exchange): void {
  if (!limits.client) return;
  const { client_secret: secret, client_assertion: assertion } = params;
  const claimed = claimedClient(ctx, params);
  if (claimed !== undefined) limits.client.assertLeft(claimed);
  const hasCredentials = ctx.get('authorization') !== '' || (secret ?? assertion) !== undefined;
  if (!hasCredentials && !services.certificates.certificateOf(ctx.req)) limits.address?.assertLeft(ctx.ip);
}

/** @throws AppError 429 for a client or a person who has sent too many, 503 when all together have */
export function limitCallerAndServer(exchange: Exchange): void {
  const { ctx, limits } = exchange;
  const { account, client } = callerOf(exchange);
  if (client !== undefined) limits.client?.assertLeft(client);
  if (account !== undefined) limits.account?.assertLeft(account);
  limits.server?.take(client === undefined ? widerSubnet(ctx.ip) : `client ${client}`);
}

/** Counts the request, and says what is left. */
export function countRequest(exchange: Exchange): void {
  const { ctx, limits } = exchange;
  const { account, client } = callerOf(exchange);
  const states = [
    client === undefined ? undefined : limits.client?.add(client),
    account === undefined ? undefined : limits.account?.add(account),
    client === undefined && account === undefined ? limits.address?.add(ctx.ip) : undefined,
  ].filter((one) => one !== undefined);
  // A refusal has the headers of the limit that refused.
  if (!ctx.response.get('ratelimit')) ctx.set(rateLimitHeaders(states));
  // The provider lets scripts read its own headers alone.
  if (ctx.response.get('access-control-expose-headers')) ctx.set('access-control-expose-headers', EXPOSED_HEADERS);
}

interface Caller {
  readonly client?: string | undefined;
  readonly account?: string | undefined;
}

/** Who has proved who they are: at /userinfo the holder of a valid token, elsewhere a client or the person of a session. */
function callerOf({ ctx, route, refusal }: Exchange): Caller {
  // A request that failed in its first steps has no context of the provider.
  const { client, session, entities } = (ctx.oidc as Exchange['ctx']['oidc'] | undefined) ?? {};
  if (route === 'userinfo')
    return { client: entities?.AccessToken?.clientId, account: entities?.AccessToken?.accountId };
  if (session !== undefined) return { account: session.accountId };
  const isAuthenticated = client !== undefined && client.tokenEndpointAuthMethod !== 'none' && ctx.status !== 401;
  return isAuthenticated && refusal?.error.error !== 'invalid_client' ? { client: client.clientId } : {};
}

const BASIC = /^basic ([\w+/]+=*)$/i;

/** The client that the request says it is from: it has not authenticated yet (RFC 6749 §2.3, RFC 7523 §2.2). */
function claimedClient(ctx: Exchange['ctx'], { client_id: id, client_assertion: assertion }: Record<string, unknown>) {
  if (typeof id === 'string') return id;
  const basic = BASIC.exec(ctx.get('authorization'))?.[1];
  try {
    if (basic !== undefined) return decodeURIComponent(Buffer.from(basic, 'base64').toString().split(':', 1)[0] ?? '');
    // Not verified yet, so it may be anything.
    const sub: unknown = typeof assertion === 'string' ? decodeJwt(assertion).sub : undefined;
    return typeof sub === 'string' ? sub : undefined;
  } catch {
    return undefined; // the provider says what is wrong with it
  }
}
