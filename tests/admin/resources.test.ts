import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Call } from '../../server/operations/operation.ts';
import { resources as operations } from '../../server/operations/resources.ts';
import { adminApi } from '../helpers/admin.ts';
import { deployment } from '../helpers/deployment.ts';
import { actor } from '../helpers/operations.ts';

/** Resource servers in the admin API. */

const scope = { after };
const app = await deployment(scope);
const api = await adminApi(scope, app);
const second = await adminApi(scope, app);
const party = await app.seed.party();
const ANY = { 'if-match': '*' };

const at = (identifier: string) => `/resources/${encodeURIComponent(identifier)}`;
const code = (answer: { readonly body: { readonly type: string } }) => answer.body.type.split('/').at(-1);

async function created(identifier: string, body: object = {}) {
  const answer = await api.request('POST', '/resources', { body: { identifier, name: 'Orders', ...body } });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer;
}

test('a resource server is created, shown, changed, replaced and deleted, each with its entry in the audit', async () => {
  const identifier = 'https://orders.example/v1/';
  const { body, headers } = await created(identifier, { scopes: ['orders:read', 'orders:read'] });
  assert.equal(headers.location, `/api/v1${at(identifier)}`);
  const { created_at, updated_at, ...rest } = body;
  assert.deepEqual(rest, {
    identifier,
    version: 1,
    name: 'Orders',
    managed_by: null,
    scopes: ['orders:read'],
    open: false,
    clients: [],
    token_typ: 'at+jwt',
  });
  const shown = await api.request('GET', at(identifier));
  assert.deepEqual([shown.body, shown.headers.etag], [body, headers.etag]);
  const read = ({ headers: { etag } }: { headers: Readonly<Record<string, unknown>> }) => ({
    'if-match': String(etag),
  });
  const patch = { open: true, clients: [party.id], scopes: ['orders:read', 'orders:write'], token_typ: 'JWT' };
  const patched = await api.request('PATCH', at(identifier), { headers: read(shown), body: patch });
  assert.equal(patched.status, 200, JSON.stringify(patched.body));
  assert.deepEqual(patched.body, { ...body, ...patch, version: 2, updated_at: patched.body.updated_at });
  const removed = await api.request('PATCH', at(identifier), {
    headers: ANY,
    body: { clients: null, token_typ: null },
  });
  assert.deepEqual([removed.body.clients, removed.body.token_typ, removed.body.open], [[], 'at+jwt', true]);
  const replaced = await api.request('PUT', at(identifier), { headers: read(removed), body: { name: 'New' } });
  assert.deepEqual([replaced.body.name, replaced.body.scopes, replaced.body.open], ['New', [], false]);
  const deleted = await api.request('DELETE', at(identifier), { headers: read(replaced) });
  assert.deepEqual([deleted.status, deleted.body], [200, { identifier, deleted: true }]);
  assert.equal((await api.request('GET', at(identifier))).status, 404);
  const entries = await app.db.run<{ action: string; changes: object }>(
    { name: '', text: 'SELECT action, changes FROM audit WHERE target_id = $1 ORDER BY id' },
    [identifier],
  );
  assert.deepEqual(
    entries.map(({ action }) => action),
    ['create', 'update', 'update', 'replace', 'delete'].map((verb) => `resources.${verb}`),
  );
  assert.deepEqual(entries[2]?.changes, {
    clients: { before: [party.id], after: [] },
    token_typ: { before: 'JWT', after: 'at+jwt' },
  });
});

test('one with the longest identifier that there can be is found by its path', async () => {
  const identifier = `urn:x:${'('.repeat(1_990)}`;
  await created(identifier);
  const shown = await api.request(
    'GET',
    `/resources/${[...identifier].map((one) => `%${one.charCodeAt(0).toString(16)}`).join('')}`,
  );
  assert.equal(shown.body.identifier, identifier);
  await created(`${identifier}(`);
  const newest = '/resources?sort=-created_at&limit=1';
  const { next } = (await api.request('GET', newest)).body;
  const second = await api.request('GET', `${newest}&cursor=${next}`);
  assert.equal(second.body.items?.[0]?.identifier, identifier, 'the page after one that ends with it');
});

test('wrong values are refused with their place', async () => {
  const identifier = 'https://wrong.example';
  for (const [field, body] of [
    ['identifier', { identifier: 'no-uri' }],
    ['scopes', { scopes: ['two words'] }],
    ['scopes', { scopes: 'orders:read' }],
    ['clients', { clients: ['nobody'] }],
    ['token_typ', { token_typ: 'jwt' }],
    ['name', { name: ' ' }],
    ['version', { version: 7 }],
    ['managed_by', { managed_by: null }],
  ] as const) {
    const refused = await api.request('POST', '/resources', { body: { identifier, name: 'X', ...body } });
    assert.deepEqual([refused.status, refused.body.detail.startsWith(`${field}: `)], [400, true], refused.body.detail);
  }
  assert.equal((await api.request('GET', at(identifier))).status, 404);
});

test('none can be named like Cardea itself, have scopes of the admin API, or be the admin API', async () => {
  for (const path of ['', '/userinfo', '/api/v1', '/api/v1/']) {
    const refused = await api.request('POST', '/resources', {
      body: { identifier: app.issuer + path, name: 'Mine', scopes: ['x'] },
    });
    assert.deepEqual([refused.status, code(refused)], [409, 'resource_server_exists'], path);
  }
  await created('https://honest.example', { scopes: ['x'] });
  for (const [method, path, body] of [
    ['POST', '/resources', { identifier: 'https://mine.example', name: 'Mine', scopes: ['cardea:users:write'] }],
    ['PATCH', at('https://honest.example'), { scopes: ['x', 'cardea:users:write'] }],
    ['PUT', at('https://honest.example'), { name: 'Mine', scopes: ['cardea:new:read'] }],
  ] as const) {
    const refused = await api.request(method, path, { headers: ANY, body });
    assert.deepEqual([refused.status, refused.body.detail.startsWith('scopes: ')], [400, true], method);
  }
  const own = at(`${app.issuer}/api/v1`);
  const body = { name: 'Mine', open: true };
  for (const answer of [
    await api.request('PATCH', own, { headers: ANY, body }),
    await api.request('PUT', own, { headers: ANY, body }),
    await api.request('DELETE', own, { headers: ANY }),
  ]) {
    assert.equal(answer.status, 404);
  }
});

test('of 100 parallel changes with one ETag one wins, and a change without If-Match is refused', async () => {
  const path = at('https://raced.example');
  const { etag } = (await created('https://raced.example')).headers;
  assert.equal((await api.request('PATCH', path, { body: { name: 'X' } })).status, 428);
  assert.equal((await api.request('DELETE', path)).status, 428);
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      (i % 2 ? api : second).request('PATCH', path, {
        headers: { 'if-match': String(etag) },
        body: { name: `Name ${i}` },
      }),
    ),
  );
  assert.deepEqual(
    [200, 412].map((status) => answers.filter((one) => one.status === status).length),
    [1, 99],
  );
});

test('what the configuration file manages is changed there, or by force', async () => {
  const identifier = 'https://file.example';
  const call: Call = { actor: actor(), requestId: 'r', fromFile: true };
  const body = { identifier, name: 'File' };
  const made = await api.runner.run(operations.create, { params: undefined, query: undefined, body }, call);
  assert.equal(made.managed_by, 'file');
  for (const [method, request] of [
    ['PATCH', { headers: ANY, body: { name: 'X' } }],
    ['PUT', { headers: ANY, body: { name: 'Y' } }],
    ['DELETE', { headers: ANY }],
  ] as const) {
    const refused = await api.request(method, at(identifier), request);
    assert.deepEqual([refused.status, code(refused)], [409, 'managed_by_file'], method);
    assert.equal((await api.request(method, `${at(identifier)}?force=true`, request)).status, 200, method);
  }
});

test('pages give each once, in each order, and filters find by what is declared', async () => {
  for (let i = 0; i < 5; i += 1) {
    const clients = i === 0 ? [party.id] : [];
    await created(`https://listed-${i}.example`, { name: `Listed ${i % 2}`, scopes: [`s${i}`, 'common'], clients });
  }
  const filter = encodeURIComponent('identifier sw "https://listed-"');
  for (const sort of ['created_at', '-created_at', 'name', '-updated_at']) {
    const found: string[] = [];
    for (let cursor = ''; ; ) {
      const { body } = await api.request('GET', `/resources?limit=2&filter=${filter}&sort=${sort}${cursor}`);
      found.push(...body.items.map((one: { identifier: string }) => one.identifier));
      if (body.next === undefined) break;
      cursor = `&cursor=${body.next}`;
    }
    assert.deepEqual(
      found.toSorted(),
      [0, 1, 2, 3, 4].map((i) => `https://listed-${i}.example`),
      sort,
    );
  }
  for (const [text, total] of [
    ['scopes eq "common"', 5],
    ['scopes eq "s3"', 1],
    ['name eq "Listed 1"', 2],
    [`clients eq "${party.id}"`, 1],
    ['identifier sw "https://listed-" and open eq true', 0],
  ] as const) {
    const { body } = await api.request('GET', `/resources?total=true&limit=1&filter=${encodeURIComponent(text)}`);
    assert.equal(body.total, total, text);
  }
  assert.equal((await api.request('GET', '/resources?filter=secret%20pr')).status, 400);
});
