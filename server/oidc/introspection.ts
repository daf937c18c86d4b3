import { type Client, errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider';
import type { Issuer } from '../platform/issuer.ts';
import { acrOfSource, isStillEnough, type SignedInBy, type SignInParts } from './sufficient_sign_in.ts';
import { resourceAudiences } from './userinfo_audience.ts';

export interface IntrospectionParts extends SignInParts {
  /** @returns undefined for an account that does not exist or is disabled */
  findAccount(id: string): Promise<object | undefined>;
  /** True when a client may introspect access tokens of other clients for one of these audiences. */
  mayIntrospect(clientId: string, audiences: readonly string[]): Promise<boolean>;
  readonly issuer: Pick<Issuer, 'url'>;
}

interface Token extends SignedInBy {
  readonly kind?: string;
  readonly accountId?: string | undefined;
  readonly aud?: unknown;
}

/**
 * A client may introspect its own tokens, and access tokens of other clients for a resource server that it represents. The
 * response for other tokens is `{ "active": false }` (RFC 7662 §2.2, §4).
 */
export async function mayIntrospect(
  { oidc }: KoaContextWithOIDC,
  client: Client,
  token: Token,
  parts: IntrospectionParts,
): Promise<boolean> {
  const { clientId = '', accountId } = token;
  if (clientId !== client.clientId) {
    // No resource server accepts a refresh token, so only the client that it was issued to may ask about it.
    if (token.kind === 'RefreshToken') return false;
    // RFC 7662 §2.1: a public client is not authenticated.
    if (client.tokenEndpointAuthMethod === 'none') return false;
    if (!(await parts.mayIntrospect(client.clientId, resourceAudiences(token.aud, parts.issuer)))) return false;
    if (!(await isServed(oidc.provider, clientId))) return false;
  } else if (token.kind === 'RefreshToken' && !client.grantTypeAllowed('refresh_token')) {
    // The token endpoint refuses this grant type to the client (RFC 6749 §5.2), so the token cannot be used.
    return false;
  }
  if (accountId === undefined) return true;
  const account = await parts.findAccount(accountId);
  return account !== undefined && isStillEnough(acrOfSource(token), { accountId, clientId }, parts);
}

/**
 * The subject of a client's own token is the client, as in a JWT (RFC 9068 §2.2, RFC 7662 §2.2). Call it once the client may
 * introspect the token: the provider adds the other members to this response.
 */
export function nameMachineSubject(ctx: KoaContextWithOIDC, { kind, clientId }: Token): void {
  if (kind === 'ClientCredentials' && clientId !== undefined) Object.assign(ctx.body as object, { sub: clientId });
}

/** Tokens of a client that is no longer served, such as one whose metadata document is gone, are not active. */
async function isServed(provider: Provider, clientId: string): Promise<boolean> {
  try {
    return (await provider.Client.find(clientId)) !== undefined;
  } catch (error) {
    if (error instanceof errors.OIDCProviderError) return false;
    throw error;
  }
}

/** RFC 7009 §2.1: only the client that a token was issued to may revoke it. @throws InvalidRequest for other clients */
export async function mayRevoke(_ctx: KoaContextWithOIDC, client: Client, token: Token): Promise<boolean> {
  if (token.clientId !== client.clientId) throw new errors.InvalidRequest('the token was issued to another client');
  return true;
}
