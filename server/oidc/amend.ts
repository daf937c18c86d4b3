import type { KoaContextWithOIDC } from 'oidc-provider';
import { ROUTES } from './routes.ts';

/**
 * Where the provider's answer is not the one that the specification, or the person, deserves.
 * @returns `discard` when what the request has gathered is not worth keeping
 */
export function amend(ctx: KoaContextWithOIDC): 'keep' | 'discard' {
  nameUnauthorizedGrantType(ctx);
  return skipEmptyLogout(ctx) ? 'discard' : 'keep';
}

/** RFC 6749 §5.2 has a code of its own for a grant type that this client may not use; the provider does not say it. */
function nameUnauthorizedGrantType(ctx: KoaContextWithOIDC): void {
  const { route, client, params } = ctx.oidc ?? {};
  const body = ctx.body as { error?: unknown } | undefined;
  const grantType = params?.grant_type;
  if (route !== 'token' || ctx.status !== 400 || body?.error !== 'invalid_request') return;
  if (typeof grantType === 'string' && client?.grantTypeAllowed(grantType) === false) {
    ctx.body = { ...body, error: 'unauthorized_client' };
  }
}

/**
 * Nobody is signed in, so there is nothing to ask and nothing to end: the browser goes on at once, where the provider
 * would make a session just to send it a form that submits itself.
 */
function skipEmptyLogout(ctx: KoaContextWithOIDC): boolean {
  const { route, session, params } = ctx.oidc ?? {};
  if (route !== 'end_session' || ctx.status !== 200 || !session || session.accountId) return false;
  // Registered with the client, or the provider has refused or dropped it.
  const registered = params?.post_logout_redirect_uri;
  const target = new URL(
    typeof registered === 'string' ? registered : `${ROUTES.end_session}/success`,
    ctx.oidc.issuer,
  );
  if (typeof registered === 'string' && typeof params?.state === 'string')
    target.searchParams.set('state', params.state);
  ctx.remove('set-cookie');
  ctx.redirect(target.href);
  ctx.status = 303;
  return true;
}
