import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { decodeJwt } from 'jose';
import { deployment, type Person } from '../helpers/deployment.ts';
import { endSessionsAlone } from '../helpers/records.ts';
import { authorization, authorize, introspect, redeem, token, userinfo } from '../helpers/relying_party.ts';
import { ath, makeKey, signProof } from './dpop_deployment.ts';
import { post } from './support.ts';

/** JWT access tokens for one resource server and for /userinfo, which single-page apps load the profile with. */
const API = 'https://api.example.com';
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const clock = { ms: Date.now() };
const app = await deployment({ after }, { now: () => clock.ms });
const { issuer, seed } = app;
const USERINFO = `${issuer}/userinfo`;
const api = await seed.party();
await seed.resourceServer({ identifier: API, name: 'API', scopes: ['api:read'], clients: [api.id] });
const scope = 'openid email offline_access api:read';
const metadata = { scope };
const spa = await seed.party({ public: true, firstParty: true, metadata });
const bound = await seed.party({ firstParty: true, metadata: { scope, dpop_bound_access_tokens: true } });
const person = await seed.person();
const service = await seed.party({
  metadata: { redirect_uris: [], grant_types: ['client_credentials', EXCHANGE], scope: 'api:read openid email' },
});
await seed.clients.update(service.id, {
  tokenExchange: { subject_clients: [spa.id], targets: [API], impersonation: true },
});

async function tokensOf(who: Person = person, params: Record<string, string> = {}, party = spa) {
  const asked = { scope, resource: API, ...params };
  const granted = await authorize({ issuer, party, person: who, params: asked });
  const { status, body } = await redeem(issuer, party, granted);
  assert.equal(status, 200, JSON.stringify(body));
  return { ...body, told: body.scope, jwt: body.access_token ?? '', browser: granted.browser };
}

const refusalOf = async (value: string) => {
  const { status, body } = await userinfo(issuer, value);
  return [status, body.error];
};
const INVALID = [401, 'invalid_token'];

test('with openid the token for an API is for userinfo too, with the granted scopes of both (RFC 9068 §3)', async () => {
  const { jwt, told } = await tokensOf();
  const claims = decodeJwt(jwt);
  assert.deepEqual([claims.aud, claims.scope], [[API, USERINFO], 'openid email api:read']);
  assert.equal(told, claims.scope);
  assert.deepEqual((await userinfo(issuer, jwt)).body, { sub: person.id, email: person.email, email_verified: true });
  const inBody = await fetch(USERINFO, { method: 'POST', body: new URLSearchParams({ access_token: jwt }) });
  assert.equal(((await inBody.json()) as { sub: string }).sub, person.id);
  const seen = await introspect(issuer, api, jwt);
  assert.deepEqual(
    [seen.active, seen.aud, seen.scope],
    [true, claims.aud, claims.scope],
    'for the API it is as it was',
  );
});

test('a refresh with a narrower scope gives a token for the API alone, which userinfo refuses', async () => {
  const { refresh_token = '' } = await tokensOf();
  const fields = { grant_type: 'refresh_token', refresh_token, scope: 'api:read', resource: API };
  const { body } = await token(issuer, spa, fields);
  const jwt = body.access_token ?? '';
  assert.deepEqual([decodeJwt(jwt).aud, decodeJwt(jwt).scope], [API, 'api:read']);
  assert.equal((await introspect(issuer, api, jwt)).active, true);
  assert.notEqual((await userinfo(issuer, jwt)).status, 200);
  const whole = { grant_type: 'refresh_token', refresh_token: body.refresh_token ?? '' };
  const again = await token(issuer, spa, whole);
  assert.deepEqual(decodeJwt(again.body.access_token ?? '').aud, [API, USERINFO]);
});

test('without openid, of client credentials or exchanged, a token is for the API alone', async () => {
  const plain = await tokensOf(person, { scope: 'api:read' });
  const { body: machine } = await token(issuer, service, {
    grant_type: 'client_credentials',
    resource: API,
    scope: 'api:read',
  });
  const { jwt } = await tokensOf();
  const { body: exchanged } = await token(issuer, service, {
    grant_type: EXCHANGE,
    subject_token: jwt,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    resource: API,
  });
  for (const value of [plain.jwt, machine.access_token, exchanged.access_token]) {
    assert.deepEqual([decodeJwt(value ?? '').aud, decodeJwt(value ?? '').scope], [API, 'api:read']);
    assert.notEqual((await userinfo(issuer, value ?? '')).status, 200);
  }
});

describe('userinfo refuses a token that has ended', () => {
  test('revoked', async () => {
    const { jwt } = await tokensOf(await seed.person());
    assert.equal((await userinfo(issuer, jwt)).status, 200);
    await post(app, '/revoke', { token: jwt, client_id: spa.id });
    assert.deepEqual(await refusalOf(jwt), INVALID);
  });

  test('of a session that has ended', async () => {
    const who = await seed.person();
    const { jwt } = await tokensOf(who, { scope: 'openid email api:read' });
    assert.equal((await userinfo(issuer, jwt)).status, 200);
    await app.db.transact(endSessionsAlone(who.id));
    assert.deepEqual(await refusalOf(jwt), INVALID);
  });

  test('of a disabled account', async () => {
    const who = await seed.person();
    const { jwt } = await tokensOf(who);
    await seed.accounts.disable(who.id);
    assert.deepEqual(await refusalOf(jwt), INVALID);
  });

  test('and shows no claim of a scope that the operator has taken away', async () => {
    const party = await seed.party({ public: true, firstParty: true, metadata });
    const { jwt } = await tokensOf(person, {}, party);
    await seed.clients.update(party.id, { metadata: { scope: 'openid api:read' } });
    assert.deepEqual((await userinfo(issuer, jwt)).body, { sub: person.id });
    await seed.clients.update(party.id, { metadata: { scope: 'api:read' } });
    assert.notEqual((await userinfo(issuer, jwt)).status, 200);
  });
});

test('a token that is bound to a key needs a proof of it, for this token, once (RFC 9449 §7)', async () => {
  const [key, other] = [await makeKey(), await makeKey()];
  const granted = await authorize({ issuer, party: bound, person, params: { scope, resource: API } });
  const fields = {
    grant_type: 'authorization_code',
    code: granted.code,
    redirect_uri: bound.redirectUri,
    code_verifier: granted.verifier,
  };
  const proof = await signProof(key, { htm: 'POST', htu: `${issuer}/token` });
  const { body } = await post(app, '/token', fields, { ...authorization(bound), dpop: proof });
  const jwt = body.access_token ?? '';
  const ask = async (dpop: string | undefined, scheme = 'DPoP') => {
    const headers = { authorization: `${scheme} ${jwt}`, ...(dpop === undefined ? {} : { dpop }) };
    return (await fetch(USERINFO, { headers })).status;
  };
  const proofBy = (by = key, value = jwt) => signProof(by, { htm: 'GET', htu: USERINFO, ath: ath(value) });
  const good = await proofBy();
  assert.equal(await ask(good), 200);
  assert.equal(await ask(good), 401, 'used again');
  assert.equal(await ask(await proofBy(other)), 401, 'another key');
  assert.equal(await ask(await proofBy(key, 'another token')), 401);
  assert.equal(await ask(undefined, 'Bearer'), 401);
});

describe('expiry (RFC 7519 §4.1.4: on or after exp)', () => {
  for (const kind of ['JWT', 'opaque']) {
    test(`${kind}: userinfo and introspection agree to the second`, async (t) => {
      const opaque = await seed.party({ firstParty: true, metadata: { scope: 'openid email offline_access' } });
      const party = kind === 'JWT' ? spa : opaque;
      const params = kind === 'JWT' ? { scope, resource: API } : { scope: 'openid email offline_access' };
      clock.ms = Date.now();
      const granted = await authorize({ issuer, party, person, params });
      const value = (await redeem(issuer, party, granted)).body.access_token ?? '';
      const { exp } = await introspect(issuer, party, value);
      const at = async (ms: number) => {
        clock.ms = ms;
        t.mock.timers.enable({ apis: ['Date'], now: ms }); // the provider reads this clock
        try {
          return [(await introspect(issuer, party, value)).active, (await userinfo(issuer, value)).status];
        } finally {
          t.mock.timers.reset();
          clock.ms = Date.now();
        }
      };
      assert.deepEqual(await at(Number(exp) * 1_000 - 1), [true, 200]);
      assert.deepEqual(await at(Number(exp) * 1_000), [false, 401]);
      assert.deepEqual(await at(Number(exp) * 1_000 + 1), [false, 401]);
    });
  }
});
