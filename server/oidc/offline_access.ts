import type { Client, KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Permissions } from '../clients/permissions.ts';
import { type Exchange, exchangeOf } from './exchange.ts';

/*
 * OpenID Connect Core §11: `offline_access` needs the person's consent. The provider grants it with `prompt=consent` alone,
 * which most apps do not send. Here it is also granted when the consent page is shown for another reason, and never makes
 * that page appear. Without the page in this very sign-in it is not granted, even if it was allowed before, and also for
 * first-party apps: their tokens end when the person signs out. Devices are not concerned: a person confirms each on a page.
 */

const OFFLINE = 'offline_access';

/** Notes that the parameters ask for it, before the provider removes it. */
export function noteOfflineAccess(params: Readonly<Record<string, unknown>>, exchange: Exchange): void {
  exchange.asksOfflineAccess = scopesIn(params).includes(OFFLINE);
}

/** For a request object, whose parameters alone count (RFC 9101 §6.3). */
export function noteSignedOfflineAccess(ctx: object, claims: Readonly<Record<string, unknown>>): void {
  const exchange = exchangeOf(ctx);
  if (exchange) noteOfflineAccess(claims, exchange);
}

/** Puts it back into the scope of a request that may get it: for a code, of a client with refresh tokens and this scope. */
export function restoreOfflineAccess(ctx: KoaContextWithOIDC, client: Client): void {
  const { route, params } = ctx.oidc;
  if (route !== 'authorization' && route !== 'pushed_authorization_request') return;
  if (!params || exchangeOf(ctx)?.asksOfflineAccess !== true) return;
  const scopes = scopesIn(params);
  const isForCode = String(params.response_type).split(' ').includes('code');
  const mayHaveIt = client.grantTypeAllowed('refresh_token') && client.scope?.split(' ').includes(OFFLINE) === true;
  if (isForCode && mayHaveIt && !scopes.includes(OFFLINE)) params.scope = [...scopes, OFFLINE].join(' ');
}

/**
 * The permissions for which the consent page has to be shown.
 * @param request `isDevice`: a request of a device (RFC 8628)
 */
export function withoutOptionalOfflineAccess(
  permissions: Permissions,
  request: { readonly isDevice: boolean; readonly prompt: unknown },
): Permissions {
  if (request.isDevice || String(request.prompt).split(' ').includes('consent')) return permissions;
  return { ...permissions, scopes: permissions.scopes.filter((scope) => scope !== OFFLINE) };
}

/** Removes it from a request that is about to be granted, unless the person has allowed it on the page of this sign-in. */
export function dropUnseenOfflineAccess(provider: Provider): void {
  provider.on('authorization.accepted', ({ oidc }: KoaContextWithOIDC) => {
    const { route, params, result } = oidc;
    if ((route !== 'authorization' && route !== 'resume') || !params) return;
    const consent = result?.consent as Permissions | undefined;
    if (consent?.scopes.includes(OFFLINE)) return;
    params.scope =
      scopesIn(params)
        .filter((scope) => scope !== OFFLINE)
        .join(' ') || undefined;
  });
}

function scopesIn({ scope }: Readonly<Record<string, unknown>>): string[] {
  return typeof scope === 'string' ? scope.split(' ').filter((one) => one !== '') : [];
}
