import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { deployment } from '../helpers/deployment.ts';
import { authorize, introspect, refresh, token, userinfo } from '../helpers/relying_party.ts';
import { makeKey, signProof } from './dpop_deployment.ts';
import { keyedParty } from './keyed_party.ts';
import { begin, callbackOf, post, shown, submit, submitPassword } from './support.ts';

/** RFC 9068, JSON Web Token (JWT) Profile for OAuth 2.0 Access Tokens, by section. */
const app = await deployment({ after });
const API = 'https://api.example.com';
const OTHER = 'https://other.example.com';
const USERINFO = `${app.issuer}/userinfo`;
const scope = 'openid email offline_access groups api:read api:write other:read';
await app.seed.resourceServer({ identifier: API, name: 'API', scopes: ['api:read', 'api:write'] });
await app.seed.resourceServer({ identifier: OTHER, name: 'Other API', scopes: ['other:read'] });
const ada = await app.seed.person({ email: 'ada@example.com', name: 'Ada Lovelace' });
await app.seed.accounts.setGroups(ada.id, ['staff', 'admins']);
const party = await app.seed.party({ metadata: { scope } });
const mapped = await app.seed.party({ metadata: { scope } });
await app.seed.clients.update(mapped.id, {
  claimMapping: [
    { claim: 'groups', into: ['access_token'], from: { groups: true } },
    { claim: 'roles', into: ['access_token'], from: { groups: { map: { admins: 'writer' } } }, scope: 'api:write' },
  ],
});
const strict = await keyedParty(app, {
  metadata: { scope, token_endpoint_auth_method: 'private_key_jwt', profile: 'fapi2' },
});
const jwks = createRemoteJWKSet(new URL('/.well-known/jwks.json', app.issuer));

async function tokenFor(client = party, params: Record<string, string> = {}) {
  const asked = { resource: API, scope: 'openid email offline_access api:read', prompt: 'consent', ...params };
  const granted = await authorize({ issuer: app.issuer, party: client, person: ada, params: asked });
  const { body } = await token(app.issuer, client, {
    grant_type: 'authorization_code',
    code: granted.code,
    redirect_uri: client.redirectUri,
    code_verifier: granted.verifier,
    resource: asked.resource,
  });
  return { jwt: body.access_token ?? '', body, browser: granted.browser };
}

/** §4, as a resource server does it. */
function verify(jwt: string, audience: string) {
  return jwtVerify(jwt, jwks, { issuer: app.issuer, audience, typ: 'at+jwt', algorithms: ['RS256'] });
}

const adas = await tokenFor();

test('§2.1: typ is at+jwt, and the signature is by a key of the JWKS, never none', () => {
  const { typ, alg, kid } = decodeProtectedHeader(adas.jwt);
  assert.deepEqual([typ, alg], ['at+jwt', 'RS256']);
  assert.ok(kid);
});

test('§2.1: the operator can give the tokens of an API the general type JWT, except for apps with the profile fapi2', async () => {
  await app.seed.resourceServers.update(OTHER, { tokenTyp: 'JWT' });
  const machine = { grant_type: 'client_credentials', resource: OTHER, scope: 'other:read' };
  const { body } = await token(app.issuer, party, machine);
  assert.equal(decodeProtectedHeader(body.access_token ?? '').typ, 'JWT');
  const dpop = await signProof(await makeKey(), { htm: 'POST', htu: `${app.issuer}/token` });
  const { body: bound } = await post(app, '/token', { ...machine, ...(await strict.assertion()) }, { dpop });
  assert.equal(decodeProtectedHeader(bound.access_token ?? '').typ, 'at+jwt');
  await app.seed.resourceServers.update(OTHER, { tokenTyp: 'at+jwt' });
});

test('§2.2, §2.2.1, §2.2.3: iss, exp, aud, sub, client_id, iat, jti, scope, and the details of the sign-in', async () => {
  const { payload } = await verify(adas.jwt, API);
  const { exp, iat, jti, auth_time, cardea_grant: _, ...rest } = payload;
  assert.deepEqual(rest, {
    iss: app.issuer,
    aud: [API, USERINFO],
    sub: ada.id,
    client_id: party.id,
    scope: 'openid email api:read',
    acr: 'urn:cardea:acr:1fa',
    amr: ['pwd'],
  });
  assert.equal(Number(exp) - Number(iat), adas.body.expires_in);
  assert.ok(Math.abs(Number(iat) - Date.now() / 1000) < 60);
  assert.ok(Number(auth_time) <= Number(iat) && Number(auth_time) > Number(iat) - 60);
  assert.notEqual((await tokenFor()).jwt, adas.jwt);
  assert.match(String(jti), /^[\w-]{21,}$/);
});

test('§2.2: each token has its own jti', async () => {
  const machine = { grant_type: 'client_credentials', resource: API, scope: 'api:read' };
  const two = await Promise.all([1, 2].map(() => token(app.issuer, party, machine)));
  const ids = two.map(({ body }) => decodeJwt(body.access_token ?? '').jti);
  assert.equal(new Set(ids).size, 2);
});

test('§2.2: in a client’s own token sub is the client, without details of a sign-in', async () => {
  const { body } = await token(app.issuer, party, {
    grant_type: 'client_credentials',
    resource: API,
    scope: 'api:read',
  });
  const { exp, iat, jti, ...rest } = (await verify(body.access_token ?? '', API)).payload;
  assert.deepEqual(rest, { iss: app.issuer, aud: API, sub: party.id, client_id: party.id, scope: 'api:read' });
});

test('§2.2.1: a refreshed token has the details of its original sign-in', async () => {
  const { body } = await refresh(app.issuer, party, adas.body.refresh_token ?? '');
  const { aud } = decodeJwt(body.access_token ?? '');
  assert.deepEqual(aud, [API, USERINFO], 'without resource it is for the only one that was granted');
  const [known, first] = [await introspect(app.issuer, party, body.access_token ?? ''), decodeJwt(adas.jwt)];
  const signInClaims = ({ auth_time, acr, amr }: Record<string, unknown>) => ({ auth_time, acr, amr });
  assert.equal(typeof first.auth_time, 'number');
  assert.deepEqual(signInClaims(known), signInClaims(first), 'RFC 9470 §6.2: so does introspection');
  const more = { grant_type: 'refresh_token', refresh_token: body.refresh_token ?? '', resource: API };
  const again = await token(app.issuer, party, more);
  assert.deepEqual(signInClaims(decodeJwt(again.body.access_token ?? '')), signInClaims(first));
});

test('§2.2.1: auth_time is the time of the last sign-in, not of the token', async () => {
  const { browser, jwt } = await tokenFor();
  const params = { resource: API, scope: 'openid api:read', prompt: 'login' };
  const asked = await begin(app, party, params, browser);
  assert.equal(shown(asked.page), 'sign-in');
  let page = await submitPassword(browser, asked.page, ada);
  if (shown(page) === 'consent') page = await submit(browser, page, { action: 'allow' });
  const { body } = await token(app.issuer, party, {
    grant_type: 'authorization_code',
    code: callbackOf(page).code ?? '',
    redirect_uri: party.redirectUri,
    code_verifier: asked.verifier,
    resource: API,
  });
  const [before, later] = [decodeJwt(jwt), decodeJwt(body.access_token ?? '')];
  assert.ok(Number(later.auth_time) >= Number(before.auth_time));
  assert.ok(Number(later.iat) - Number(later.auth_time) < 60);
});

test('§2.2.2, §5: no personal data by default: the claims of identity scopes are at userinfo alone', async () => {
  const { jwt } = await tokenFor(party, { scope: 'openid email groups api:read' });
  const claims = decodeJwt(jwt);
  for (const name of ['email', 'email_verified', 'name', 'groups', 'roles', 'sid'])
    assert.equal(name in claims, false, name);
});

test('§2.2.3.1: groups and roles are present when the operator maps them, and roles only with their scope', async () => {
  const { jwt } = await tokenFor(mapped);
  assert.deepEqual(decodeJwt(jwt).groups, ['staff', 'admins']);
  assert.equal('roles' in decodeJwt(jwt), false);
  const { jwt: writing } = await tokenFor(mapped, { scope: 'openid api:read api:write' });
  assert.deepEqual(decodeJwt(writing).roles, ['writer']);
});

test('§3: one resource server, the requested one, with its scopes only, besides those for userinfo', async () => {
  const { jwt } = await tokenFor(party, { resource: OTHER, scope: 'openid other:read' });
  const { aud, scope: granted } = decodeJwt(jwt);
  assert.deepEqual([aud, granted], [[OTHER, USERINFO], 'openid other:read']);
});

test('§4: a token for one resource server is refused by another, and without openid by userinfo', async () => {
  await assert.rejects(verify(adas.jwt, OTHER), { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' });
  const { jwt } = await tokenFor(party, { scope: 'api:read' });
  assert.notEqual((await userinfo(app.issuer, jwt)).status, 200);
});

test('§4, §5: an ID token is not accepted as an access token, and the reverse', async () => {
  const { body } = adas;
  await assert.rejects(verify(String(body.id_token), party.id), { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' });
  assert.equal((await userinfo(app.issuer, String(body.id_token))).status, 401);
  const hinted = await begin(app, party, { id_token_hint: adas.jwt, prompt: 'none' });
  assert.ok(callbackOf(hinted.page).error, 'nor does it work as an id_token_hint');
  const refused = await post(app, '/token', {
    grant_type: 'client_credentials',
    client_id: party.id,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: adas.jwt,
  });
  assert.equal(refused.body.access_token, undefined, 'nor does it authenticate the client');
});
