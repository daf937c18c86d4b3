import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { deployment } from '../helpers/deployment.ts';
import { authorization } from '../helpers/relying_party.ts';
import { tokensFor } from './support.ts';

/** What scripts of other origins may send and read (Fetch Standard §3.3). */

const app = await deployment({ after }, { env: { CARDEA_REGISTRATION: 'open', CARDEA_TOKEN_STATUS_LIST: 'true' } });
const limited = await deployment({ after }, { env: { CARDEA_RATE_LIMIT: '1' } });
const ORIGIN = 'https://rp.example.com';
const STRANGE = 'https://evil.test';
const spa = await app.seed.party({ public: true, metadata: { redirect_uris: [`${ORIGIN}/cb`] } });
const confidential = await app.seed.party({ metadata: { redirect_uris: [`${ORIGIN}/cb`] } });
const person = await app.seed.person();
const { tokens } = await tokensFor(app, spa, person);

const FOR_CLIENTS = ['/token', '/userinfo', '/revoke', '/introspect', '/par', '/device_authorization'];
const DOCUMENTS = [
  '/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server',
  '/.well-known/jwks.json',
];

const listOf = (value: string | null) => (value ?? '').toLowerCase().split(/, */);

/** Whether a browser would let a script of that origin read the response and these headers of it. */
function assertReadable(response: Response, what: string, origin = ORIGIN): void {
  const allowed = response.headers.get('access-control-allow-origin') ?? '';
  assert.ok([origin, '*'].includes(allowed), `${what}: ${response.status} ${allowed}`);
  assert.equal(response.headers.get('access-control-allow-credentials'), null, what);
  if (allowed !== '*') assert.ok(listOf(response.headers.get('vary')).includes('origin'), what);
  const exposed = listOf(response.headers.get('access-control-expose-headers'));
  for (const name of ['www-authenticate', 'dpop-nonce', 'retry-after', 'ratelimit', 'ratelimit-policy'])
    if (response.headers.has(name)) assert.ok(exposed.includes(name), `${what}: ${name} is hidden`);
}

const ask = (path: string, init: RequestInit = {}, origin = ORIGIN, { issuer } = app) =>
  fetch(new URL(path, issuer), { ...init, headers: { origin, ...init.headers } });
const form = (fields: Record<string, string>, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  body: new URLSearchParams(fields),
  headers,
});

for (const [path, method] of [
  ...FOR_CLIENTS.map((one) => [one, 'POST'] as const),
  ['/userinfo', 'GET'],
  ...DOCUMENTS.map((one) => [one, 'GET'] as const),
  ['/register', 'POST'],
  ['/register/x', 'PUT'],
  ['/status-lists/x', 'GET'],
] as const) {
  test(`${method} ${path}: a preflight is allowed for any header, as it needs no cookie`, async () => {
    const headers = {
      'access-control-request-method': method,
      'access-control-request-headers': 'authorization,content-type,dpop,mcp-protocol-version',
    };
    const response = await ask(path, { method: 'OPTIONS', headers });
    assert.equal(response.status, 204);
    assertReadable(response, path);
    assert.ok(listOf(response.headers.get('access-control-allow-methods')).includes(method.toLowerCase()));
    for (const name of listOf(headers['access-control-request-headers']))
      assert.ok(listOf(response.headers.get('access-control-allow-headers')).includes(name), name);
    assert.match(response.headers.get('access-control-max-age') ?? '', /^\d+$/);
  });
}

test('OPTIONS that is no preflight names the methods (RFC 9110 §9.3.7)', async () => {
  for (const path of [...FOR_CLIENTS, ...DOCUMENTS, '/register']) {
    const response = await fetch(new URL(path, app.issuer), { method: 'OPTIONS' });
    assert.equal(response.status, 204, path);
    assert.ok(listOf(response.headers.get('allow')).includes(DOCUMENTS.includes(path) ? 'get' : 'post'), path);
  }
});

test('documents can be read by scripts of all origins', async () => {
  for (const path of DOCUMENTS) assertReadable(await ask(path, {}, STRANGE), path, STRANGE);
});

test('a public client reads its responses and its errors at the origins of its redirect URIs, and nowhere else', async () => {
  const requests: Record<string, readonly [path: string, init: RequestInit, status: number]> = {
    'a token error': ['/token', form({ client_id: spa.id, grant_type: 'refresh_token', refresh_token: 'x' }), 400],
    'a bad proof': ['/token', form({ client_id: spa.id, grant_type: 'refresh_token' }, { dpop: 'x' }), 400],
    refresh: [
      '/token',
      form({ client_id: spa.id, grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' }),
      200,
    ],
    userinfo: ['/userinfo', { headers: { authorization: `Bearer ${tokens.access_token}` } }, 200],
    introspection: ['/introspect', form({ client_id: spa.id, token: tokens.access_token }), 200],
    revocation: ['/revoke', form({ client_id: spa.id, token: 'x' }), 200],
    'a pushed request that is incomplete': ['/par', form({ client_id: spa.id }), 400],
    'no device': ['/device_authorization', form({ client_id: spa.id, scope: 'openid' }), 400],
  };
  for (const [what, [path, init, status]] of Object.entries(requests)) {
    const stranger = await ask(path, what === 'refresh' ? form({ client_id: spa.id }) : init, STRANGE);
    assert.equal(stranger.headers.get('access-control-allow-origin'), null, what);
    const own = await ask(path, init);
    assert.equal(own.status, status, `${what}: ${await own.text()}`);
    assertReadable(own, what);
  }
});

test('a client with a secret is not for browsers: it gets no response there but its userinfo', async () => {
  const machine = form({ grant_type: 'client_credentials' }, authorization(confidential));
  const refused = await ask('/token', machine);
  assert.deepEqual([refused.status, refused.headers.get('access-control-allow-origin')], [400, null]);
  const { tokens: own } = await tokensFor(app, confidential, person);
  assertReadable(await ask('/userinfo', { headers: { authorization: `Bearer ${own.access_token}` } }), 'userinfo');
});

test('errors can be read that come before a client is known: 400, 401, 405, 413, 415', async () => {
  const errors: Record<string, readonly [path: string, init: RequestInit, status: number]> = {
    'an unknown client': ['/token', form({ client_id: 'nobody' }), 401],
    'no client': ['/revoke', form({ token: 'x' }), 401],
    'no token': ['/userinfo', {}, 401],
    'a wrong token': ['/userinfo', { headers: { authorization: 'Bearer x' } }, 401],
    'a wrong method': ['/token', {}, 405],
    'a wrong method for a document': ['/.well-known/jwks.json', { method: 'POST' }, 405],
    'a long body': ['/token', form({ x: 'x'.repeat(57 * 1_024) }), 413],
    'a malformed media type': ['/token', { method: 'POST', body: 'x', headers: { 'content-type': 'x' } }, 415],
    'a malformed registration': [
      '/register',
      { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } },
      400,
    ],
    'a wrong registration token': ['/register/x', { headers: { authorization: 'Bearer x' } }, 401],
    'no status list': ['/status-lists/nothing', {}, 404],
  };
  for (const [what, [path, init, status]] of Object.entries(errors)) {
    const response = await ask(path, init);
    assert.equal(response.status, status, `${what}: ${await response.text()}`);
    assertReadable(response, what);
  }
});

test('429 can be read, with Retry-After', async () => {
  for (const status of [401, 429]) {
    const response = await ask('/token', form({ client_id: 'nobody' }), ORIGIN, limited);
    assert.equal(response.status, status);
    assertReadable(response, String(status));
    if (status === 429) assert.ok(response.headers.get('retry-after'));
  }
});

test('pages cannot be read by scripts of other origins', async () => {
  for (const path of ['/', '/authorize', '/login/x', '/logout', '/device', '/account'])
    assert.equal((await ask(path, { redirect: 'manual' })).headers.get('access-control-allow-origin'), null, path);
});
