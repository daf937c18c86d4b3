import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Exchange } from '../exchange.ts';
import { CLIENT_LINK_PARAMETERS } from '../pages.ts';
import { isRedirectAllowed } from '../unregistered_clients.ts';

/** The last page of a logout has no session that tells the language, so its URL does. */
export function keepLanguage({ ctx }: Exchange): void {
  if (ctx.status !== 303) return;
  const target = new URL(ctx.response.get('location'));
  const { origin, pathname } = signedOutPage(ctx);
  // A client's own page gets no parameters that it has not asked for.
  if (target.origin !== origin || target.pathname !== pathname) return;
  copyTexts(ctx.query, ['ui_locales', ...CLIENT_LINK_PARAMETERS], target);
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
  const target = isSentBack ? new URL(uri) : signedOutPage(ctx);
  const names = isSentBack ? ['state'] : ['ui_locales', ...(typeof uri === 'string' ? CLIENT_LINK_PARAMETERS : [])];
  // The client may have been named by an `id_token_hint` alone.
  copyTexts({ ...params, client_id: client?.clientId }, names, target);
  ctx.remove('set-cookie');
  redirect(ctx, target);
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

function redirect(ctx: KoaContextWithOIDC, target: URL): void {
  ctx.redirect(target.href);
  ctx.status = 303;
}
