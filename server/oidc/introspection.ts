import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import { acrOfSource, isStillEnough, type SignedInBy, type SignInParts } from './sufficient_sign_in.ts';

export interface IntrospectionParts extends SignInParts {
  /** @returns undefined for an account that does not exist or is disabled */
  findAccount(id: string): Promise<object | undefined>;
  /** Whether a client may learn of an access token for these audiences that was issued to another one. */
  mayIntrospect(clientId: string, audiences: readonly string[]): Promise<boolean>;
}

type Client = NonNullable<KoaContextWithOIDC['oidc']['client']>;

interface Token extends SignedInBy {
  readonly kind?: string;
  readonly accountId?: string | undefined;
  readonly aud?: unknown;
}

/**
 * Whether a client is told about a token, which is `{ "active": false }` to everybody else (RFC 7662 §2.2, §4): of its own
 * tokens, and of access tokens that others got for a resource server that it stands for.
 */
export async function mayIntrospect(
  { oidc }: KoaContextWithOIDC,
  client: Client,
  token: Token,
  parts: IntrospectionParts,
): Promise<boolean> {
  const { clientId = '', accountId } = token;
  if (clientId !== client.clientId) {
    // A refresh token is used at our own token endpoint alone, by the client that it was issued to.
    if (token.kind === 'RefreshToken') return false;
    // RFC 7662 §2.1: a public client proves nothing of itself.
    if (client.tokenEndpointAuthMethod === 'none') return false;
    if (!(await parts.mayIntrospect(client.clientId, audiencesOf(token)))) return false;
    if (!(await isServed(oidc.provider, clientId))) return false;
  } else if (token.kind === 'RefreshToken' && !client.grantTypeAllowed('refresh_token')) {
    // Nobody can use it any more: the token endpoint refuses the grant to this client (RFC 6749 §5.2).
    return false;
  }
  if (accountId === undefined) return true;
  const account = await parts.findAccount(accountId);
  return account !== undefined && isStillEnough(acrOfSource(token), { accountId, clientId }, parts);
}

/** What is not served any more, as a document that is gone, has no tokens that are good for anything. */
async function isServed(provider: KoaContextWithOIDC['oidc']['provider'], clientId: string): Promise<boolean> {
  try {
    return (await provider.Client.find(clientId)) !== undefined;
  } catch (error) {
    if (error instanceof errors.OIDCProviderError) return false;
    throw error;
  }
}

function audiencesOf({ aud }: Token): string[] {
  return [aud ?? []].flat().filter((one): one is string => typeof one === 'string');
}

/** RFC 7009 §2.1: only the client that a token was issued to may revoke it; others are told so. */
export async function mayRevoke(_ctx: KoaContextWithOIDC, client: Client, token: Token): Promise<boolean> {
  if (token.clientId !== client.clientId) throw new errors.InvalidRequest('the token was issued to another client');
  return true;
}
