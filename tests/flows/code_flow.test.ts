import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import * as oauth from 'oauth4webapi';
import * as client from 'openid-client';
import { browserSession } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { signIn } from '../helpers/relying_party.ts';
import { remember, rememberAll } from '../helpers/secrets.ts';
import { tokensFor } from './support.ts';

/** The code flow with two client libraries, which validate the responses. */
const app = await deployment({ after });
const API = 'https://api.example.com';
const AFTER_LOGOUT = 'https://rp.example.com/signed-out';
await app.seed.resourceServer({ identifier: API, name: 'Example API', scopes: ['api:read', 'api:write'] });
const person = await app.seed.person({ name: 'Ada Lovelace', username: 'ada' });
const party = await app.seed.party({
  metadata: {
    scope: 'openid profile email offline_access api:read',
    post_logout_redirect_uris: [AFTER_LOGOUT],
  },
});
const SECRET = party.secret ?? '';

/** The browser's part: signs in, consents, and returns the URL that it was redirected to. */
async function throughTheSignInPages(url: URL) {
  const browser = browserSession(app.issuer);
  const page = await signIn(browser, await browser.follow(await browser.get(url.href)), person);
  const callback = new URL(page.location ?? '');
  remember('code', callback.searchParams.get('code') ?? '');
  return { browser, callback };
}

async function verifyForResourceServer(jwksUri: string, token: string) {
  const { payload, protectedHeader } = await jwtVerify(token, createRemoteJWKSet(new URL(jwksUri)), {
    issuer: app.issuer,
    audience: API,
    typ: 'at+jwt',
    requiredClaims: ['exp', 'iat', 'sub', 'client_id', 'jti'],
  });
  return { payload, protectedHeader };
}

test('openid-client completes discovery, code + PKCE, refresh, client credentials, introspection, revocation, userinfo and logout', async () => {
  const config = await client.discovery(new URL(app.issuer), party.id, undefined, client.ClientSecretBasic(SECRET), {
    execute: [client.allowInsecureRequests],
  });
  // ID token signatures are then verified with the remote JWKS instead of trusting TLS.
  client.enableNonRepudiationChecks(config);
  const verifier = client.randomPKCECodeVerifier();
  const nonce = client.randomNonce();
  const state = client.randomState();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: party.redirectUri,
    scope: 'openid profile email offline_access api:read',
    resource: API,
    prompt: 'consent',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    max_age: '600',
    nonce,
    state,
  });
  const { browser, callback } = await throughTheSignInPages(url);

  const tokens = await client.authorizationCodeGrant(config, callback, {
    pkceCodeVerifier: verifier,
    expectedNonce: nonce,
    expectedState: state,
    maxAge: 600,
    idTokenExpected: true,
  });
  rememberAll(tokens);
  assert.equal(tokens.claims()?.sub, person.id);

  const own = await tokensFor(app, party, person, { browser });
  const info = await client.fetchUserInfo(config, own.tokens.access_token, person.id);
  assert.deepEqual(
    { name: info.name, email: info.email, preferred_username: info.preferred_username },
    { name: 'Ada Lovelace', email: person.email, preferred_username: 'ada' },
  );

  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '');
  rememberAll(refreshed);
  assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
  assert.equal(refreshed.claims()?.sub, person.id);

  const forApi = await client.refreshTokenGrant(config, refreshed.refresh_token ?? '', { resource: API });
  rememberAll(forApi);
  const access = await verifyForResourceServer(config.serverMetadata().jwks_uri ?? '', forApi.access_token);
  assert.equal(access.payload.sub, person.id);
  assert.equal(access.payload.client_id, party.id);
  assert.equal(access.payload.scope, 'openid profile email api:read');

  const machine = await client.clientCredentialsGrant(config, { resource: API, scope: 'api:read' });
  rememberAll(machine);
  const machineToken = await verifyForResourceServer(config.serverMetadata().jwks_uri ?? '', machine.access_token);
  assert.equal(machineToken.payload.client_id, party.id);
  assert.equal(machineToken.payload.sub, party.id, 'RFC 9068 §2.2: without a resource owner the client is the subject');

  const known = await client.tokenIntrospection(config, refreshed.access_token);
  assert.deepEqual({ active: known.active, sub: known.sub }, { active: true, sub: person.id });
  await client.tokenRevocation(config, forApi.refresh_token ?? '');
  assert.equal((await client.tokenIntrospection(config, forApi.refresh_token ?? '')).active, false);
  assert.equal((await client.tokenIntrospection(config, refreshed.access_token)).active, false);

  const logout = client.buildEndSessionUrl(config, {
    id_token_hint: tokens.id_token ?? '',
    post_logout_redirect_uri: AFTER_LOGOUT,
    state: 'goodbye',
  });
  const left = await browser.get(logout.href);
  assert.equal(left.location, `${AFTER_LOGOUT}?state=goodbye`);
  assert.equal(browser.cookie('cardea_session'), undefined);
});

test('oauth4webapi completes the same, with RFC 9068 validation of the JWT access token', async () => {
  const insecure = { [oauth.allowInsecureRequests]: true };
  const issuer = new URL(app.issuer);
  // Both discovery documents: OpenID Connect Discovery §4, RFC 8414 §3.
  await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }),
  );
  const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
  const rp: oauth.Client = { client_id: party.id };
  const auth = oauth.ClientSecretPost(SECRET);
  const verifier = oauth.generateRandomCodeVerifier();
  const nonce = oauth.generateRandomNonce();
  const state = oauth.generateRandomState();
  const url = new URL(as.authorization_endpoint ?? '');
  url.search = new URLSearchParams({
    client_id: party.id,
    redirect_uri: party.redirectUri,
    response_type: 'code',
    scope: 'openid email api:read',
    resource: API,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    nonce,
    state,
  }).toString();
  const { browser, callback } = await throughTheSignInPages(url);

  // This checks RFC 9207: `iss` is announced and required.
  assert.equal(as.authorization_response_iss_parameter_supported, true);
  const params = oauth.validateAuthResponse(as, rp, callback, state);
  const codeResponse = await oauth.authorizationCodeGrantRequest(
    as,
    rp,
    auth,
    params,
    party.redirectUri,
    verifier,
    insecure,
  );
  const tokens = rememberAll(
    await oauth.processAuthorizationCodeResponse(as, rp, codeResponse, {
      expectedNonce: nonce,
      requireIdToken: true,
    }),
  );
  await oauth.validateApplicationLevelSignature(as, codeResponse, insecure);

  const own = await tokensFor(app, party, person, { browser });
  const info = await oauth.processUserInfoResponse(
    as,
    rp,
    person.id,
    await oauth.userInfoRequest(as, rp, own.tokens.access_token, insecure),
  );
  assert.equal(info.email, person.email);

  const refreshed = rememberAll(
    await oauth.processRefreshTokenResponse(
      as,
      rp,
      await oauth.refreshTokenGrantRequest(as, rp, auth, tokens.refresh_token ?? '', {
        additionalParameters: { resource: API },
        ...insecure,
      }),
    ),
  );
  const claims = await oauth.validateJwtAccessToken(
    as,
    new Request(API, { headers: { authorization: `Bearer ${refreshed.access_token}` } }),
    API,
    insecure,
  );
  assert.deepEqual(
    { sub: claims.sub, client_id: claims.client_id, scope: claims.scope },
    { sub: person.id, client_id: party.id, scope: 'openid email api:read' },
  );

  const machine = rememberAll(
    await oauth.processClientCredentialsResponse(
      as,
      rp,
      await oauth.clientCredentialsGrantRequest(as, rp, auth, {}, insecure),
    ),
  );
  const known = await oauth.processIntrospectionResponse(
    as,
    rp,
    await oauth.introspectionRequest(as, rp, auth, machine.access_token, insecure),
  );
  assert.deepEqual({ active: known.active, client_id: known.client_id }, { active: true, client_id: party.id });
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(as, rp, auth, refreshed.refresh_token ?? '', insecure),
  );
  const gone = await oauth.processIntrospectionResponse(
    as,
    rp,
    await oauth.introspectionRequest(as, rp, auth, refreshed.refresh_token ?? '', insecure),
  );
  assert.equal(gone.active, false);

  const logout = new URL(as.end_session_endpoint ?? '');
  logout.search = new URLSearchParams({ id_token_hint: tokens.id_token ?? '' }).toString();
  const left = await browser.follow(await browser.get(logout.href));
  assert.equal(left.status, 200);
  assert.equal(browser.cookie('cardea_session'), undefined);
});

test('a JWT access token has all claims of RFC 9068 §2, and its ID token verifies with the same JWKS', async () => {
  const config = await client.discovery(new URL(app.issuer), party.id, undefined, client.ClientSecretBasic(SECRET), {
    execute: [client.allowInsecureRequests],
  });
  const verifier = client.randomPKCECodeVerifier();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: party.redirectUri,
    scope: 'openid api:read',
    resource: API,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  const { callback } = await throughTheSignInPages(url);
  const began = Math.floor(Date.now() / 1000);
  const tokens = await client.authorizationCodeGrant(
    config,
    callback,
    { pkceCodeVerifier: verifier, idTokenExpected: true },
    { resource: API },
  );
  rememberAll(tokens);
  const jwksUri = config.serverMetadata().jwks_uri ?? '';

  const { payload, protectedHeader } = await verifyForResourceServer(jwksUri, tokens.access_token);
  assert.deepEqual(
    { typ: protectedHeader.typ, alg: protectedHeader.alg, kid: typeof protectedHeader.kid },
    { typ: 'at+jwt', alg: 'RS256', kid: 'string' },
  );
  const { iat = 0, exp = 0, jti, ...stable } = payload;
  assert.deepEqual(stable, {
    iss: app.issuer,
    aud: [API, `${app.issuer}/userinfo`],
    sub: person.id,
    client_id: party.id,
    scope: 'openid api:read',
    acr: 'urn:cardea:acr:1fa',
    amr: ['pwd'],
    auth_time: stable.auth_time,
    // The grant of the token, which only Cardea uses, for introspection and revocation.
    cardea_grant: stable.cardea_grant,
    ...('sid' in stable ? { sid: stable.sid } : {}),
  });
  assert.ok(iat >= began && exp === iat + 3600 && (tokens.expires_in ?? 0) <= 3600);
  assert.ok(String(jti).length >= 20);

  const id = await jwtVerify(tokens.id_token ?? '', createRemoteJWKSet(new URL(jwksUri)), {
    issuer: app.issuer,
    audience: party.id,
  });
  assert.equal(id.payload.sub, person.id);
  // RFC 9068 §5: an ID token must not be accepted as an access token.
  assert.notEqual(decodeProtectedHeader(tokens.id_token ?? '').typ, 'at+jwt');
  await assert.rejects(verifyForResourceServer(jwksUri, tokens.id_token ?? ''));
});
