import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJwt, decodeProtectedHeader, importJWK, type JWK, type JWTPayload, SignJWT } from 'jose';
import { keyPolicy } from '../../keys/policy.ts';
import { createKeyRing } from '../../keys/rotate.ts';
import type { KeyTables } from '../../keys/store.ts';
import { columnSealer, createSealer } from '../../server/platform/sealing.ts';
import { begin, callbackOf, post, signedIn, tokensFor } from '../flows/support.ts';
import { deployment } from '../helpers/deployment.ts';
import { authorization, introspect, token, userinfo } from '../helpers/relying_party.ts';

/**
 * All JWTs of an issuer have signatures by the same keys, so one kind must not be taken for another (RFC 8725 §3.11, §3.12; RFC 9068
 * §5). Access tokens may have the general `typ` JWT, and are still told apart from ID tokens and the others.
 */
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const API = 'https://api.example.com';
const app = await deployment({ after }, { env: { CARDEA_TOKEN_STATUS_LIST: 'true' } });
const { issuer, seed } = app;
const person = await seed.person();
const party = await seed.party({
  firstParty: true,
  metadata: { scope: 'openid profile email api:read', userinfo_signed_response_alg: 'RS256' },
});
const api = await seed.party({ metadata: { introspection_signed_response_alg: 'RS256' } });
await seed.resourceServer({
  identifier: API,
  name: 'API',
  scopes: ['api:read'],
  clients: [api.id],
  tokenTyp: 'JWT',
});
const service = await seed.party({
  metadata: { redirect_uris: [], grant_types: ['client_credentials', EXCHANGE], scope: 'api:read' },
});
await seed.clients.update(service.id, {
  tokenExchange: { subject_clients: [party.id], targets: [API], impersonation: true },
});
const sealer = createSealer([Buffer.from(app.masterKey, 'base64')]);
const ring = createKeyRing({
  db: app.db.kysely.withTables<KeyTables>(),
  sealer: columnSealer(sealer, { table: 'signing_keys', column: 'sealed' }),
  retired: { sealer: columnSealer(sealer, { table: 'signing_keys', column: 'sealed_public' }), seconds: 86_400 },
  now: Date.now,
  policy: keyPolicy(
    { rings: ['RS256'], rsaBits: 2_048, rotationSeconds: 90 * 86_400, jwksMaxAgeSeconds: 3_600, pollSeconds: 30 },
    { tokens: 3_600, cookies: 14 * 86_400 },
  ),
});
const { keys } = await ring.load();
const key = keys.find((one) => one.ring === 'RS256' && one.state === 'active');
const { tokens, browser } = await tokensFor(app, party, person, { params: { scope: 'openid' } });

async function apiToken(visitor = browser.clone()): Promise<string> {
  const asked = await begin(app, party, { scope: 'openid api:read', resource: API }, visitor);
  const { body } = await token(issuer, party, {
    grant_type: 'authorization_code',
    code: callbackOf(asked.page).code ?? '',
    redirect_uri: party.redirectUri,
    code_verifier: asked.verifier,
    resource: API,
  });
  return body.access_token ?? '';
}
const access = await apiToken();
// Revoking a token ends its grant.
const another = await apiToken(await signedIn(app, party, await seed.person()));

/** With the key that Cardea itself signs with. */
async function signed(claims: JWTPayload, header: Record<string, unknown>): Promise<string> {
  assert.ok(key && 'privateJwk' in key);
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', kid: key.kid, ...header })
    .sign(await importJWK(key.privateJwk as JWK, 'RS256'));
}

const exchanged = (subject: string) =>
  token(issuer, service, {
    grant_type: EXCHANGE,
    subject_token: subject,
    subject_token_type: ACCESS_TOKEN,
    resource: API,
  });

test('an access token of the type JWT is accepted wherever one of the type at+jwt is', async () => {
  assert.equal(decodeProtectedHeader(access).typ, 'JWT');
  assert.equal((await introspect(issuer, api, access)).active, true);
  assert.equal((await exchanged(access)).status, 200);
  assert.equal((await introspect(issuer, api, another)).active, true);
  assert.equal((await post(app, '/revoke', { token: another }, authorization(party))).status, 200);
  assert.deepEqual(await introspect(issuer, api, another), { active: false });
  await seed.resourceServers.update(API, { tokenTyp: 'at+jwt' });
  assert.equal((await introspect(issuer, api, access)).active, true, 'also after the resource server has changed');
  await seed.resourceServers.update(API, { tokenTyp: 'JWT' });
});

test('every other JWT of this issuer is refused as an access token', async () => {
  const headers = { authorization: `Bearer ${tokens.access_token}` };
  const asked = await begin(app, party, { scope: 'openid', response_mode: 'jwt' }, browser.clone());
  const { uri = '' } = (decodeJwt(access).status as { status_list: { uri?: string } }).status_list;
  const introspection = await fetch(new URL('/introspect', issuer), {
    method: 'POST',
    headers: { ...authorization(api), accept: 'application/token-introspection+jwt' },
    body: new URLSearchParams({ token: access }),
  });
  const others = {
    'ID token': tokens.id_token,
    'userinfo response': await (await fetch(new URL('/userinfo', issuer), { headers })).text(),
    'authorization response': callbackOf(asked.page).response ?? '',
    'introspection response': await introspection.text(),
    'status list': await (await fetch(uri)).text(),
    // As Cardea would never sign them: each of the two differences is enough.
    'ID token with the type of an access token': await signed(decodeJwt(tokens.id_token), { typ: 'JWT' }),
    'ID token for the API with that type': await signed({ ...decodeJwt(tokens.id_token), aud: API }, { typ: 'at+jwt' }),
    'access token without a type': await signed(decodeJwt(access), {}),
    'access token with the type of a logout token': await signed(decodeJwt(access), { typ: 'logout+jwt' }),
  };
  for (const [what, value] of Object.entries(others)) {
    assert.equal(value.split('.').length, 3, what);
    for (const by of [party, api]) assert.deepEqual(await introspect(issuer, by, value), { active: false }, what);
    assert.equal((await userinfo(issuer, value)).body.error, 'invalid_token', what);
    assert.equal((await exchanged(value)).body.error, 'invalid_request', what);
  }
  assert.equal((await introspect(issuer, api, await signed(decodeJwt(access), { typ: 'JWT' }))).active, true);
});

test('no other JWT has the type of an access token', async () => {
  assert.equal(decodeProtectedHeader(tokens.id_token).typ, undefined);
});

test('an access token of the type JWT is refused as an ID token, also by a client whose id is its audience', async () => {
  const forClient = await signed({ ...decodeJwt(access), aud: party.id }, { typ: 'JWT' });
  for (const value of [access, forClient]) {
    const silent = await begin(app, party, { prompt: 'none', scope: 'openid', id_token_hint: value }, browser.clone());
    assert.equal(callbackOf(silent.page).error, 'invalid_request');
  }
});
