import { CIBA_GRANT, isPushedTo } from '../ciba.ts';
import { DEVICE_GRANT } from '../device_flow.ts';
import type { Exchange } from '../exchange.ts';

/** The grant types of endpoints at which a grant begins (RFC 8628 §3.2, CIBA Core 1.0 §13: errors as at the token endpoint). */
const BEGUN_GRANT_TYPES: Readonly<Record<string, string>> = {
  device_authorization: DEVICE_GRANT,
  backchannel_authentication: CIBA_GRANT,
};

/** RFC 6749 §5.2: `unauthorized_client` for a grant type that the client may not use, where the provider is less precise. */
export function nameUnauthorizedGrantType({ ctx, route }: Exchange): void {
  const { client, params } = ctx.oidc;
  const grantType = BEGUN_GRANT_TYPES[route] ?? params?.grant_type;
  if (ctx.status !== 400 || errorOf(ctx.body) !== 'invalid_request') return;
  if (typeof grantType === 'string' && client?.grantTypeAllowed(grantType) === false) {
    ctx.body = { ...(ctx.body as object), error: 'unauthorized_client' };
  }
}

/**
 * CIBA Core 1.0 §11: a client that tokens are pushed to must not fetch them. The request is gone once it is decided, so
 * there is nothing to fetch; what the client has authenticated with is used up all the same.
 */
export function refusePushedTokens({ ctx }: Exchange): void {
  const { client, params } = ctx.oidc;
  if (params?.grant_type !== CIBA_GRANT || !isPushedTo(client)) return;
  if (ctx.status === 401 || ctx.status >= 500) return;
  ctx.status = 400;
  ctx.body = { error: 'unauthorized_client', error_description: 'the tokens are pushed to this client' };
}

/** RFC 8628 §3.5, CIBA Core 1.0 §11: `slow_down` for a client that polls too often, counted over all nodes. */
export async function slowDown({ ctx, services }: Exchange): Promise<void> {
  const { params } = ctx.oidc;
  if (errorOf(ctx.body) !== 'authorization_pending') return;
  if (!(await services.polls.isTooSoon(String(params?.device_code ?? params?.auth_req_id)))) return;
  ctx.body = { error: 'slow_down', error_description: 'wait five seconds longer between requests from now on' };
}

/** Errors that the provider finds when it has used up the code or the refresh token already: RFC 8707 §2.2, RFC 9396 §6. */
const FOUND_LATE: ReadonlySet<unknown> = new Set(['invalid_target', 'invalid_scope', 'invalid_authorization_details']);

/**
 * A refused request uses nothing up. Otherwise the client, which corrects its request and presents the same code or refresh token
 * again, would lose the grant for reuse. (Reuse itself is `invalid_grant`.)
 */
export function useNothingUp({ ctx, unit }: Exchange): void {
  if (ctx.status === 400 && FOUND_LATE.has(errorOf(ctx.body))) unit.useNothingUp();
}

function errorOf(body: unknown): unknown {
  return (body as { error?: unknown } | undefined)?.error;
}
