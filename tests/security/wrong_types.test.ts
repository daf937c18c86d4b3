import assert from 'node:assert/strict';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { exportJWK } from 'jose';
import { faultOfSender } from '../../server/platform/errors.ts';
import { signedIn } from '../flows/support.ts';
import { askPerson, cibaMetadata } from '../helpers/ciba.ts';
import { documentSite } from '../helpers/client_documents.ts';
import { deployment } from '../helpers/deployment.ts';
import { askForCode, DEVICE_GRANT } from '../helpers/device.ts';
import { register } from '../helpers/registration.ts';
import { authorization, authorize, authorizeUrl, redeem, refresh } from '../helpers/relying_party.ts';
import { signJwt } from './fuzz/keys.ts';
import { assertOrderly, send } from './wire.ts';

/** Valid structures with values of the wrong type inside are refused with 4xx. */

const scope = { after };
const app = await deployment(scope, { env: { CARDEA_REGISTRATION: 'open', CARDEA_RATE_LIMIT: '100000' } });
const { issuer } = app;
const person = await app.seed.person();
const party = await app.seed.party({
  firstParty: true,
  metadata: { grant_types: ['authorization_code', 'refresh_token', DEVICE_GRANT] },
});
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = await exportJWK(pair.publicKey);
const now = () => Math.floor(Date.now() / 1_000);

function assertNoError(): void {
  const lines = app.logLines.filter((line) => /"level":"(error|fatal)"/.test(line));
  assert.deepEqual(lines, []);
}

function proof(claims: Record<string, unknown>, key: object = jwk): string {
  const name = 'proof';
  return signJwt('ES256', { name, jwk, privateKey: pair.privateKey }, { typ: 'dpop+jwt', jwk: key }, claims);
}

test('/authorize ignores a DPoP header and does not use its proof up (RFC 9449 §4.2)', async () => {
  const browser = await signedIn(app, party, person);
  const good = proof({ htm: 'POST', htu: `${issuer}/token`, iat: now(), jti: randomUUID() });
  for (const dpop of ['', 'x', 'a.b.c', 'e30.e30.', good, good]) {
    const page = await browser.get(authorizeUrl({ issuer, party }, 'v'.repeat(43)), { dpop });
    assert.equal(page.status, 303, dpop);
    assert.ok(page.location?.startsWith(party.redirectUri));
  }
  const fields = { grant_type: 'authorization_code', code_verifier: 'v'.repeat(43), redirect_uri: party.redirectUri };
  const page = await browser.get(authorizeUrl({ issuer, party }, 'v'.repeat(43)));
  const code = new URL(page.location ?? '').searchParams.get('code') ?? '';
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { ...authorization(party), dpop: good },
    body: new URLSearchParams({ ...fields, code }),
  });
  assert.equal(answer.status, 200, 'it was still good');
  assertNoError();
});

test('a DPoP key whose members are arrays is refused (RFC 9449 §4.3)', async () => {
  const { access_token = '', refresh_token = '' } = (
    await redeem(issuer, party, await authorize({ issuer, party, person, params: { scope: 'openid offline_access' } }))
  ).body;
  const odd = Object.keys(jwk).map((name) => ({ ...jwk, [name]: [jwk[name as keyof typeof jwk]] }));
  for (const key of [...odd, { ...jwk, kid: 7 }, [jwk], null, {}, 'x']) {
    const to = (target: string, method: string) =>
      proof({ htm: method, htu: issuer + target, iat: now(), jti: randomUUID() }, key as object);
    for (const fields of [{ grant_type: 'client_credentials' }, { grant_type: 'refresh_token', refresh_token }]) {
      const headers = { ...FORM, ...authorization(party), dpop: to('/token', 'POST') };
      const body = `${new URLSearchParams(fields)}`;
      const answer = await send(issuer, { method: 'POST', target: '/token', headers, body });
      assertOrderly(answer, JSON.stringify(key));
      assert.deepEqual(
        [answer.status, JSON.parse(answer.body).error],
        [400, 'invalid_dpop_proof'],
        JSON.stringify(key),
      );
    }
    const headers = { authorization: `DPoP ${access_token}`, dpop: to('/userinfo', 'GET') };
    const answer = await send(issuer, { target: '/userinfo', headers });
    assert.equal(answer.status, 401, JSON.stringify(key));
    assert.match(answer.headers.get('www-authenticate') ?? '', /^DPoP .*algs="/);
  }
  assert.equal((await refresh(issuer, party, refresh_token)).status, 200);
  assertNoError();
});

const CLAIMS = [
  '{"id_token":{"sub":"x"}}',
  '{"id_token":{"sub":{"value":["x"]}}}',
  '{"id_token":{"email":[]}}',
  '{"userinfo":{"email":true}}',
  '{"userinfo":{"name":{"values":"x"}}}',
];

test('the claims parameter is validated in the request, not when a token is issued (OpenID Connect Core §5.5.1)', async () => {
  const asking = await app.seed.party({ metadata: cibaMetadata() });
  for (const claims of CLAIMS) {
    const url = authorizeUrl({ issuer, party, params: { claims } }, 'v'.repeat(43));
    const location = (await fetch(url, { redirect: 'manual' })).headers.get('location') ?? '';
    assert.equal(new URL(location, issuer).searchParams.get('error'), 'invalid_request', claims);
    const { searchParams } = new URL(url);
    const pushed = await fetch(`${issuer}/par`, {
      method: 'POST',
      headers: authorization(party),
      body: searchParams,
    });
    assert.deepEqual(
      [pushed.status, ((await pushed.json()) as { error?: string }).error],
      [400, 'invalid_request'],
      claims,
    );
    const device = await askForCode(issuer, party, { claims });
    assert.deepEqual([device.status, device.body.error], [400, 'invalid_request'], claims);
    const asked = await askPerson(issuer, asking, { login_hint: person.email, claims });
    assert.deepEqual([asked.status, asked.body.error], [400, 'invalid_request'], claims);
  }
  assertNoError();
});

test('the types in a request object are validated before its signature (RFC 9101 §6.2)', async () => {
  const values = ['{"toString":null}', '{"toString":1,"valueOf":1}', '[{"toString":null}]', 'null', '[[]]', '1'];
  const names = ['scope', 'state', 'response_type', 'redirect_uri', 'nonce', 'prompt', 'claims', 'resource'];
  for (const name of [...names, 'authorization_details', 'max_age', 'login_hint', 'request_uri']) {
    for (const value of values) {
      const payload = Buffer.from(`{"iss":"${party.id}","client_id":"${party.id}","${name}":${value}}`);
      for (const alg of ['none', 'RS256']) {
        const head = Buffer.from(JSON.stringify({ alg })).toString('base64url');
        const request = `${head}.${payload.toString('base64url')}.${alg === 'none' ? '' : 'AA'}`;
        const query = new URLSearchParams({ client_id: party.id, request });
        const what = `${name} ${value} ${alg}`;
        assertOrderly(await send(issuer, { target: `/authorize?${query}` }), what);
        const headers = { ...FORM, ...authorization(party) };
        for (const target of ['/par', '/device_authorization']) {
          const answer = await send(issuer, { method: 'POST', target, headers, body: `${query}` });
          assertOrderly(answer, what);
          assert.equal(answer.status, 400, what);
        }
      }
    }
  }
  assertNoError();
});

test('the types in a client assertion are validated before its signature (RFC 7523 §3)', async () => {
  const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
  for (const name of ['iss', 'sub', 'aud', 'jti', 'exp', 'iat', 'nbf']) {
    for (const value of [
      '{"toString":null}',
      '[{"toString":null}]',
      'null',
      '[[]]',
      '1',
      '{}',
      '"\\u0000"',
      '"\\ud800"',
    ]) {
      const claims = `{"iss":"${party.id}","sub":"${party.id}","${name}":${value}}`;
      const head = Buffer.from('{"alg":"ES256"}').toString('base64url');
      const assertion = `${head}.${Buffer.from(claims).toString('base64url')}.AA`;
      const body = new URLSearchParams({ client_assertion_type: type, client_assertion: assertion, token: 'x' });
      for (const target of [
        '/token',
        '/introspect',
        '/revoke',
        '/par',
        '/device_authorization',
        '/backchannel_authentication',
      ]) {
        const answer = await send(issuer, { method: 'POST', target, headers: FORM, body: `${body}` });
        assertOrderly(answer, `${target} ${name} ${value}`);
        assert.ok([400, 401].includes(answer.status), `${target} ${name} ${value}: ${answer.status}`);
      }
    }
  }
  assertNoError();
});

test('text that Postgres cannot store is refused before it reaches Postgres, in a registration or its change (22P05)', async () => {
  const base = { redirect_uris: ['https://rp.example.com/cb'], token_endpoint_auth_method: 'none' };
  const { body: made } = await register(app, base);
  const path = new URL(made.registration_client_uri).pathname;
  for (const bad of ['\0', '\ud800']) {
    const keys = [
      { ...jwk, kid: bad },
      { ...jwk, x5c: [bad] },
      { ...jwk, [bad]: 1 },
      { ...jwk, extra: { deep: [bad] } },
      { ...jwk, key_ops: [bad] },
      { ...jwk, 'x5t#S256': bad },
    ];
    for (const metadata of [
      ...keys.map((key) => ({ jwks: { keys: [key] } })),
      { jwks: { keys: [jwk], more: bad } },
      { client_name: `a${bad}` },
      { scope: bad },
      { redirect_uris: [`com.example.app:/${bad}`] },
      { logo_uri: `https://rp.example.com/${bad}` },
      { client_uri: `https://rp.example.com/${bad}` },
      { default_acr_values: [bad] },
      { software_statement: bad },
      { [bad]: bad },
    ]) {
      for (const how of [{}, { method: 'PUT', path, token: made.registration_access_token }]) {
        const sent = { ...base, ...metadata, ...('path' in how ? { client_id: made.client_id } : {}) };
        const { status, body } = await register(app, sent, how);
        const what = JSON.stringify(metadata);
        assert.ok([200, 201, 400].includes(status), `${what}: ${status}`);
        if (status === 400) assert.match(body.error, /^invalid_(client_metadata|redirect_uri)$/, what);
        else assert.doesNotMatch(JSON.stringify(body.jwks ?? {}), /u0000|ud800/, what);
      }
    }
  }
  assertNoError();
});

test('a jwks_uri is fetched at registration (RFC 7591 §2): it must answer and contain the keys that the client needs', async (t) => {
  const site = await documentSite(t);
  const base = { redirect_uris: ['https://rp.example.com/cb'], token_endpoint_auth_method: 'private_key_jwt' };
  const { body: made } = await register(app, { ...base, jwks: { keys: [jwk] } });
  const change = {
    method: 'PUT',
    path: new URL(made.registration_client_uri).pathname,
    token: made.registration_access_token,
  };
  const attempt = async (jwks_uri: string, more: object = {}) => {
    const registered = await register(app, { ...base, jwks_uri, ...more });
    const changed = await register(app, { ...base, jwks_uri, ...more, client_id: made.client_id }, change);
    assert.equal(changed.status, registered.status === 201 ? 200 : registered.status);
    if (registered.status === 201) return 201;
    assert.equal(registered.body.error, 'invalid_client_metadata');
    assert.match(registered.body.error_description, /^jwks_uri: /);
    return registered.status;
  };
  const good = site.put('/good', { keys: [{ kty: 'oct', k: 'AA' }, { ...jwk, kid: 7 }, jwk] });
  assert.equal(await attempt(good), 201, 'other keys in the document are ignored');
  assert.equal(await attempt(good, { id_token_encrypted_response_alg: 'ECDH-ES' }), 201);
  assert.equal(await attempt(good, { id_token_encrypted_response_alg: 'RSA-OAEP' }), 400);
  assert.equal(await attempt(good, { token_endpoint_auth_signing_alg: 'PS256' }), 400);
  for (const [path, body] of [
    ['/null', 'null'],
    ['/list', '[]'],
    ['/broken', '{'],
    ['/no-keys', '{"keys":{}}'],
    ['/empty', '{"keys":[]}'],
    ['/odd', '{"keys":[null,1,{"kty":["EC"]}]}'],
  ]) {
    const uri = site.answer(path ?? '', (_request, response) => response.writeHead(200).end(body));
    assert.equal(await attempt(uri), 400, path);
  }
  assert.equal(await attempt(`${site.origin}/nothing`), 400);
  assert.equal(await attempt('https://127.0.0.1:1/jwks'), 400);
  assertNoError();
});

test('a database error caused by a value of the request becomes a 4xx, in one place', async () => {
  const database = app.db.run({ name: '', text: 'SELECT $1::text' }, ['a\0b']);
  await assert.rejects(database, { code: 'malformed_value', status: 400 });
  const date = app.db.run({ name: '', text: 'SELECT $1::timestamptz' }, ['292277026597-01-01']);
  await assert.rejects(date, { code: 'malformed_value', status: 400 });
  const number = app.db.run({ name: '', text: 'SELECT $1::text::int' }, ['9e15']);
  await assert.rejects(number, { code: 'malformed_value', status: 400 });
  const json = app.db.run({ name: '', text: 'SELECT $1::jsonb' }, ['"\\u0000"']);
  await assert.rejects(json, { code: 'malformed_value', status: 400 });
  await assert.rejects(app.db.run({ name: '', text: 'SELECT nothing' }, []), { code: '42703' });
  for (const code of ['ERR_JWS_INVALID', 'ERR_JWK_INVALID', 'ERR_JOSE_NOT_SUPPORTED', 'ERR_JWKS_NO_MATCHING_KEY']) {
    assert.equal(faultOfSender(Object.assign(new Error('x'), { code }))?.status, 400);
  }
  for (const error of [new Error('x'), new TypeError('x'), Object.assign(new Error('x'), { code: 'ECONNRESET' }), 1]) {
    assert.equal(faultOfSender(error), undefined);
  }
});
