import { createHash } from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Client, Grant, Provider, TokenEndpointGrantContext } from 'oidc-provider';
import { als, filterClaims, grants } from './seams.ts';

type BackchannelRequest = InstanceType<Provider['BackchannelAuthenticationRequest']>;

/** What is issued, and to whom. */
interface Source {
  readonly request: BackchannelRequest;
  readonly grant: Grant;
  readonly client: Client;
}

/**
 * The tokens of a request that was approved, for a client that they are pushed to (CIBA Core 1.0 §10.3.1), as the token
 * endpoint would issue them. The provider has no such mode.
 * @returns the members of the notification
 */
export async function issueToPush(
  provider: Provider,
  source: Source,
): Promise<Record<string, unknown> & { auth_req_id: string }> {
  const ctx = detachedRequest(provider, source);
  return als.run(ctx, () => issue(provider, ctx, source));
}

async function issue(provider: Provider, ctx: TokenEndpointGrantContext, { request, grant, client }: Source) {
  const { accountId, acr, amr, authTime, claims, nonce, resource, scope, rar, jti } = request;
  const account = await grants.findAccount(provider, ctx, accountId ?? '', request);
  if (!account) throw new Error('an account that has just approved is there');
  ctx.oidc.entity('Account', account);

  const common = { accountId: account.accountId, client, grantId: grant.jti, gty: 'ciba', rar };
  const token = new provider.AccessToken(common as ConstructorParameters<typeof provider.AccessToken>[0]);
  await grants.resolveAndApplyResource(provider, ctx, request, token, grant);
  await grants.applyAuthorizationDetails(provider, ctx, token, request);
  ctx.oidc.entity('AccessToken', token);
  const accessToken = await token.save();

  let refreshToken: string | undefined;
  if (await grants.shouldIssueRefreshToken(provider, ctx, request)) {
    const about = { ...common, acr, amr, authTime, claims, nonce, resource, scope, rotations: 0 };
    const refresh = new provider.RefreshToken(about as ConstructorParameters<typeof provider.RefreshToken>[0]);
    ctx.oidc.entity('RefreshToken', refresh);
    refreshToken = await refresh.save();
  }

  const idToken = await idTokenOf(provider, ctx, { request, grant, client }, { accessToken, refreshToken, token });
  return {
    auth_req_id: jti,
    ...grants.buildTokenResponse(provider, {
      accessToken,
      authorizationDetails: token.rar,
      expiresIn: token.expiration,
      idToken,
      refreshToken,
      scope: token.scope,
      tokenType: token.tokenType,
    }),
  };
}

/** §10.3.1: it says which request, and which tokens, it goes with; nobody has asked for them over a connection. */
async function idTokenOf(
  provider: Provider,
  ctx: TokenEndpointGrantContext,
  { request, grant, client }: Source,
  issued: {
    readonly accessToken: string;
    readonly refreshToken: string | undefined;
    readonly token: { readonly aud?: unknown };
  },
): Promise<string> {
  const { acr, amr, authTime, claims, nonce, scope = '', jti } = request;
  const { account } = ctx.oidc;
  const asked = filterClaims(claims, 'id_token', grant);
  const rejected = grant.getRejectedOIDCClaims();
  const known = await account?.claims('id_token', scope, asked, rejected);
  const about = { ...known, sub: account?.accountId ?? '', acr, amr, auth_time: authTime };
  const token = new provider.IdToken(about, { ctx });
  Object.assign(token, {
    // As at the token endpoint: with userinfo to ask, an ID token says who signed in (OpenID Connect Core §5.4).
    scope: issued.token.aud === undefined ? 'openid' : grant.getOIDCScopeFiltered(new Set(scope.split(' '))),
    mask: asked,
    rejected,
  });
  token.set('nonce', nonce);
  token.set('at_hash', issued.accessToken);
  token.set('urn:openid:params:jwt:claim:auth_req_id', jti);
  if (issued.refreshToken !== undefined) {
    token.set('urn:openid:params:jwt:claim:rt_hash', halfHash(issued.refreshToken, client.idTokenSignedResponseAlg));
  }
  return token.issue({ use: 'idtoken' });
}

/** OpenID Connect Core §3.1.3.6: the left half, of the hash that goes with the signature. */
function halfHash(token: string, alg: string | undefined): string {
  const digest = createHash(alg === 'EdDSA' ? 'sha512' : 'sha256')
    .update(token)
    .digest();
  return digest.subarray(0, digest.length / 2).toString('base64url');
}

/** The library issues tokens in the course of a request: this one was sent by no client, and is not answered. */
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
