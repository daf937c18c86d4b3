import { type AccessToken, type Grant, type KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Issuer } from '../platform/issuer.ts';
import { TOKEN_EXCHANGE } from './exchange_terms.ts';
import { ROUTES } from './routes.ts';
import { replaceMethod } from './seams.ts';

/** Scopes of Cardea that no access token for userinfo needs. */
const OFFLINE = 'offline_access';

/** The audience of access tokens that userinfo accepts: the URL of that endpoint, and no other endpoint of Cardea. */
function ownAudience(issuer: Pick<Issuer, 'url'>): string {
  return issuer.url(ROUTES.userinfo);
}

/**
 * An app that signs people in and calls an API has one access token for both: with `openid` granted, the token for a resource
 * server is for userinfo too (RFC 9068 §3 allows several audiences whose scopes are distinct). It has the scopes of Cardea that
 * were granted; a refresh with a narrower `scope` gets one without them.
 */
export function addUserinfoAudience(provider: Provider, issuer: Issuer): void {
  replaceMethod(
    provider,
    'AccessToken.prototype.save',
    (save) =>
      async function saveForBoth(this: AccessToken) {
        const own = ownScopes(Provider.ctx, this);
        if (own.includes('openid') && this.aud !== ownAudience(issuer)) {
          this.aud = [this.aud ?? [], ownAudience(issuer)].flat();
          this.scope = [...new Set([...own, ...(this.scope ?? '').split(' ')])].filter((one) => one !== '').join(' ');
        }
        return save.call(this);
      },
  );
}

/** The granted scopes of Cardea that a token for a resource server gets; none for other tokens. */
function ownScopes(ctx: KoaContextWithOIDC | undefined, token: AccessToken): string[] {
  // An exchanged token (RFC 8693) is for the next service, and its grant is of another client.
  if (!ctx || !token.resourceServer || token.gty === TOKEN_EXCHANGE) return [];
  const { Grant: grant } = ctx.oidc.entities as { Grant?: Grant };
  if (grant?.accountId !== token.accountId) return [];
  const scopes = grant.getOIDCScopeFiltered(requestedScopes(ctx)).split(' ');
  // RFC 9068 §3: a scope must not mean one thing here and another at the resource server.
  if (scopes.some((scope) => token.resourceServer?.scopes.has(scope))) return [];
  return scopes.filter((scope) => scope !== OFFLINE);
}

function requestedScopes({ oidc }: KoaContextWithOIDC): Set<string> {
  if (oidc.route !== 'token') return oidc.requestParamScopes;
  // RFC 6749 §6: a refresh may narrow them.
  if (oidc.params?.grant_type === 'refresh_token' && oidc.params.scope) return oidc.requestParamScopes;
  const entities = oidc.entities as Readonly<Record<string, { readonly scopes?: Set<string> } | undefined>>;
  const source =
    entities.AuthorizationCode ??
    entities.RefreshToken ??
    entities.DeviceCode ??
    entities.BackchannelAuthenticationRequest;
  return source?.scopes ?? new Set();
}

/** True for the audiences of a token that is for one resource server and for userinfo. */
export function isForUserinfo(aud: unknown, issuer: Pick<Issuer, 'url'>): boolean {
  return Array.isArray(aud) && aud.length === 2 && resourceAudiences(aud, issuer).length === 1;
}

/** The audiences of a token that are resource servers. */
export function resourceAudiences(aud: unknown, issuer: Pick<Issuer, 'url'>): string[] {
  const own = ownAudience(issuer);
  return [aud ?? []].flat().filter((one): one is string => typeof one === 'string' && one !== own);
}
