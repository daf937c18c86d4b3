import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { adminApi } from '../helpers/admin.ts';
import { deployment } from '../helpers/deployment.ts';

const scope = { after };
const app = await deployment(scope);
const api = await adminApi(scope, app);
const second = await adminApi(scope, app);
const reader = await adminApi(scope, app, { permissions: new Set(['groups:read'] as const), id: 'reader' });

const rowsOf = async (sql: string, values: unknown[] = []) => app.db.run({ name: '', text: sql }, values);
const auditOf = (id: string) =>
  rowsOf('SELECT actor_kind, actor_id, action, outcome, reason, changes FROM audit WHERE target_id = $1 ORDER BY id', [
    id,
  ]);

test('a group is created, shown, listed and changed, each change with its entry in the audit', async () => {
  const created = await api.request('POST', '/groups', { body: { name: 'staff', description: 'all' } });
  assert.equal(created.status, 201);
  assert.equal(created.headers.location, '/api/v1/groups/staff');
  const { created_at, updated_at, ...rest } = created.body;
  assert.deepEqual(rest, { name: 'staff', description: 'all', managed_by: null, version: 1 });
  const shown = await api.request('GET', '/groups/staff');
  assert.deepEqual(shown.body, created.body);
  assert.match(String(shown.headers.etag), /^"1-\w+"$/);
  assert.equal(created.headers.etag, shown.headers.etag);
  const changed = await api.request('PATCH', '/groups/staff', {
    headers: { 'if-match': String(shown.headers.etag) },
    body: { description: 'everybody' },
  });
  assert.equal(changed.status, 200);
  assert.equal(changed.body.version, 2);
  assert.match(String(changed.headers.etag), /^"2-/);
  const { etag } = (await api.request('GET', '/groups/staff')).headers;
  assert.equal(changed.headers.etag, etag);
  assert.deepEqual(await auditOf('staff'), [
    {
      actor_kind: 'client',
      actor_id: 'tests',
      action: 'groups.create',
      outcome: 'done',
      reason: null,
      changes: { name: { after: 'staff' }, description: { after: 'all' }, managed_by: { after: null } },
    },
    {
      actor_kind: 'client',
      actor_id: 'tests',
      action: 'groups.update',
      outcome: 'done',
      reason: null,
      changes: { description: { before: 'all', after: 'everybody' } },
    },
  ]);
});

test('an unknown field, a wrong type and a missing field are refused with their JSON pointers', async () => {
  const refused = await api.request('POST', '/groups', { body: { description: 7, admin: true } });
  assert.equal(refused.status, 400);
  assert.equal(refused.body.type.endsWith('invalid_input'), true);
  assert.deepEqual(refused.body.errors?.map(({ pointer }: { pointer: string }) => pointer).toSorted(), [
    '/admin',
    '/description',
    '/name',
  ]);
});

test('a name that is not allowed is refused at the member that the request has', async () => {
  for (const path of ['/groups', '/roles']) {
    const refused = await api.request('POST', path, { body: { name: 'a,b' } });
    assert.equal(refused.status, 400);
    assert.deepEqual(
      refused.body.errors?.map(({ pointer }: { pointer: string }) => pointer),
      ['/name'],
      path,
    );
  }
});

test('a change needs If-Match, and one that is stale changes nothing (RFC 9110 §13.1.1)', async () => {
  await api.request('POST', '/groups', { body: { name: 'guarded' } });
  const path = '/groups/guarded';
  const body = { description: 'x' };
  assert.equal((await api.request('PATCH', path, { body })).status, 428);
  for (const [value, status] of [
    ['"2"', 412],
    ['W/"1"', 412],
    ['1', 400],
    ['"1", "2"', 400],
  ] as const) {
    assert.equal((await api.request('PATCH', path, { headers: { 'if-match': value }, body })).status, status, value);
  }
  assert.equal((await api.request('GET', path)).body.version, 1);
  assert.equal((await api.request('PATCH', path, { headers: { 'if-match': '*' }, body })).body.version, 2);
});

test('of 100 parallel changes with one ETag one wins', async () => {
  const { etag } = (await api.request('POST', '/groups', { body: { name: 'raced' } })).headers;
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      (i % 2 ? api : second).request('PATCH', '/groups/raced', {
        headers: { 'if-match': String(etag) },
        body: { description: `change ${i}` },
      }),
    ),
  );
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  assert.equal(answers.filter(({ status }) => status === 412).length, 99);
  assert.equal((await api.request('GET', '/groups/raced')).body.version, 2);
});

test('100 parallel creations with one Idempotency-Key over two nodes create one group and answer equally', async () => {
  const headers = { 'idempotency-key': '"one-creation"' };
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      (i % 2 ? api : second).request('POST', '/groups', { headers, body: { name: 'once' } }),
    ),
  );
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([201]));
  assert.equal(new Set(answers.map(({ body, headers: { location } }) => JSON.stringify([body, location]))).size, 1);
  assert.equal((await auditOf('once')).length, 1);
  const other = await api.request('POST', '/groups', { headers, body: { name: 'another' } });
  assert.equal(other.status, 422);
  assert.equal((await api.request('GET', '/groups/another')).status, 404);
});

test('an Idempotency-Key means nothing to another actor', async () => {
  const other = await adminApi(scope, app, { id: 'other' });
  const headers = { 'idempotency-key': 'shared' };
  assert.equal((await api.request('POST', '/groups', { headers, body: { name: 'mine' } })).status, 201);
  assert.equal((await other.request('POST', '/groups', { headers, body: { name: 'yours' } })).status, 201);
});

test('an Idempotency-Key is kept for 24 hours, and the key is free again afterwards', async () => {
  let at = Date.now();
  const clocked = await adminApi(scope, app, {}, { now: () => at });
  const send = () =>
    clocked.request('POST', '/groups', { headers: { 'idempotency-key': 'a-day' }, body: { name: 'daily' } });
  const first = await send();
  assert.equal(first.status, 201);
  at += 86_400_000 - 1;
  const repeated = await send();
  assert.deepEqual([repeated.status, repeated.body], [201, first.body]);
  at += 1;
  assert.equal((await send()).status, 409, 'carried out anew: the name is taken');
});

test('a dry run answers as the change would, and changes nothing', async () => {
  for (const [path, headers] of [
    ['/groups?dryRun=true', {}],
    ['/groups', { prefer: 'respond-async, handling=dry-run' }],
  ] as const) {
    const answer = await api.request('POST', path, { headers, body: { name: 'imagined' } });
    assert.equal(answer.status, 201);
    assert.equal(answer.body.name, 'imagined');
    assert.equal(answer.headers['preference-applied'], 'handling=dry-run');
  }
  assert.equal((await api.request('GET', '/groups/imagined')).status, 404);
  assert.deepEqual(await auditOf('imagined'), []);
  const taken = await api.request('POST', '/groups?dryRun=true', { body: { name: 'staff' } });
  assert.equal(taken.status, 409);
});

test('an operation without its permission is denied, and a denied change is in the audit', async () => {
  assert.equal((await reader.request('GET', '/groups')).status, 200);
  const denied = await reader.request('POST', '/groups', { body: { name: 'denied' } });
  assert.equal(denied.status, 403);
  const rows = await rowsOf("SELECT action, outcome, reason FROM audit WHERE actor_id = 'reader'");
  assert.deepEqual(rows, [{ action: 'groups.create', outcome: 'denied', reason: 'insufficient_scope' }]);
});

test('pages of a list give each group once, and say whether there are more', async () => {
  const names: string[] = [];
  for (let path: string | undefined = '/groups?limit=2&fields=name'; path !== undefined; ) {
    const { status, body, headers } = await api.request('GET', path);
    assert.equal(status, 200);
    assert.ok(body.items.length <= 2);
    for (const item of body.items) assert.deepEqual(Object.keys(item), ['name']);
    names.push(...body.items.map(({ name }: { name: string }) => name));
    const link = /^<\/api\/v1(.+)>; rel="next"$/.exec(String(headers.link ?? ''))?.[1];
    assert.equal(link === undefined, body.next === undefined);
    path = link;
  }
  assert.deepEqual(names, [...new Set(names)].toSorted());
  assert.ok(names.includes('staff'));
  for (const query of ['limit=0', 'limit=201', 'limit=x', 'unknown=1', 'fields=secret']) {
    assert.equal((await api.request('GET', `/groups?${query}`)).status, 400, query);
  }
});
