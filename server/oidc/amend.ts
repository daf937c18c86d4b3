import type { KoaContextWithOIDC } from 'oidc-provider';
import { CIBA_GRANT, isPushedTo } from './ciba.ts';
import { DEVICE_GRANT } from './device_flow.ts';
import { WAY_BACK } from './pages.ts';
import { ROUTES } from './routes.ts';
import { isExpected } from './unregistered_clients.ts';

/**
 * Where the provider's answer is not the one that the specification, or the person, deserves.
 * @returns `discard` when what the request has gathered is not worth keeping
 */
export async function amend(
  ctx: KoaContextWithOIDC,
  isRegistered: (clientId: string) => Promise<boolean>,
): Promise<'keep' | 'discard'> {
  nameUnauthorizedGrantType(ctx);
  keepLanguage(ctx);
  refuseToHandOver(ctx);
  return (await skipEmptyLogout(ctx, isRegistered)) ? 'discard' : 'keep';
}

/** Endpoints at which a grant begins, and that answer as the token endpoint does (RFC 8628 §3.2, CIBA Core 1.0 §13). */
const BEGINS: Readonly<Record<string, string>> = {
  device_authorization: DEVICE_GRANT,
  backchannel_authentication: CIBA_GRANT,
};

/** RFC 6749 §5.2 has a code of its own for a grant type that this client may not use; the provider does not say it. */
function nameUnauthorizedGrantType(ctx: KoaContextWithOIDC): void {
  const { route, client, params } = ctx.oidc ?? {};
  const body = ctx.body as { error?: unknown } | undefined;
  const grantType = route === 'token' ? params?.grant_type : BEGINS[route ?? ''];
  if (ctx.status !== 400 || body?.error !== 'invalid_request') return;
  if (typeof grantType === 'string' && client?.grantTypeAllowed(grantType) === false) {
    ctx.body = { ...body, error: 'unauthorized_client' };
  }
}

/**
 * CIBA Core 1.0 §11: what is pushed is not to be fetched, and nothing is there to be: a request goes with the decision on
 * it. Whatever the client has proved itself by is used up all the same.
 */
function refuseToHandOver(ctx: KoaContextWithOIDC): void {
  const { route, client, params } = ctx.oidc ?? {};
  if (route !== 'token' || params?.grant_type !== CIBA_GRANT || !isPushedTo(client)) return;
  if (ctx.status === 401 || ctx.status >= 500) return;
  ctx.status = 400;
  ctx.body = { error: 'unauthorized_client', error_description: 'the tokens are pushed to this client' };
}

/** The page at which a sign-out ends knows nothing of the person any more, so it is told in which language they were asked. */
function keepLanguage(ctx: KoaContextWithOIDC): void {
  if (ctx.oidc?.route !== 'end_session_confirm' || ctx.status !== 303) return;
  const target = new URL(ctx.response.get('location'));
  const { origin, pathname } = signedOut(ctx);
  // A client's own page is its own affair.
  if (target.origin !== origin || target.pathname !== pathname) return;
  for (const name of ['ui_locales', ...WAY_BACK]) {
    const { [name]: value } = ctx.query;
    if (typeof value === 'string') target.searchParams.set(name, value);
  }
  redirect(ctx, target);
}

/**
 * Nobody is signed in, so there is nothing to ask and nothing to end: the browser goes on at once, where the provider
 * would make a session just to send it a form that submits itself.
 */
async function skipEmptyLogout(
  ctx: KoaContextWithOIDC,
  isRegistered: (clientId: string) => Promise<boolean>,
): Promise<boolean> {
  const { route, session, params } = ctx.oidc ?? {};
  if (route !== 'end_session' || ctx.status !== 200 || !session || session.accountId) return false;
  // Registered with the client, or the provider has refused or dropped it.
  const registered = params?.post_logout_redirect_uri;
  const isSentBack = typeof registered === 'string' && (await isExpected(ctx, isRegistered));
  const target = isSentBack ? new URL(registered) : signedOut(ctx);
  const kept = isSentBack ? ['state'] : ['ui_locales', ...(typeof registered === 'string' ? WAY_BACK : [])];
  // Of a hint the client is known as well.
  const known = { ...params, client_id: ctx.oidc.client?.clientId };
  for (const name of kept) {
    const value = known[name as keyof typeof known];
    if (typeof value === 'string') target.searchParams.set(name, value);
  }
  ctx.remove('set-cookie');
  redirect(ctx, target);
  return true;
}

function signedOut({ oidc }: KoaContextWithOIDC): URL {
  return new URL(`${ROUTES.end_session}/success`, oidc.issuer);
}

function redirect(ctx: KoaContextWithOIDC, target: URL): void {
  ctx.redirect(target.href);
  ctx.status = 303;
}
