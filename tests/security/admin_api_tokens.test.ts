import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { decodeJwt, decodeProtectedHeader, UnsecuredJWT } from 'jose';
import { ath, makeKey, now, signProof } from '../flows/dpop_deployment.ts';
import { post } from '../flows/support.ts';
import {
  apiOf,
  bearer,
  callApi,
  console,
  machine,
  machineToken,
  operator,
  personToken,
  signAsServer,
} from '../helpers/admin_api.ts';
import { makeIdentity } from '../helpers/certificates.ts';
import { deployment, neighbour } from '../helpers/deployment.ts';
import { authorization, token } from '../helpers/relying_party.ts';
import { until } from '../helpers/waiting.ts';

/**
 * Tokens at the admin API (RFC 6750, RFC 9068 §4, RFC 8725). Revoked ones are refused (Casdoor CVE-2026-9097), and so are
 * copies of bound ones.
 */
const scope = { after };
const app = await deployment(scope, {
  env: { CARDEA_CLIENT_CERTIFICATE_HEADER: 'X-SSL-Client-Cert', CARDEA_TRUSTED_PROXIES: '127.0.0.1,::1' },
});
const strict = await neighbour(scope, app, { env: { CARDEA_DPOP_NONCE: 'required' } });
const { issuer, seed } = app;
const API = apiOf(app);
const ME = `${API}/me`;
const SCOPE = 'cardea:users:read cardea:clients:read';
const robot = await machine(app, SCOPE);
const web = await console(app, `openid ${SCOPE}`);
const admin = await operator(app, 'cardea-admin');
const valid = await machineToken(app, robot, SCOPE);
const claims = decodeJwt(valid);
const [key, otherKey] = [await makeKey(), await makeKey()];
const bound = await boundToken();
const identity = await makeIdentity({ subject: 'CN=robot' });
const otherIdentity = await makeIdentity({ subject: 'CN=robot' });
const rotating = await rotatingDeployment();

/** Another issuer, whose key is replaced. */
async function rotatingDeployment() {
  const own = await deployment(scope);
  const party = await machine(own, SCOPE);
  return { app: own, party, access: await machineToken(own, party, SCOPE) };
}

async function boundToken(): Promise<string> {
  const proof = await signProof(key, { htm: 'POST', htu: `${issuer}/token` });
  const fields = { grant_type: 'client_credentials', scope: SCOPE };
  const { body } = await post(app, '/token', fields, { ...authorization(robot), dpop: proof });
  assert.equal(body.token_type, 'DPoP');
  return body.access_token ?? '';
}

const proofFor = (access: string, more: object = {}, by = key) =>
  signProof(by, { htm: 'GET', htu: ME, ath: ath(access), ...more });

const forwarded = ({ pem }: { readonly pem: string }) => ({ 'x-ssl-client-cert': encodeURIComponent(pem) });

/** What a refusal says: status, and the code in the challenge. */
async function refusalOf(headers: Readonly<Record<string, string>>, at: { readonly issuer: string } = app) {
  const { status, challenge } = await callApi(at, '/me', { headers });
  return { status, error: /error="([a-z_]+)"/.exec(challenge)?.[1] };
}

const INVALID_TOKEN = { status: 401, error: 'invalid_token' };
const INVALID_REQUEST = { status: 400, error: 'invalid_request' };
const INVALID_PROOF = { status: 401, error: 'invalid_dpop_proof' };
const MISSING = { status: 401, error: undefined };

test('a valid token is accepted, under both spellings of its scheme', async () => {
  for (const scheme of ['Bearer', 'bearer', 'BEARER ']) {
    assert.equal((await callApi(app, '/me', { headers: { authorization: `${scheme} ${valid}` } })).status, 200);
  }
});

test('HEAD answers as GET does, without the content (RFC 9110 §9.3.2)', async () => {
  const { status, body, headers } = await callApi(app, '/me', { method: 'HEAD', headers: bearer(valid) });
  assert.deepEqual([status, body, headers.get('content-type')], [200, undefined, 'application/json; charset=utf-8']);
  assert.equal((await callApi(app, '/me', { method: 'HEAD' })).status, 401);
});

test('without a token the challenge has no error code, and names the metadata (RFC 6750 §3.1, RFC 9728 §5.1)', async () => {
  for (const headers of [{}, authorization(robot)]) {
    const { status, challenge, body, headers: sent } = await callApi(app, '/me', { headers });
    assert.equal(status, 401);
    assert.match(challenge, /^Bearer resource_metadata="[^"]+", DPoP algs="[A-Za-z0-9 ]+", resource_metadata="[^"]+"$/);
    assert.match(sent.get('content-type') ?? '', /^application\/problem\+json/);
    assert.ok(String(body.type).endsWith('/missing_token'));
  }
});

test('a token without the scope is told which one (RFC 6750 §3.1 insufficient_scope)', async () => {
  const { status, challenge, body } = await callApi(app, '/groups', { headers: bearer(valid) });
  assert.equal(status, 403);
  assert.match(challenge, /^Bearer error="insufficient_scope", .*scope="cardea:groups:read"/);
  assert.ok(String(body.type).endsWith('/insufficient_scope'));
});

test('a person without the permission is refused without a challenge: another token would not help', async () => {
  const access = await personToken(app, web, await operator(app), SCOPE);
  const groups = await console(app, 'openid cardea:groups:read');
  const other = await personToken(app, groups, await operator(app, 'accountant'), 'cardea:groups:read');
  for (const [jwt, hasChallenge] of [
    [access, true],
    [other, false],
  ] as const) {
    const { status, challenge } = await callApi(app, '/groups', { headers: bearer(jwt) });
    assert.deepEqual([status, challenge !== ''], [403, hasChallenge]);
  }
});

test('the token is checked before the body is read', async () => {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' };
  assert.equal((await callApi(app, '/groups', init)).status, 401);
});

test('a malformed request is refused with 400 (RFC 6750 §3.1)', async () => {
  for (const value of ['Bearer', 'Bearer ', `Bearer ${valid} ${valid}`, `Bearer ${valid},${valid}`, 'Bearer <token>']) {
    assert.deepEqual(await refusalOf({ authorization: value }), INVALID_REQUEST, value.slice(0, 20));
  }
});

test('a token counts in the header alone, and once (RFC 9700 §4.3.2)', async () => {
  for (const headers of [bearer(valid), {}]) {
    const { status } = await callApi(app, `/me?access_token=${valid}`, { headers });
    assert.equal(status, 400);
  }
  const twice = await fetch(ME, {
    headers: [
      ['Authorization', `Bearer ${valid}`],
      ['Authorization', `Bearer ${valid}`],
    ],
  });
  assert.equal(twice.status, 400);
});

describe('a token with a valid signature is refused', () => {
  const wrong: Readonly<Record<string, readonly [object, object?]>> = {
    'of another issuer': [{ iss: 'https://evil.example.com' }],
    'for another API': [{ aud: 'https://api.example.com' }],
    'for the issuer': [{ aud: issuer }],
    'for a path below the API': [{ aud: `${API}/` }],
    'without an audience': [{ aud: undefined }],
    'that has expired': [{ exp: now() - 1 }],
    'that never expires': [{ exp: undefined }],
    'before its time': [{ nbf: now() + 60 }],
    'of the general type': [{}, { typ: 'JWT' }],
    'of a logout token': [{}, { typ: 'logout+jwt' }],
    'without a type': [{}, { typ: undefined }],
    'without an id': [{ jti: undefined }],
    'without a client': [{ client_id: undefined }],
    'of an unknown client': [{ client_id: 'unknown', sub: 'unknown' }],
    'whose subject is a person without a grant': [{ sub: admin.id }],
    'of a grant that does not exist': [{ sub: admin.id, cardea_grant: 'unknown.0' }],
    'of an exchange': [{ cardea_grant: 'unknown.0.x' }],
  };
  for (const [what, [change, header]] of Object.entries(wrong)) {
    test(what, async () => {
      const jwt = await signAsServer(app, { ...claims, ...change }, header);
      assert.deepEqual(await refusalOf(bearer(jwt)), INVALID_TOKEN);
    });
  }
  test('and is accepted without a change', async () => {
    assert.equal((await callApi(app, '/me', { headers: bearer(await signAsServer(app, claims)) })).status, 200);
  });
});

test('a token without a signature of this server is refused (RFC 8725 §3.1)', async () => {
  const stranger = await makeKey();
  const [head = '', payload = '', signature = ''] = valid.split('.');
  const forged = [
    new UnsecuredJWT(claims).encode(),
    await signProof(stranger, claims, { typ: 'at+jwt' }),
    `${head}.${payload}.`,
    `${head}.${payload}.${signature.slice(0, -8)}AAAAAAAA`,
    'opaque',
    `${head}.${payload}`,
    `${valid}.${valid}`,
  ];
  for (const jwt of forged) assert.deepEqual(await refusalOf(bearer(jwt)), INVALID_TOKEN, jwt.slice(-40));
});

test('an ID token and an opaque access token are refused', async () => {
  const { body } = await token(issuer, await seed.party(), { grant_type: 'client_credentials' });
  assert.deepEqual(await refusalOf(bearer(body.access_token ?? '')), INVALID_TOKEN);
});

describe('a token that is bound to a DPoP key (RFC 9449 §7)', () => {
  const dpop = (access: string, proof: string) => ({ authorization: `DPoP ${access}`, dpop: proof });

  test('is accepted with a proof, and each proof once, on any node', async () => {
    const headers = dpop(bound, await proofFor(bound));
    assert.equal((await callApi(app, '/me', { headers })).status, 200);
    assert.deepEqual(await refusalOf(headers), INVALID_PROOF);
    const proof = await proofFor(bound);
    const parallel = await Promise.all(Array.from({ length: 8 }, () => refusalOf(dpop(bound, proof))));
    assert.equal(parallel.filter(({ status }) => status === 200).length, 1);
  });

  test('is no bearer token, and its copy without the key is useless', async () => {
    assert.deepEqual(await refusalOf(bearer(bound)), INVALID_TOKEN);
    const { challenge } = await callApi(app, '/me', { headers: bearer(bound) });
    assert.match(challenge, /^DPoP error="invalid_token".*algs="/);
    assert.deepEqual(await refusalOf({ authorization: `DPoP ${bound}` }), INVALID_TOKEN);
    assert.deepEqual(await refusalOf(dpop(bound, await proofFor(bound, {}, otherKey))), INVALID_TOKEN);
    assert.deepEqual(await refusalOf({ ...bearer(bound), dpop: await proofFor(bound) }), INVALID_TOKEN);
  });

  test('needs a proof of this request, token and time', async () => {
    const wrong: Readonly<Record<string, object>> = {
      method: { htm: 'POST' },
      url: { htu: `${API}/users` },
      host: { htu: 'https://evil.example.com/api/v1/me' },
      token: { ath: ath(valid) },
      'no token': { ath: undefined },
      time: { iat: now() - 3_600 },
      'no id': { jti: undefined },
    };
    for (const [what, change] of Object.entries(wrong)) {
      const { status } = await refusalOf(dpop(bound, await proofFor(bound, change)));
      assert.equal(status, 401, what);
    }
    assert.deepEqual(await refusalOf(dpop(bound, 'no.jwt.here')), INVALID_PROOF);
    const proof = await signProof(key, { htm: 'GET', htu: ME, ath: ath(bound) }, { typ: 'JWT' });
    assert.deepEqual(await refusalOf(dpop(bound, proof)), INVALID_PROOF);
  });

  test('a proof names the URL without its query (RFC 9449 §4.3)', async () => {
    const headers = dpop(bound, await proofFor(bound, { htu: `${API}/groups` }));
    const { status } = await callApi(app, '/groups?limit=1', { headers });
    assert.equal(status, 403, 'the proof is accepted, and the token has another scope');
  });

  test('needs a nonce where the server demands one, and gets it (RFC 9449 §9)', async () => {
    const at = { issuer: strict.app.http.listeningOrigin };
    const first = await callApi(at, '/me', { headers: dpop(bound, await proofFor(bound)) });
    assert.equal(first.status, 401);
    assert.match(first.challenge, /error="use_dpop_nonce"/);
    const nonce = first.headers.get('dpop-nonce') ?? '';
    const second = await callApi(at, '/me', { headers: dpop(bound, await proofFor(bound, { nonce })) });
    assert.equal(second.status, 200);
    assert.deepEqual(await refusalOf(dpop(bound, await proofFor(bound, { nonce: 'made-up' })), at), {
      status: 401,
      error: 'use_dpop_nonce',
    });
  });

  test('a token that is bound to none is refused with a proof', async () => {
    assert.deepEqual(await refusalOf(dpop(valid, await proofFor(valid))), INVALID_TOKEN);
    assert.deepEqual(await refusalOf({ ...bearer(valid), dpop: await proofFor(valid) }), INVALID_TOKEN);
  });
});

test('a token that is bound to a certificate is accepted with that one alone (RFC 8705 §3)', async () => {
  const party = await machine(app, SCOPE, { tls_client_certificate_bound_access_tokens: true });
  const fields = { grant_type: 'client_credentials', scope: SCOPE };
  const { body } = await post(app, '/token', fields, { ...authorization(party), ...forwarded(identity) });
  const access = body.access_token ?? '';
  assert.equal((await callApi(app, '/me', { headers: { ...bearer(access), ...forwarded(identity) } })).status, 200);
  assert.deepEqual(await refusalOf(bearer(access)), INVALID_TOKEN);
  assert.deepEqual(await refusalOf({ ...bearer(access), ...forwarded(otherIdentity) }), INVALID_TOKEN);
});

describe('what ends a token or takes a permission away counts at once', () => {
  const permissionsOf = async (access: string) =>
    (await callApi(app, '/me', { headers: bearer(access) })).body.permissions as unknown;

  test('the client loses a scope, its grant type, or is deleted', async () => {
    const party = await machine(app, SCOPE);
    const access = await machineToken(app, party, SCOPE);
    assert.deepEqual(await permissionsOf(access), ['users:read', 'clients:read']);
    await seed.clients.update(party.id, { metadata: { scope: 'cardea:clients:read' } });
    assert.deepEqual(await permissionsOf(access), ['clients:read']);
    await seed.clients.update(party.id, {
      metadata: {
        grant_types: ['authorization_code'],
        response_types: ['code'],
        redirect_uris: ['https://rp.example.com/'],
      },
    });
    assert.deepEqual(await refusalOf(bearer(access)), INVALID_TOKEN);
    await seed.clients.remove(party.id);
    assert.deepEqual(await refusalOf(bearer(access)), INVALID_TOKEN);
  });

  test('a node that has not heard of the change yet reads the client again', async () => {
    const party = await machine(app, SCOPE);
    const access = await machineToken(app, party, SCOPE);
    assert.deepEqual(await permissionsOf(access), ['users:read', 'clients:read']);
    // In SQL, because every operation also tells the nodes.
    const text = `UPDATE clients SET metadata = jsonb_set(metadata, '{scope}', '"openid"'), updated_at = now() + interval '1 second' WHERE id = $1`;
    await app.db.run({ name: '', text }, [party.id]);
    assert.deepEqual(await permissionsOf(access), []);

    const used = await console(app, `openid ${SCOPE}`);
    const ofPerson = await personToken(app, used, admin, SCOPE);
    assert.equal((await callApi(app, '/me', { headers: bearer(ofPerson) })).status, 200);
    const demand = `UPDATE clients SET second_factor_required = true, updated_at = now() + interval '1 second' WHERE id = $1`;
    await app.db.run({ name: '', text: demand }, [used.id]);
    assert.deepEqual(await refusalOf(bearer(ofPerson)), INVALID_TOKEN);
  });

  test('the client has to bind its tokens from now on', async () => {
    const party = await machine(app, SCOPE);
    const access = await machineToken(app, party, SCOPE);
    await seed.clients.update(party.id, { metadata: { dpop_bound_access_tokens: true } });
    assert.deepEqual(await refusalOf(bearer(access)), INVALID_TOKEN);
  });

  test('the token is revoked (RFC 7009)', async () => {
    const party = await machine(app, SCOPE);
    const access = await machineToken(app, party, SCOPE);
    await post(app, '/revoke', { token: access }, authorization(party));
    assert.deepEqual(await refusalOf(bearer(access)), INVALID_TOKEN);
  });

  test('the person loses a role, is disabled, or the app is no longer of the operator', async () => {
    const person = await operator(app, 'cardea-operator', 'cardea-auditor');
    const party = await console(app, `openid ${SCOPE} cardea:users:write`);
    const access = await personToken(app, party, person, `${SCOPE} cardea:users:write`);
    assert.deepEqual(await permissionsOf(access), ['users:read', 'users:write', 'clients:read']);
    await seed.accounts.setRoles(person.id, ['cardea-auditor']);
    assert.deepEqual(await permissionsOf(access), ['users:read', 'clients:read']);
    await seed.accounts.setRoles(person.id, []);
    assert.deepEqual(await permissionsOf(access), []);
    await seed.clients.update(party.id, { firstParty: false });
    assert.deepEqual(await refusalOf(bearer(access)), INVALID_TOKEN);
    await seed.clients.update(party.id, { firstParty: true });
    assert.equal((await callApi(app, '/me', { headers: bearer(access) })).status, 200);
    await seed.accounts.disable(person.id);
    assert.deepEqual(await refusalOf(bearer(access)), INVALID_TOKEN);
  });

  test('a second factor is required for the app now', async () => {
    const party = await console(app, `openid ${SCOPE}`);
    const access = await personToken(app, party, admin, SCOPE);
    await seed.clients.update(party.id, { secondFactorRequired: true });
    assert.deepEqual(await refusalOf(bearer(access)), INVALID_TOKEN);
  });

  test('the person signs out, and the token ends with the session', async () => {
    const access = await personToken(app, web, admin, SCOPE);
    await app.db.run({ name: '', text: 'DELETE FROM sessions WHERE account_id = $1' }, [admin.id]);
    assert.deepEqual(await refusalOf(bearer(access)), INVALID_TOKEN);
  });

  test('the signing key is revoked; one that only signs no more is still accepted', async () => {
    const { kid = '' } = decodeProtectedHeader(rotating.access);
    await rotating.app.app.keyRing.rotate({ now: true });
    const renewed = async () =>
      decodeProtectedHeader(await machineToken(rotating.app, rotating.party, SCOPE)).kid !== kid;
    await until('a new key signs', renewed);
    assert.equal((await callApi(rotating.app, '/me', { headers: bearer(rotating.access) })).status, 200);
    await rotating.app.app.keyRing.revoke(kid);
    const isRefused = async () => (await refusalOf(bearer(rotating.access), rotating.app)).status === 401;
    await until('the token is refused', isRefused);
  });
});

test('at most one statement for a machine and two for a person, when caches are filled', async () => {
  const access = await personToken(app, web, admin, SCOPE);
  for (const [jwt, most] of [
    [valid, 1],
    [access, 2],
  ] as const) {
    await callApi(app, '/me', { headers: bearer(jwt) });
    app.statements.length = 0;
    assert.equal((await callApi(app, '/me', { headers: bearer(jwt) })).status, 200);
    assert.ok(app.statements.length <= most, app.statements.join('\n'));
  }
  assert.deepEqual(await refusalOf({}), MISSING);
});
