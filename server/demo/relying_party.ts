import { createHash, randomBytes } from 'node:crypto';
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose';
import type { Issuer } from '../platform/issuer.ts';
import { PATHS } from '../views/paths.ts';

/** The relying party of the demo: discovery, the authorization code with PKCE, refresh and userinfo, all by HTTP. */
export interface RelyingParty {
  /** The members of the discovery document that the demo uses (OpenID Connect Discovery §3). */
  readonly endpoints: Endpoints;
  /** The values of an authorization request that its response is checked against. */
  authorize(scope: string): Pending & { readonly url: string };
  /** @throws an authorization error as the server put it into the URL */
  codeOf(callback: URL, pending: Pending): string;
  redeem(code: string, pending: Pending): Promise<Tokens>;
  refresh(refreshToken: string): Promise<Tokens>;
  userinfo(tokens: Tokens): Promise<Record<string, unknown>>;
}

export interface Pending {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken?: string | undefined;
  readonly scope?: string | undefined;
  /** Seconds. */
  readonly expiresIn?: number | undefined;
  /** Verified. */
  readonly idToken?: { readonly raw: string; readonly claims: JWTPayload } | undefined;
}

type Endpoints = Readonly<
  Record<'authorization_endpoint' | 'token_endpoint' | 'userinfo_endpoint' | 'jwks_uri', string>
>;

/** An error as an authorization server reports it (RFC 6749 §4.1.2.1, §5.2). */
export class ProtocolError extends Error {
  readonly error: string;
  readonly description: string | undefined;
  constructor(error: string, description?: string) {
    super(error);
    this.error = error;
    this.description = description;
  }
}

export async function discoverRelyingParty(options: {
  readonly issuer: Issuer;
  readonly clientId: string;
  readonly redirectUri: string;
}): Promise<RelyingParty> {
  const { issuer, clientId, redirectUri } = options;
  const endpoints = (await fetchJson(new URL(issuer.url(PATHS.discovery)))) as Endpoints;
  const keys = createRemoteJWKSet(new URL(endpoints.jwks_uri));

  async function tokens(parameters: Record<string, string>, nonce?: string): Promise<Tokens> {
    const body = new URLSearchParams({ client_id: clientId, ...parameters });
    const response = await fetchJson(endpoints.token_endpoint, { method: 'POST', body });
    const { access_token, refresh_token, scope, expires_in, id_token } = response as {
      access_token: string;
      refresh_token?: string;
      scope?: string;
      expires_in?: number;
      id_token?: string;
    };
    return {
      accessToken: access_token,
      refreshToken: refresh_token,
      scope,
      expiresIn: expires_in,
      idToken: id_token === undefined ? undefined : { raw: id_token, claims: await verified(id_token, nonce) },
    };
  }

  /** OpenID Connect Core §3.1.3.7; a refreshed ID token has no nonce to compare (§12.2). */
  async function verified(idToken: string, nonce: string | undefined): Promise<JWTPayload> {
    const { payload } = await jwtVerify(idToken, keys, { issuer: issuer.identifier, audience: clientId });
    if (nonce !== undefined && payload.nonce !== nonce) throw new ProtocolError('demo_failed', 'the nonce differs');
    return payload;
  }

  return {
    endpoints,

    authorize(scope) {
      const [state, nonce, verifier] = [random(), random(), random()];
      const url = new URL(endpoints.authorization_endpoint);
      url.search = new URLSearchParams({
        client_id: clientId,
        redirect_uri: redirectUri,
        response_type: 'code',
        scope,
        state,
        nonce,
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
      }).toString();
      return { state, nonce, verifier, url: url.href };
    },

    codeOf({ searchParams }, { state }) {
      // RFC 9207 §2.4, RFC 6749 §10.12
      if (searchParams.get('iss') !== issuer.identifier || searchParams.get('state') !== state)
        throw new ProtocolError('demo_failed', 'the response is not for this sign-in');
      const error = searchParams.get('error');
      if (error !== null) throw new ProtocolError(error, searchParams.get('error_description') ?? undefined);
      return searchParams.get('code') ?? '';
    },

    redeem: (code, { verifier, nonce }) =>
      tokens({ grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier }, nonce),

    refresh: (refreshToken) => tokens({ grant_type: 'refresh_token', refresh_token: refreshToken }),

    async userinfo({ accessToken, idToken }) {
      const headers = { authorization: `Bearer ${accessToken}` };
      const claims = await fetchJson(endpoints.userinfo_endpoint, { headers });
      // OpenID Connect Core §5.3.4
      if (idToken && claims.sub !== idToken.claims.sub) throw new ProtocolError('demo_failed', 'the subject differs');
      return claims;
    },
  };
}

async function fetchJson(url: string | URL, init?: RequestInit): Promise<Record<string, unknown>> {
  const response = await fetch(url, init);
  const body = (await response.json()) as Record<string, unknown>;
  if (response.ok) return body;
  throw new ProtocolError(String(body.error), body.error_description as string | undefined);
}

function random(): string {
  return randomBytes(32).toString('base64url');
}
