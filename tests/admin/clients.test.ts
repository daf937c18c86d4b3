import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Value } from 'typebox/value';
import { ROUTES } from '../../server/admin/routes.ts';
import { matchesSecrets } from '../../server/clients/secrets.ts';
import { ACCOUNT_CLIENT_ID } from '../../server/oidc/sessions.ts';
import { clients as operations } from '../../server/operations/clients.ts';
import type { Call } from '../../server/operations/operation.ts';
import { adminApi } from '../helpers/admin.ts';
import { deployment } from '../helpers/deployment.ts';
import { actor } from '../helpers/operations.ts';
import { remember } from '../helpers/secrets.ts';

/** Clients in the admin API. */

const scope = { after };
const app = await deployment(scope);
const api = await adminApi(scope, app);
const second = await adminApi(scope, app);
const inProduction = await adminApi(scope, { ...app, issuer: 'https://id.example.com' });
await app.seed.resourceServer({ identifier: 'https://orders.example', name: 'Orders', scopes: ['orders:read'] });

const SHOP = { client_name: 'Shop', redirect_uris: ['https://shop.example/cb'], scope: 'openid email' };
const ANY = { 'if-match': '*' };

async function created(body: object = {}) {
  const answer = await api.request('POST', '/clients', { body: { ...SHOP, ...body } });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  if (answer.body.client_secret) remember('client_secret', answer.body.client_secret);
  return answer.body;
}

async function patched(id: string, body: object) {
  const answer = await api.request('PATCH', `/clients/${id}`, { headers: ANY, body });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
}

const shown = async (id: string) => (await api.request('GET', `/clients/${encodeURIComponent(id)}`)).body;
const auditOf = async (id: string) =>
  app.db.run<{ action: string; changes: Record<string, unknown> }>(
    { name: '', text: 'SELECT action, changes FROM audit WHERE target_id = $1 ORDER BY id' },
    [id],
  );

test('a client is created with its secret, which no other answer and no entry of the audit has', async () => {
  const answer = await api.request('POST', '/clients', { body: SHOP });
  const { client_secret, client_id, warnings, created_at, updated_at, ...rest } = answer.body;
  remember('client_secret', client_secret);
  assert.match(client_secret, /^[\w-]{43}$/);
  assert.equal(answer.headers.location, `/api/v1/clients/${client_id}`);
  assert.deepEqual(warnings, []);
  assert.deepEqual(rest, {
    version: 1,
    client_name: 'Shop',
    kind: 'operator',
    managed_by: null,
    first_party: false,
    demo: false,
    second_factor_required: false,
    redirect_uris: ['https://shop.example/cb'],
    post_logout_redirect_uris: [],
    scope: 'openid email',
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_basic',
    application_type: 'web',
    pkce: 'auto',
    pkce_needed: 'without_nonce',
    id_token_claims: 'full',
  });
  const again = await api.request('GET', `/clients/${client_id}`);
  assert.deepEqual(again.body, { client_id, ...rest, created_at, updated_at });
  assert.equal(again.headers.etag, answer.headers.etag);
  const listed = await api.request('GET', `/clients?filter=${encodeURIComponent(`client_id eq "${client_id}"`)}`);
  assert.deepEqual(listed.body.items, [again.body]);
  const entries = await auditOf(client_id);
  assert.deepEqual(
    entries.map(({ action }) => action),
    ['clients.create'],
  );
  assert.deepEqual(entries[0]?.changes.client_secret, {});
  assert.equal(JSON.stringify(entries).includes(client_secret), false);
});

test('a client keeps the id that it had on another server, which nobody else can take', async () => {
  const { client_id } = await created({ client_id: 'shop-of-old' });
  assert.equal(client_id, 'shop-of-old');
  const taken = await api.request('POST', '/clients', { body: { ...SHOP, client_id } });
  assert.deepEqual([taken.status, taken.body.type.split('/').at(-1)], [409, 'client_exists']);
});

/** A value for each member that a change may name, as far as they go together. */
const ALL = {
  client_name: 'Web shop',
  first_party: true,
  second_factor_required: true,
  introspect: 'all',
  claim_mapping: [{ claim: 'tenant', into: ['id_token'], from: { static: 'a' } }],
  token_exchange: { subject_clients: ['other'], targets: ['https://orders.example'], delegation: true },
  redirect_uris: ['https://shop.example/cb', 'https://shop.example/cb2'],
  post_logout_redirect_uris: ['https://shop.example/bye'],
  grant_types: ['authorization_code', 'refresh_token'],
  scope: 'openid orders:read',
  jwks_uri: 'https://shop.example/jwks.json',
  client_uri: 'https://shop.example/',
  logo_uri: 'https://shop.example/logo.png',
  policy_uri: 'https://shop.example/privacy',
  tos_uri: 'https://shop.example/terms',
  profile: 'oauth21',
  pkce: 'required',
  id_token_claims: 'minimal',
  default_max_age: 600,
  require_auth_time: true,
  default_acr_values: ['urn:cardea:acr:2fa'],
  initiate_login_uri: 'https://shop.example/start',
  id_token_signed_response_alg: 'PS256',
  userinfo_signed_response_alg: 'RS256',
  introspection_signed_response_alg: 'PS256',
  authorization_signed_response_alg: 'PS256',
  request_object_signing_alg: 'ES256',
  require_signed_request_object: false,
  backchannel_logout_uri: 'https://shop.example/out',
  backchannel_logout_session_required: true,
  dpop_bound_access_tokens: true,
  require_pushed_authorization_requests: false,
};

test('all metadata can be changed, and null removes a member again (RFC 7396)', async () => {
  // The keys behind jwks_uri are fetched, and there is nothing there.
  const { jwks_uri: _, request_object_signing_alg: __, ...all } = ALL;
  const { client_id } = await created();
  const { version, created_at, updated_at, warnings, ...changed } = await patched(client_id, all);
  assert.equal(version, 2);
  const { token_exchange, ...others } = all;
  for (const [name, value] of Object.entries(others)) assert.deepEqual(changed[name], value, name);
  assert.deepEqual(changed.token_exchange, { ...token_exchange, subject_audiences: [], impersonation: false });
  assert.deepEqual(await shown(client_id), { ...changed, version, created_at, updated_at });
  const { client_name: ___, redirect_uris: ____, ...removable } = all;
  const bare = await patched(client_id, Object.fromEntries(Object.keys(removable).map((name) => [name, null])));
  assert.deepEqual([bare.client_name, bare.redirect_uris], [all.client_name, all.redirect_uris]);
  assert.deepEqual(
    Object.keys(bare)
      .filter((name) => name in removable)
      .toSorted(),
    [...['first_party', 'second_factor_required', 'post_logout_redirect_uris', 'grant_types', 'scope']]
      .concat('pkce', 'id_token_claims')
      .toSorted(),
  );
  assert.deepEqual([bare.first_party, bare.pkce, bare.scope.split(' ')[0]], [false, 'auto', 'openid']);
});

test('members of an object are merged, and lists are replaced (RFC 7396)', async () => {
  const { client_id } = await created({ token_exchange: ALL.token_exchange });
  const merged = await patched(client_id, { token_exchange: { impersonation: true, delegation: null } });
  assert.deepEqual(merged.token_exchange, {
    subject_clients: ['other'],
    subject_audiences: [],
    targets: ['https://orders.example'],
    delegation: false,
    impersonation: true,
  });
  const listed = await patched(client_id, { redirect_uris: ['https://shop.example/new'] });
  assert.deepEqual(listed.redirect_uris, ['https://shop.example/new']);
});

test('PUT replaces all metadata: what it leaves out gets its default, and the secret stays', async () => {
  const { client_id, client_secret } = await created({ ...SHOP, client_uri: ALL.client_uri, first_party: true });
  const { etag } = (await api.request('GET', `/clients/${client_id}`)).headers;
  const answer = await api.request('PUT', `/clients/${client_id}`, {
    headers: { 'if-match': String(etag) },
    body: { client_name: 'Other', redirect_uris: SHOP.redirect_uris },
  });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  const { body } = answer;
  assert.deepEqual([body.client_name, body.client_uri, body.first_party, body.version], ['Other', undefined, false, 2]);
  const client = await app.seed.clients.find(client_id);
  assert.ok(client && matchesSecrets(client, client_secret, Date.now()));
  const unchanged = await api.request('PUT', `/clients/${client_id}`, {
    headers: ANY,
    body: { client_name: 'Other', redirect_uris: SHOP.redirect_uris, opened_scopes: [], claim_mapping: [] },
  });
  assert.equal(unchanged.body.version, 2, 'defaults that are written out change nothing');
});

test('what a caller cannot decide is refused with its place, and so is a value that is not allowed', async () => {
  const { client_id } = await created();
  const members = ['client_id', 'client_secret', 'version', 'kind', 'managed_by', 'demo', 'builtin', 'secret_hash'];
  const answer = await api.request('PATCH', `/clients/${client_id}`, {
    headers: ANY,
    body: Object.fromEntries(members.map((name) => [name, null])),
  });
  assert.equal(answer.status, 400);
  assert.deepEqual(
    answer.body.errors.map(({ pointer }: { pointer: string }) => pointer).toSorted(),
    members.map((name) => `/${name}`).toSorted(),
  );
  const wrong = await api.request('PATCH', `/clients/${client_id}`, { headers: ANY, body: { pkce: 'sometimes' } });
  assert.deepEqual(wrong.body.errors[0].pointer, '/pkce');
  assert.match(wrong.body.errors[0].detail, /\brequired, auto, off\b/);
  for (const [field, body] of [
    ['redirect_uris', { redirect_uris: ['javascript:alert(1)'] }],
    ['client_name', { client_name: '\u202e' }],
    ['opened_scopes', { opened_scopes: ['groups'] }],
    ['token_exchange.targets', { token_exchange: { subject_clients: ['x'], delegation: true } }],
  ] as const) {
    const refused = await api.request('PATCH', `/clients/${client_id}`, { headers: ANY, body });
    assert.deepEqual([refused.status, refused.body.detail.startsWith(`${field}: `)], [400, true], refused.body.detail);
  }
  assert.equal((await shown(client_id)).version, 1);
});

test('a value that is nested too deeply is refused', async () => {
  const { client_id } = await created();
  const of = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  const nested = (depth: number) =>
    `{"claim_mapping": [{"claim": "c", "into": ["id_token"], "from": {"static": ${of(depth)}}}]}`;
  for (const [body, status] of [
    [nested(20), 200],
    [nested(40), 400],
    [nested(30_000), 400],
    [`{"token_exchange": ${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`, 400],
  ] as const) {
    const answer = await api.request('PATCH', `/clients/${client_id}`, { headers: ANY, body });
    assert.equal(answer.status, status);
  }
});

test('each change needs If-Match, and one that is stale changes nothing (RFC 9110 §13.1.1)', async () => {
  const { client_id } = await created();
  const path = `/clients/${client_id}`;
  for (const [method, body] of [
    ['PATCH', { client_name: 'X' }],
    ['PUT', { client_name: 'X', redirect_uris: SHOP.redirect_uris }],
    ['DELETE', undefined],
  ] as const) {
    const request = body === undefined ? {} : { body };
    assert.equal((await api.request(method, path, request)).status, 428, method);
    assert.equal((await api.request(method, path, { ...request, headers: { 'if-match': '"7"' } })).status, 412, method);
  }
  assert.equal((await shown(client_id)).client_name, 'Shop');
});

test('of 100 parallel changes with one ETag one wins', async () => {
  const { client_id } = await created();
  const { etag } = (await api.request('GET', `/clients/${client_id}`)).headers;
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      (i % 2 ? api : second).request('PATCH', `/clients/${client_id}`, {
        headers: { 'if-match': String(etag) },
        body: { client_name: `Shop ${i}` },
      }),
    ),
  );
  assert.deepEqual(
    [200, 412].map((status) => answers.filter((one) => one.status === status).length),
    [1, 99],
  );
});

test('a scope that no resource server has is allowed with a warning', async () => {
  const { warnings, client_id } = await created({ scope: 'openid orders:read orders:reed' });
  assert.deepEqual(
    warnings.map(({ code, field, value }: Record<string, string>) => [code, field, value]),
    [['unknown_scope', 'scope', 'orders:reed']],
  );
  assert.equal('warnings' in (await shown(client_id)), false);
});

test('a client is deleted', async () => {
  const { client_id } = await created();
  const { etag } = (await api.request('GET', `/clients/${client_id}`)).headers;
  const deleted = await api.request('DELETE', `/clients/${client_id}`, { headers: { 'if-match': String(etag) } });
  assert.deepEqual([deleted.status, deleted.body], [200, { client_id, deleted: true }]);
  assert.equal((await api.request('GET', `/clients/${client_id}`)).status, 404);
});

test('the pages of Cardea itself are no clients of the operator: neither shown nor changed', async () => {
  const path = `/clients/${ACCOUNT_CLIENT_ID}`;
  assert.ok(await app.seed.clients.find(ACCOUNT_CLIENT_ID));
  const body = { redirect_uris: ['https://evil.example/cb'] };
  const answers = await Promise.all([
    api.request('GET', path),
    api.request('PATCH', path, { headers: ANY, body }),
    api.request('PUT', path, { headers: ANY, body: { ...SHOP, ...body } }),
    api.request('DELETE', path, { headers: ANY }),
    api.request('POST', `${path}/rotate-secret`, { body: {} }),
    api.request('POST', `${path}/end-secret`, { body: { secret: 'new' } }),
  ]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [404, 404, 404, 404, 404, 404],
  );
  const listed = await api.request('GET', '/clients?limit=200&fields=client_id');
  assert.ok(listed.body.items.every((one: { client_id: string }) => one.client_id !== ACCOUNT_CLIENT_ID));
  const filtered = await api.request('GET', '/clients?filter=client_id%20eq%20%22cardea-account%22&total=true');
  assert.deepEqual([filtered.body.items, filtered.body.total], [[], 0]);
});

test('what the configuration file manages is changed there, or by force', async () => {
  const call: Call = { actor: actor(), requestId: 'r', fromFile: true };
  const { client_id, managed_by, client_secret } = await api.runner.run(
    operations.create,
    { params: undefined, query: undefined, body: { ...SHOP, client_id: 'of-the-file' } },
    call,
  );
  remember('client_secret', client_secret ?? '');
  assert.equal(managed_by, 'file');
  const path = `/clients/${client_id}`;
  const changes = [
    ['PATCH', path, { client_name: 'X' }],
    ['PUT', path, { ...SHOP, client_name: 'Y' }],
    ['POST', `${path}/rotate-secret`, { overlap_seconds: 60 }],
    ['POST', `${path}/end-secret`, { secret: 'old' }],
    ['DELETE', path, undefined],
  ] as const;
  for (const [method, url, body] of changes) {
    const request = { headers: method === 'POST' ? {} : ANY, ...(body === undefined ? {} : { body }) };
    const refused = await api.request(method, url, request);
    assert.deepEqual(
      [refused.status, refused.body.type.split('/').at(-1)],
      [409, 'managed_by_file'],
      `${method} ${url}`,
    );
  }
  for (const [method, url, body] of changes) {
    const request = { headers: method === 'POST' ? {} : ANY, ...(body === undefined ? {} : { body }) };
    const forced = await api.request(method, `${url}?force=true`, request);
    assert.equal(forced.status, 200, `${method} ${url}`);
    if (forced.body.client_secret) remember('client_secret', forced.body.client_secret);
    if (method === 'PATCH') assert.equal(forced.body.managed_by, 'file', 'it stays a matter of the file, as drift');
  }
});

test('a client that describes itself is named by its URL, percent-encoded', async () => {
  const id = 'https://agent.example/oauth/client.json';
  await app.db.run(
    {
      // SQL, because no operation makes one without fetching it.
      name: '',
      text: `INSERT INTO clients (id, name, kind, metadata, created_at, updated_at, fresh_until, expires_at)
             SELECT $1, name, 'document', metadata || '{"token_endpoint_auth_method": "none", "grant_types": ["authorization_code"]}', now(), now(), now(), now()
               FROM clients WHERE id = 'shop-of-old'`,
    },
    [id],
  );
  const path = `/clients/${encodeURIComponent(id)}`;
  assert.equal((await api.request('GET', path)).body.client_id, id);
  const required = await api.request('PATCH', path, { headers: ANY, body: { second_factor_required: true } });
  assert.deepEqual([required.status, required.body.second_factor_required], [200, true]);
  const renamed = await api.request('PATCH', path, { headers: ANY, body: { client_name: 'Mine' } });
  assert.equal(renamed.status, 400, 'its document says the rest');
});

test('the examples are valid by the schemas of their operations', () => {
  const ours = ROUTES.map(({ operation }) => operation).filter(({ name }) => /^(clients|resources)\./.test(name));
  assert.equal(ours.length, 14);
  for (const { name, schemas, example } of ours) {
    assert.deepEqual([...Value.Errors(schemas.output, example.output)], [], name);
    for (const part of ['params', 'query', 'body'] as const) {
      const given = example.input?.[part];
      if (given !== undefined) assert.deepEqual([...Value.Errors(schemas[part], given)], [], `${name} ${part}`);
    }
  }
});

test('a client for trying out is refused in production', async () => {
  assert.equal((await created({ demo: true })).demo, true);
  const answer = await inProduction.request('POST', '/clients', { body: { ...SHOP, demo: true } });
  assert.deepEqual([answer.status, answer.body.errors?.[0]?.pointer], [400, '/demo']);
});

test('an answer is valid by its schema', async () => {
  const { jwks_uri: _, request_object_signing_alg: __, ...all } = ALL;
  const { client_id, ...rest } = await created({ ...all, scope: 'openid nothing' });
  assert.deepEqual([...Value.Errors(operations.create.schemas.output, { client_id, ...rest })], []);
  assert.deepEqual([...Value.Errors(operations.show.schemas.output, await shown(client_id))], []);
});
