import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type CryptoKey, decodeProtectedHeader } from 'jose';
import * as client from 'openid-client';
import { proofAlgsOf } from '../../server/oidc/profiles.ts';
import { browserSession } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { authorization, signIn } from '../helpers/relying_party.ts';
import { rememberAll } from '../helpers/secrets.ts';
import { keyedParty } from './keyed_party.ts';
import { begin, callbackOf, errorOn, post, refusal, shown, submitPassword } from './support.ts';

/** The rules of CARDEA_PROFILE for the server and of a client's own `profile`. */
const scope = { after };
const oidc = await deployment(scope, { env: { CARDEA_PROFILE: 'oidc' } });
const { databaseUrl, masterKey } = oidc;
const oauth = await deployment(scope, { databaseUrl, masterKey });
// The same database under the strictest profile, as after the operator has changed it. It starts last because the
// account pages are at the latest issuer.
const fapi = await deployment(scope, {
  databaseUrl,
  masterKey,
  env: { CARDEA_PROFILE: 'fapi2', CARDEA_CODE_TTL: '5m' },
});
const person = await oidc.seed.person();
const NO_PKCE = { code_challenge: undefined, code_challenge_method: undefined };
const BY_KEY = { token_endpoint_auth_method: 'private_key_jwt' };
const invalid = (field: string) => ({ code: 'invalid_input', status: 400, field });

// ---- oauth21, oidc ----

test('oauth21: PKCE is required without a nonce, with a secret or not (draft-ietf-oauth-v2-1 §4.1.1)', async () => {
  for (const input of [{}, { public: true }]) {
    const { page } = await begin(oauth, await oauth.seed.party(input), NO_PKCE);
    assert.equal(callbackOf(page).error, 'invalid_request');
  }
});

test('oidc: PKCE is optional for an app with a secret and required for a public one (OpenID Connect Core §3.1.2.1)', async () => {
  const party = await oidc.seed.party({ firstParty: true });
  const begun = await begin(oidc, party, NO_PKCE);
  const { code = '' } = callbackOf(await submitPassword(begun.browser, begun.page, person));
  const { status } = await post(
    oidc,
    '/token',
    { grant_type: 'authorization_code', code, redirect_uri: party.redirectUri },
    authorization(party),
  );
  assert.equal(status, 200);
  const { page } = await begin(oidc, await oidc.seed.party({ public: true }), NO_PKCE);
  assert.equal(callbackOf(page).error, 'invalid_request');
});

test('oidc: the operator can require PKCE of one app', async () => {
  const party = await oidc.seed.party({ metadata: { pkce: 'required' } });
  const { page } = await begin(oidc, party, { ...NO_PKCE, nonce: 'n-0S6_WzA2Mj' });
  assert.equal(callbackOf(page).error, 'invalid_request');
});

test('fapi2: PKCE is required also of an app for which it was switched off before', async () => {
  const before = await keyedParty(oauth, { metadata: { ...BY_KEY, pkce: 'off' } });
  const { id: client_id, redirectUri: redirect_uri } = before.party;
  const request = { client_id, response_type: 'code', redirect_uri, scope: 'openid', nonce: 'n' };
  const pushed = await post(fapi, '/par', { ...request, ...(await before.assertion({ aud: fapi.issuer })) });
  assert.deepEqual(refusal(pushed), { status: 400, error: 'invalid_request' });
  assert.match(String(pushed.body.error_description), /code_challenge/);
});

// ---- clients with a stricter profile ----

test('a stricter profile of an app applies: PKCE on an oidc server', async () => {
  const { page } = await begin(oidc, await oidc.seed.party({ metadata: { profile: 'oauth21' } }), NO_PKCE);
  assert.equal(callbackOf(page).error, 'invalid_request');
});

test('an app of profile fapi2 on another server: pushed requests, sender-constrained tokens, no RS256', async () => {
  const strict = await keyedParty(oidc, { metadata: { ...BY_KEY, profile: 'fapi2' } }, 'RS256');
  const { page } = await begin(oidc, strict.party);
  assert.equal(callbackOf(page).error, 'invalid_request', 'it must push');
  const grant = { grant_type: 'client_credentials' };
  const withRs256 = await post(oidc, '/token', { ...grant, ...(await strict.assertion()) });
  assert.deepEqual(refusal(withRs256), { status: 401, error: 'invalid_client' });
  const bearer = await post(oidc, '/token', {
    ...grant,
    ...(await strict.assertion({}, { alg: 'PS256', key: await rsaPss(strict) })),
  });
  assert.equal(bearer.status, 400, 'a bearer token');
  assert.equal(bearer.body.access_token, undefined);
});

test('an app cannot be registered with a laxer profile than the server’s', async () => {
  const { clients } = fapi.seed;
  const redirects = { redirect_uris: ['https://rp.example.com/callback'] };
  const make = (seed: typeof clients, metadata: object) =>
    seed.create({ name: 'App', metadata: { ...redirects, ...metadata } });
  const implicit = { grant_types: ['authorization_code', 'implicit'], response_types: ['code', 'code id_token'] };
  await assert.rejects(make(oauth.seed.clients, { profile: 'oidc' }), invalid('profile'));
  await assert.rejects(make(oauth.seed.clients, implicit), invalid('response_types'));
  await assert.rejects(make(oidc.seed.clients, { ...implicit, profile: 'oauth21' }), invalid('response_types'));
  await assert.rejects(make(clients, {}), invalid('token_endpoint_auth_method'));
  await assert.rejects(make(oidc.seed.clients, { profile: 'fapi2' }), invalid('token_endpoint_auth_method'));
  await assert.rejects(
    make(oidc.seed.clients, { id_token_signed_response_alg: 'ES256' }),
    invalid('id_token_signed_response_alg'),
  );
  const party = await oidc.seed.party();
  await assert.rejects(
    clients.update(party.id, { metadata: { scope: 'openid' } }),
    invalid('token_endpoint_auth_method'),
  );
  await assert.rejects(oauth.seed.clients.update(party.id, { metadata: { profile: 'oidc' } }), invalid('profile'));
});

test('an app that was registered before the server became stricter: forbidden requests are refused', async () => {
  const party = await oidc.seed.party();
  const basic = authorization(party);
  assert.equal((await post(oidc, '/token', { grant_type: 'client_credentials' }, basic)).status, 200);
  const answer = await post(fapi, '/token', { grant_type: 'client_credentials' }, basic);
  assert.deepEqual(refusal(answer), { status: 400, error: 'unauthorized_client' });
  const { page } = await begin(fapi, party);
  assert.deepEqual([shown(page), errorOn(page)], ['error', 'unauthorized_client']);
  const hybrid = await oidc.seed.party({
    metadata: { grant_types: ['authorization_code', 'implicit'], response_types: ['code', 'code id_token'] },
  });
  const asked = await begin(oauth, hybrid, { response_type: 'code id_token', nonce: 'n' });
  assert.equal(callbackOf(asked.page).error, 'unsupported_response_type');
  assert.equal(shown((await begin(oauth, hybrid)).page), 'sign-in', 'codes go on');
});

// ---- fapi2 ----

test('fapi2: openid-client completes the flow with pushed requests, private_key_jwt and DPoP (FAPI 2.0 §5.3.2)', async () => {
  const app = await keyedParty(fapi, { firstParty: true, metadata: BY_KEY }, 'PS256');
  const config = await client.discovery(
    new URL(fapi.issuer),
    app.party.id,
    undefined,
    client.PrivateKeyJwt({ key: app.privateKey, kid: 'sig' }),
    { execute: [client.allowInsecureRequests] },
  );
  client.enableNonRepudiationChecks(config);
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair());
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expectedState = client.randomState();
  const url = await client.buildAuthorizationUrlWithPAR(
    config,
    {
      redirect_uri: app.party.redirectUri,
      scope: 'openid email offline_access',
      prompt: 'consent',
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      state: expectedState,
    },
    { DPoP },
  );
  const browser = browserSession(fapi.issuer);
  const page = await signIn(browser, await browser.follow(await browser.get(url.href)), person);
  assert.equal(callbackOf(page).iss, fapi.issuer, 'RFC 9207');
  const [code] = await fapi.db.run<{ seconds: number }>(
    {
      name: 'code_lifetime',
      text: `SELECT extract(epoch FROM expires_at - now())::float8 AS seconds FROM records
             WHERE model = 'AuthorizationCode' AND client_id = $1`,
    },
    [app.party.id],
  );
  assert.ok(code && code.seconds <= 60, `a code lives ${code?.seconds} s despite the setting`);

  const tokens = await client.authorizationCodeGrant(
    config,
    new URL(page.location ?? ''),
    { pkceCodeVerifier, expectedState, idTokenExpected: true },
    undefined,
    { DPoP },
  );
  rememberAll(tokens);
  assert.equal(tokens.token_type, 'dpop');
  assert.equal(decodeProtectedHeader(tokens.id_token ?? '').alg, 'PS256');
  const info = await client.fetchUserInfo(config, tokens.access_token, person.id, { DPoP });
  assert.equal(info.email, person.email);
  assert.equal(tokens.claims()?.email, undefined, 'ID tokens are minimal by default');

  const { refresh_token = '' } = tokens;
  for (const time of ['once', 'twice']) {
    const fresh = rememberAll(await client.refreshTokenGrant(config, refresh_token, undefined, { DPoP }));
    assert.ok(fresh.access_token, time);
    assert.ok([undefined, refresh_token].includes(fresh.refresh_token), 'it is not rotated (FAPI 2.0 §5.3.2.1)');
  }
});

test('fapi2: no token is issued without proof of a key (FAPI 2.0 §5.3.2.1)', async () => {
  const { assertion } = await keyedParty(fapi, { metadata: BY_KEY });
  const answer = await post(fapi, '/token', { grant_type: 'client_credentials', ...(await assertion()) });
  assert.deepEqual([answer.status, answer.body.access_token], [400, undefined]);
});

test('fapi2: assertions need the issuer as audience and a strong algorithm (FAPI 2.0 §5.3.2.1, §5.4.1)', async () => {
  const app = await keyedParty(fapi, { metadata: BY_KEY });
  const push = async (assertion: Record<string, string>) =>
    refusal(await post(fapi, '/par', { client_id: app.party.id, ...assertion }));
  assert.equal(
    (await push(await app.assertion())).error,
    'invalid_request',
    'the client is authenticated, but the grant is refused',
  );
  assert.equal((await push(await app.assertion({ aud: `${fapi.issuer}/token` }))).error, 'invalid_client');
  assert.equal(
    (await push(await app.assertion({ aud: [fapi.issuer, 'https://other.example'] }))).error,
    'invalid_client',
  );
});

test('fapi2: discovery announces what such an app may do, and no more', async () => {
  const response = await fetch(new URL('/.well-known/openid-configuration', fapi.issuer));
  const document = (await response.json()) as Record<string, unknown>;
  assert.equal(document.require_pushed_authorization_requests, true);
  assert.deepEqual(document.token_endpoint_auth_methods_supported, ['private_key_jwt']);
  assert.deepEqual(document.response_types_supported, ['code']);
  for (const [name, value] of Object.entries(document)) {
    if (/signing_alg/.test(name)) assert.ok(!(value as string[]).includes('RS256'), name);
  }
});

test('fapi2: a challenge for a proof names the algorithms of the profile (RFC 9449 §7.1)', async () => {
  const url = new URL('/userinfo', fapi.issuer);
  // A key that is none for its algorithm is refused by a step, and the others by the provider.
  const header = Buffer.from(JSON.stringify({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty: ['EC'] } })).toString(
    'base64url',
  );
  for (const headers of [
    {},
    { authorization: 'DPoP x', dpop: 'x' },
    { authorization: 'DPoP x', dpop: `${header}.e30.e30` },
  ]) {
    const response = await fetch(url, { headers });
    assert.match(response.headers.get('www-authenticate') ?? '', /DPoP .*algs="ES256 EdDSA Ed25519 PS256"/);
  }
  const other = await fetch(new URL('/userinfo', oidc.issuer));
  assert.match(other.headers.get('www-authenticate') ?? '', /algs="ES256 EdDSA Ed25519 PS256 RS256"/);
  const strict = { profile: 'fapi2' } as unknown as NonNullable<Parameters<typeof proofAlgsOf>[0]>;
  assert.deepEqual(proofAlgsOf(strict, 'oidc'), ['ES256', 'EdDSA', 'Ed25519', 'PS256'], 'a stricter app');
});

test('fapi2: people can still reach their account', async () => {
  const browser = browserSession(fapi.issuer);
  const page = await browser.follow(await browser.get('/account'));
  assert.equal(shown(page), 'sign-in');
  const account = await submitPassword(browser, page, person);
  assert.equal(account.status, 200);
  assert.match(account.url, /\/account/);
});

/** The same RSA key with another algorithm. */
async function rsaPss({ privateKey }: { privateKey: CryptoKey }): Promise<CryptoKey> {
  const jwk = await crypto.subtle.exportKey('jwk', privateKey);
  delete jwk.alg;
  return crypto.subtle.importKey('jwk', jwk, { name: 'RSA-PSS', hash: 'SHA-256' }, true, ['sign']);
}
