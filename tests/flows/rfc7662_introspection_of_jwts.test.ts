import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose';
import * as oidc from 'openid-client';
import { deployment, type Party } from '../helpers/deployment.ts';
import { moveIssuer } from '../helpers/issuer.ts';
import { endSessionsAlone } from '../helpers/records.ts';
import { authorization, authorize, introspect, token, userinfo } from '../helpers/relying_party.ts';
import { post, refusal } from './support.ts';

/** JWT access tokens (RFC 9068) at /introspect (RFC 7662): the same response as for an opaque token. */
const app = await deployment({ after });
const { issuer } = app;
const API = 'https://api.example.com';
const person = await app.seed.person();
const SCOPE = { scope: 'openid email offline_access api:read api:write' };
const party = await app.seed.party({ metadata: SCOPE });
const publicParty = await app.seed.party({ metadata: SCOPE, public: true });
/** A resource server introspects with its own client. */
const api = await app.seed.party();
await app.seed.resourceServer({
  identifier: API,
  name: 'API',
  scopes: ['api:read', 'api:write'],
  clients: [api.id],
});

async function jwtFor(by: Party, params: Record<string, string> = {}) {
  const granted = await authorize({
    issuer,
    party: by,
    person,
    params: { scope: 'openid api:read', resource: API, ...params },
  });
  const { body } = await token(issuer, by, {
    grant_type: 'authorization_code',
    code: granted.code,
    redirect_uri: by.redirectUri,
    code_verifier: granted.verifier,
    resource: API,
  });
  return { jwt: body.access_token ?? '', browser: granted.browser, refreshToken: body.refresh_token ?? '' };
}

async function machineJwt(by: Party = party): Promise<string> {
  const { body } = await token(issuer, by, { grant_type: 'client_credentials', resource: API, scope: 'api:read' });
  return body.access_token ?? '';
}

const { jwt } = await jwtFor(party);
const machine = await machineJwt();

async function ask(by: Party, value: string, hint?: string) {
  const own = by.secret === undefined ? { client_id: by.id } : {};
  const hinted = hint === undefined ? {} : { token_type_hint: hint };
  return post(app, '/introspect', { token: value, ...hinted, ...own }, authorization(by));
}

test('a person’s token: subject, client, scope and expiry as in the token, with any hint (RFC 7662 §2.2)', async () => {
  const claims = decodeJwt(jwt);
  for (const hint of [undefined, 'access_token', 'refresh_token', 'nonsense']) {
    const { status, body } = await ask(api, jwt, hint);
    assert.equal(status, 200);
    assert.deepEqual(body, {
      active: true,
      iss: issuer,
      sub: person.id,
      client_id: party.id,
      aud: [API, `${issuer}/userinfo`],
      scope: 'openid api:read',
      token_type: 'Bearer',
      jti: claims.jti,
      iat: claims.iat,
      exp: claims.exp,
      // how the person signed in (RFC 9068 §2.2.1)
      auth_time: claims.auth_time,
      acr: claims.acr,
      amr: ['pwd'],
    });
  }
});

test('a client’s own token (RFC 6749 §4.4): its subject is the client, as in the JWT (RFC 9068 §2.2)', async () => {
  const { jti, iat, exp } = decodeJwt(machine);
  assert.deepEqual((await ask(api, machine)).body, {
    active: true,
    iss: issuer,
    sub: party.id,
    client_id: party.id,
    aud: API,
    scope: 'api:read',
    token_type: 'Bearer',
    ...{ jti, iat, exp },
  });
});

test('costs one statement, which writes nothing', async () => {
  for (const value of [jwt, machine]) {
    await introspect(issuer, api, value);
    app.statements.length = 0;
    assert.equal((await introspect(issuer, api, value)).active, true);
    assert.equal(app.statements.length, 1, app.statements.join('\n'));
    assert.doesNotMatch(app.statements[0] ?? '', /\b(INSERT|UPDATE|DELETE)\b/);
  }
});

test('openid-client understands the response', async () => {
  const config = await oidc.discovery(new URL(issuer), api.id, undefined, oidc.ClientSecretBasic(api.secret ?? ''), {
    execute: [oidc.allowInsecureRequests],
  });
  const answer = await oidc.tokenIntrospection(config, jwt);
  assert.deepEqual([answer.active, answer.sub, answer.aud], [true, person.id, [API, `${issuer}/userinfo`]]);
});

test('a public client can introspect only its own tokens, and authentication is required (RFC 7662 §2.1)', async () => {
  const { jwt: own } = await jwtFor(publicParty);
  assert.equal((await ask(publicParty, own)).body.active, true);
  assert.deepEqual((await ask(publicParty, jwt)).body, { active: false });
  assert.deepEqual(refusal(await post(app, '/introspect', { token: jwt })), { status: 401, error: 'invalid_client' });
  const wrong = await post(app, '/introspect', { token: jwt }, authorization({ ...party, secret: 'wrong' }));
  assert.deepEqual(refusal(wrong), { status: 401, error: 'invalid_client' });
});

test('other JWTs get { active: false }, however similar they are', async () => {
  const claims = decodeJwt(jwt);
  const [header = '', payload = '', signature = ''] = jwt.split('.');
  const widened = Buffer.from(JSON.stringify({ ...claims, scope: 'api:read api:write' })).toString('base64url');
  const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt' })).toString('base64url');
  const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string };
  const strange = await generateKeyPair('RS256', { extractable: true });
  const jwk = await exportJWK(strange.publicKey);
  const forged = (protectedHeader: object) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', ...protectedHeader })
      .sign(strange.privateKey);
  const granted = await authorize({ issuer, party, person, params: { scope: 'openid' } });
  const { body } = await token(issuer, party, {
    grant_type: 'authorization_code',
    code: granted.code,
    redirect_uri: party.redirectUri,
    code_verifier: granted.verifier,
  });
  const values = {
    'another payload': `${header}.${widened}.${signature}`,
    'alg none': `${none}.${payload}.`,
    'a strange key under our kid': await forged({ kid }),
    'a strange key that it brings along': await forged({ jwk }),
    'an ID token': body.id_token ?? '',
    'a JWE': `${header}.a.b.c.d`,
    'no JWT': 'a.b.c',
  };
  for (const [what, value] of Object.entries(values)) {
    const { status, body: answer } = await ask(party, value);
    assert.deepEqual([status, answer], [200, { active: false }], what);
  }
});

test('a token of another issuer is not active, even with the same key', async (t) => {
  const elsewhere = 'http://localhost:1';
  await moveIssuer(app.db, elsewhere);
  t.after(() => moveIssuer(app.db, issuer));
  const { databaseUrl, masterKey } = app;
  const moved = await deployment(t, { databaseUrl, masterKey, env: { CARDEA_ISSUER: elsewhere } });
  const { body } = await token(moved.issuer, api, { grant_type: 'client_credentials' });
  assert.equal((await introspect(moved.issuer, api, body.access_token ?? '')).active, true);
  assert.deepEqual(await introspect(moved.issuer, api, jwt), { active: false });
});

test('/userinfo refuses a token that is not for it (RFC 9068 §4), and the value under which introspection looks one up', async () => {
  assert.equal((await userinfo(issuer, machine)).body.error, 'invalid_token');
  const { status } = await userinfo(issuer, jwt.replaceAll('.', ' '));
  assert.ok([400, 401].includes(status), String(status));
});

test('a token of a session ends with it, one with offline_access does not', async () => {
  const bound = await jwtFor(party);
  const offline = await jwtFor(party, { scope: 'openid offline_access api:read', prompt: 'consent' });
  await app.db.transact(endSessionsAlone(person.id));
  assert.deepEqual(await introspect(issuer, api, bound.jwt), { active: false });
  assert.equal((await introspect(issuer, api, offline.jwt)).active, true);
});

test('a failing statement gives 5xx, not active: false', async () => {
  const { jwt: another } = await jwtFor(party);
  await app.db.run({ name: '', text: 'ALTER TABLE ended_tokens RENAME TO away' }, []);
  try {
    const { status, body } = await ask(api, another);
    assert.equal(status, 500);
    assert.notEqual(body.active, false);
  } finally {
    await app.db.run({ name: '', text: 'ALTER TABLE away RENAME TO ended_tokens' }, []);
  }
});
