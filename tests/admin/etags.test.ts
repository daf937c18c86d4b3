import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { preconditionOf } from '../../server/admin/headers.ts';
import { ROUTES } from '../../server/admin/routes.ts';
import { failedGuard } from '../../server/platform/db_errors.ts';
import { adminApi } from '../helpers/admin.ts';
import { createFactorSeeder } from '../helpers/factors.ts';
import { operatedDatabase } from '../helpers/operated_database.ts';
import { remember } from '../helpers/secrets.ts';

/** Which changes need an ETag, and what an ETag stands for. */

const scope = { after };
const app = await operatedDatabase(scope);
let at = Date.now();
const api = await adminApi(scope, app, {}, { now: () => at });
const factors = await createFactorSeeder(app);
const PERSON = randomUUID();

async function made(path: string, body: object) {
  const answer = await api.request('POST', path, { body });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  if (answer.body.client_secret) remember('client_secret', answer.body.client_secret);
  return answer;
}

async function importPerson(): Promise<void> {
  const headers = { 'content-type': 'application/x-ndjson' };
  const body = `${JSON.stringify({ sub: PERSON, email: 'again@example.com' })}\n`;
  const answer = await api.request('POST', '/users/import', { headers, body });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
}

const API = 'https://again.example';
const CLIENT = { client_id: 'again', client_name: 'Again', redirect_uris: ['https://again.example/cb'] };

/** Everything that has an ETag and can be made again by the same name. */
const NOUNS: Readonly<Record<string, { make(): Promise<unknown>; patch: object }>> = {
  '/groups/again': { make: () => made('/groups', { name: 'again' }), patch: { description: 'new' } },
  '/roles/again': { make: () => made('/roles', { name: 'again' }), patch: { description: 'new' } },
  [`/resources/${encodeURIComponent(API)}`]: {
    make: () => made('/resources', { identifier: API, name: 'Again' }),
    patch: { name: 'New' },
  },
  '/clients/again': { make: () => made('/clients', CLIENT), patch: { client_name: 'New' } },
  [`/users/${PERSON}`]: { make: importPerson, patch: { name: 'New' } },
};

/** At once: of a user that is an action of its own. */
function removed(path: string, headers: Record<string, string>) {
  return path.startsWith('/users/')
    ? api.request('POST', `${path}/erase`, { headers })
    : api.request('DELETE', path, { headers });
}

for (const [path, { make, patch }] of Object.entries(NOUNS)) {
  test(`what is deleted and made again has another ETag, and the old one changes nothing: ${path}`, async () => {
    await make();
    const first = await api.request('GET', path);
    const old = { 'if-match': String(first.headers.etag) };
    assert.equal((await removed(path, old)).status, 200);
    at += 1;
    await make();
    const second = await api.request('GET', path);
    assert.deepEqual([second.body.version, first.body.version], [1, 1]);
    assert.equal((await api.request('GET', path, { headers: { 'if-none-match': old['if-match'] } })).status, 200);
    for (const [method, input] of [
      ['PATCH', { body: patch }],
      ['DELETE', {}],
    ] as const) {
      assert.equal((await api.request(method, path, { ...input, headers: old })).status, 412, method);
    }
    assert.deepEqual((await api.request('GET', path)).body, second.body);
  });
}

test('a change that was planned for what is made again meanwhile does not happen', async () => {
  const { groups, clients, resourceServers, accountStores } = api.services;
  const { accounts } = await accountStores();
  const group = await groups.find('again');
  const person = await accounts.findById(PERSON);
  assert.ok(group && person);
  const planned = {
    '/groups/again': groups.updating(group, { description: 'late' }).statements,
    '/clients/again': (await clients.updating('again', { name: 'Late' })).statements,
    [`/resources/${encodeURIComponent(API)}`]: (await resourceServers.updating(API, { name: 'Late' })).statements,
    [`/users/${PERSON}`]: [accounts.plans.requireVersion(person), accounts.plans.settingGroups(PERSON, ['again'])],
  };
  at += 1;
  for (const [path, statements] of Object.entries(planned)) {
    assert.equal((await removed(path, { 'if-match': '*' })).status, 200, path);
    await NOUNS[path]?.make();
    const before = (await api.request('GET', path)).body;
    await assert.rejects(app.db.transact(statements), (error) => failedGuard(error) === 'require_as_read', path);
    assert.deepEqual((await api.request('GET', path)).body, before);
  }
});

test('a row of a migration, whose time of creation has microseconds, is changed by its ETag', async () => {
  const text = `INSERT INTO groups (name, created_at, updated_at) VALUES ('old', '2026-01-01 00:00:00.123987Z', now())`;
  await app.db.run({ name: '', text }, []);
  const { etag } = (await api.request('GET', '/groups/old')).headers;
  const headers = { 'if-match': String(etag) };
  assert.equal((await api.request('PATCH', '/groups/old', { headers, body: { description: 'x' } })).status, 200);
});

/**
 * Each change of users and clients that is no POST: does it need If-Match? Those that do not, end something that has no version
 * and changes nothing that a user shows, so that no change of another operator is lost.
 */
const NEEDS_IF_MATCH: Readonly<Record<string, boolean>> = {
  'PATCH /users/:id': true,
  'DELETE /users/:id': true,
  'PUT /users/:id/groups': true,
  'PUT /users/:id/roles': true,
  'DELETE /users/:id/factors': true,
  'DELETE /users/:id/factors/totp': true,
  'DELETE /users/:id/factors/recovery_codes': true,
  'DELETE /users/:id/factors/passkeys/:passkey_id': true,
  'DELETE /users/:id/sessions': false,
  'DELETE /users/:id/sessions/:uid': false,
  'DELETE /users/:id/grants/:client_id': false,
  'PATCH /clients/:client_id': true,
  'PUT /clients/:client_id': true,
  'DELETE /clients/:client_id': true,
};

test('each PUT, PATCH and DELETE of users and clients is known to need If-Match, or not to need it', async () => {
  const changes = ROUTES.filter(
    ({ method, path }) => ['PUT', 'PATCH', 'DELETE'].includes(method) && /^\/(users|clients)\//.test(path),
  );
  assert.deepEqual(
    Object.fromEntries(changes.map((route) => [`${route.method} ${route.path}`, preconditionOf(route) === 'needed'])),
    NEEDS_IF_MATCH,
  );
  for (const { method, path, operation } of changes) {
    const concrete = path.replaceAll(/:[a-z_]+/g, randomUUID());
    const input = operation.schemas.body ? { body: {} } : {};
    const { status } = await api.request(method, concrete, input);
    assert.equal(status === 428, NEEDS_IF_MATCH[`${method} ${path}`], `${method} ${path}: ${status}`);
  }
});

test('the groups, roles and factors of a user have the ETag of the user, before and after a change', async () => {
  const { id } = (await made('/users', { email: 'parts@example.com' })).body;
  await made('/groups', { name: 'staff' });
  await factors.totp(id);
  const path = `/users/${id}`;
  const etag = async () => (await api.request('GET', path)).headers.etag;
  for (const [part, body] of [
    ['groups', { groups: ['staff'] }],
    ['roles', { roles: [] }],
  ] as const) {
    const read = await api.request('GET', `${path}/${part}`);
    assert.deepEqual([read.headers.etag, read.body.etag], [await etag(), await etag()], part);
    const known = { 'if-none-match': String(read.headers.etag) };
    assert.equal((await api.request('GET', `${path}/${part}`, { headers: known })).status, 304, part);
    const headers = { 'if-match': String(read.headers.etag) };
    const set = await api.request('PUT', `${path}/${part}`, { headers, body });
    assert.deepEqual([set.status, set.headers.etag, set.body.etag], [200, await etag(), await etag()], part);
  }
  const before = await etag();
  const removed = await api.request('DELETE', `${path}/factors/totp`, { headers: { 'if-match': String(before) } });
  assert.equal(removed.status, 200);
  assert.notEqual(removed.headers.etag, before);
  assert.equal(removed.headers.etag, await etag());
});

test('a creation answers with the ETag by which the new thing can be changed at once', async () => {
  for (const [path, body, patch, name] of [
    ['/groups', { name: 'fresh' }, { description: 'x' }, 'name'],
    ['/roles', { name: 'fresh' }, { description: 'x' }, 'name'],
    ['/resources', { identifier: 'https://fresh.example', name: 'F' }, { name: 'G' }, 'identifier'],
    ['/clients', { ...CLIENT, client_id: 'fresh' }, { client_name: 'G' }, 'client_id'],
    ['/users', { email: 'fresh@example.com' }, { name: 'G' }, 'id'],
  ] as const) {
    const answer = await made(path, body);
    const one = `${path}/${encodeURIComponent(answer.body[name])}`;
    const headers = { 'if-match': String(answer.headers.etag) };
    assert.equal((await api.request('PATCH', one, { headers, body: patch })).status, 200, path);
  }
});
