import { createHash } from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Client, Grant, KoaContextWithOIDC, Provider, TokenEndpointGrantContext } from 'oidc-provider';
import { isPushedTo } from './ciba.ts';
import { als, issueTokens } from './seams.ts';

type BackchannelRequest = InstanceType<Provider['BackchannelAuthenticationRequest']>;

/** The request that was approved, the grant that came of it, and the client that both belong to. */
interface Source {
  readonly request: BackchannelRequest;
  readonly grant: Grant;
  readonly client: Client;
}

/**
 * The tokens of an approved request, for a client that they are pushed to (CIBA Core 1.0 §10.3.1). The library has no push
 * mode, so it issues them as it would at the token endpoint.
 * @returns the members of the notification
 */
export async function issueToPush(
  provider: Provider,
  source: Source,
): Promise<Record<string, unknown> & { auth_req_id: string }> {
  const ctx = detachedRequest(provider, source);
  await als.run(ctx, () => issueTokens(provider, ctx, source.request, source.grant, 'ciba'));
  return { auth_req_id: source.request.jti, ...(ctx.body as Record<string, unknown>) };
}

/** CIBA Core 1.0 §10.3.1: an ID token that is pushed names its request and the tokens that it came with. */
export function claimsOfPushed({ oidc }: KoaContextWithOIDC): Record<string, unknown> {
  const { client, entities } = oidc;
  const { BackchannelAuthenticationRequest: request, AccessToken: accessToken, RefreshToken: refreshToken } = entities;
  if (!isPushedTo(client) || !request || !accessToken) return {};
  return {
    'urn:openid:params:jwt:claim:auth_req_id': request.jti,
    ...(refreshToken
      ? { 'urn:openid:params:jwt:claim:rt_hash': halfHash(refreshToken.jti, client?.idTokenSignedResponseAlg) }
      : {}),
  };
}

/** OpenID Connect Core §3.1.3.6: the left half of the hash that the signature algorithm uses. */
function halfHash(token: string, alg: string | undefined): string {
  const digest = createHash(alg === 'EdDSA' ? 'sha512' : 'sha256')
    .update(token)
    .digest();
  return digest.subarray(0, digest.length / 2).toString('base64url');
}

/** The library issues tokens only within a request. This one is made up: no client sent it, and it gets no response. */
function detachedRequest(provider: Provider, { request, grant, client }: Source): TokenEndpointGrantContext {
  const message = new IncomingMessage(new Socket());
  const ctx = provider.createContext(message, new ServerResponse(message));
  const oidc = new provider.OIDCContext(ctx);
  Object.assign(oidc, { route: 'token', params: {} });
  oidc.entity('Client', client);
  oidc.entity('Grant', grant);
  oidc.entity('BackchannelAuthenticationRequest', request);
  return Object.assign(ctx, { oidc }) as unknown as TokenEndpointGrantContext;
}
