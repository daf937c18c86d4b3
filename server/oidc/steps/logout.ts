import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Exchange } from '../exchange.ts';
import { CLIENT_LINK_PARAMETERS } from '../pages.ts';
import { withParameters } from '../redirects.ts';
import { isRedirectAllowed } from '../unregistered_clients.ts';

/** Notes where a logout leads and which app it is for, before the provider reads it from the session and deletes that. */
export function noteLogoutTarget(_params: object, exchange: Exchange): void {
  const { session } = exchange.ctx.oidc;
  const { state } = session ?? {};
  exchange.logoutTarget = { uri: textOf(state?.postLogoutRedirectUri), state: textOf(state?.state) };
  const clientId = textOf(state?.clientId);
  const authorization = clientId === undefined ? undefined : session?.authorizations?.[clientId];
  if (clientId === undefined || !authorization) return;
  const { grantId, persistsLogout } = authorization;
  exchange.leftApp = { clientId, grantId: persistsLogout ? undefined : grantId };
}

/** Redirects to exactly the URI that the client has registered, or to a page that says that the person is signed out. */
export function redirectAfterLogout({ ctx, logoutTarget }: Exchange): void {
  if (ctx.status !== 303 || !logoutTarget) return;
  const { uri, state, language } = logoutTarget;
  if (uri === undefined) keepLanguage(ctx, language);
  else ctx.set('location', withParameters(uri, { state }));
}

/** The last page of a logout has no session that tells the language, so its URL does. */
function keepLanguage(ctx: KoaContextWithOIDC, language: string | undefined): void {
  const target = new URL(ctx.response.get('location'));
  const { origin, pathname } = signedOutPage(ctx);
  // A client's own page gets no parameters that it has not asked for.
  if (target.origin !== origin || target.pathname !== pathname) return;
  copyTexts({ ui_locales: language, ...ctx.query }, ['ui_locales', ...CLIENT_LINK_PARAMETERS], target);
  redirect(ctx, target);
}

/**
 * Without a signed-in person there is nothing to ask and nothing to end, so the browser is sent on at once. The provider
 * would make a session only to send it a form that submits itself.
 */
export async function skipEmptyLogout(exchange: Exchange): Promise<void> {
  const { ctx, services } = exchange;
  const { session, params, client } = ctx.oidc;
  if (ctx.status !== 200 || !session || session.accountId) return;
  // The provider has refused or removed a URI that the client has not registered.
  const uri = params?.post_logout_redirect_uri;
  const isSentBack = typeof uri === 'string' && (await isRedirectAllowed(ctx, services.isRegistered));
  const target = signedOutPage(ctx);
  // The client may have been named by an `id_token_hint` alone.
  const link = typeof uri === 'string' ? CLIENT_LINK_PARAMETERS : [];
  copyTexts({ ...params, client_id: client?.clientId }, ['ui_locales', ...link], target);
  ctx.remove('set-cookie');
  redirect(ctx, target);
  if (isSentBack) ctx.set('location', withParameters(uri, { state: textOf(params?.state) }));
  exchange.isDiscarded = true;
}

function signedOutPage({ oidc }: KoaContextWithOIDC): URL {
  return new URL(oidc.urlFor('end_session_success'));
}

function copyTexts(from: Readonly<Record<string, unknown>>, names: readonly string[], to: URL): void {
  for (const name of names) {
    const { [name]: value } = from;
    if (typeof value === 'string') to.searchParams.set(name, value);
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function redirect(ctx: KoaContextWithOIDC, target: URL): void {
  ctx.redirect(target.href);
  ctx.status = 303;
}
