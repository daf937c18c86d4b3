import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { adminApi } from '../helpers/admin.ts';
import { auditOf } from '../helpers/audit.ts';
import { deployment } from '../helpers/deployment.ts';

const scope = { after };
const app = await deployment(scope);
const api = await adminApi(scope, app);
const reader = await adminApi(scope, app, { permissions: new Set(['audit:read'] as const) });
const stranger = await adminApi(scope, app, { permissions: new Set(['users:read', 'users:write'] as const) });

const START = Date.parse('2026-01-01T00:00:00Z');
let time = START;
const log = await auditOf(app, () => time);
for (const [i, [action, kind, id]] of (
  [
    ['groups.create', 'group', 'staff'],
    ['groups.update', 'group', 'staff'],
    ['users.disable', 'user', 'u-1'],
    ['users.disable', 'user', 'u-2'],
    ['groups.create', 'group', 'guests'],
  ] as const
).entries()) {
  time = START + i * 1_000;
  await app.db.query(
    log.append({
      actor: { kind: 'person', id: `operator-${i % 2}`, clientId: 'console' },
      action,
      target: { kind, id },
      outcome: i === 3 ? 'denied' : 'done',
      ...(i === 3 ? { reason: 'insufficient_scope' } : {}),
      changes: { description: { before: 'a', after: 'b' }, email: {} },
      requestId: `r-${i}`,
    }),
  );
}

const list = (query: Readonly<Record<string, string>>) => reader.request('GET', `/audit?${new URLSearchParams(query)}`);
const requests = async (query: Readonly<Record<string, string>>) =>
  (await list(query)).body.items?.map(({ request_id: id }: { request_id: string }) => id);

/** The server tells of its first keys as well. */
const BY_PEOPLE = 'actor_kind eq "person"';

test('entries are listed newest first, and shown whole', async () => {
  assert.deepEqual(await requests({ filter: BY_PEOPLE }), ['r-4', 'r-3', 'r-2', 'r-1', 'r-0']);
  assert.deepEqual(await requests({ filter: BY_PEOPLE, sort: 'at' }), ['r-0', 'r-1', 'r-2', 'r-3', 'r-4']);
  const [denied] = (await list({ filter: 'outcome eq "denied"' })).body.items;
  const { id, ...rest } = denied;
  assert.deepEqual(rest, {
    at: '2026-01-01T00:00:03.000Z',
    actor_kind: 'person',
    actor_id: 'operator-1',
    client_id: 'console',
    action: 'users.disable',
    target_kind: 'user',
    target_id: 'u-2',
    outcome: 'denied',
    reason: 'insufficient_scope',
    changes: { description: { before: 'a', after: 'b' }, email: {} },
    request_id: 'r-3',
    session_id: null,
    address: null,
    device: null,
    intact: true,
  });
  assert.deepEqual((await reader.request('GET', `/audit/${id}`)).body, denied);
});

for (const [filter, expected] of [
  ['action eq "users.disable"', ['r-3', 'r-2']],
  ['action sw "groups."', ['r-4', 'r-1', 'r-0']],
  ['actor_id eq "operator-1"', ['r-3', 'r-1']],
  ['actor_kind eq "cli"', []],
  ['target_kind eq "user" and not (target_id eq "u-1")', ['r-3']],
  ['target_kind eq "group" and target_id eq "staff"', ['r-1', 'r-0']],
  ['outcome ne "done"', ['r-3']],
  ['at ge "2026-01-01T00:00:01Z" and at lt "2026-01-01T00:00:03Z"', ['r-2', 'r-1']],
  ['request_id eq "r-0" or client_id eq "other"', ['r-0']],
] as const) {
  test(`entries are found by ${filter}`, async () => {
    assert.deepEqual(await requests({ filter }), expected);
  });
}

test('pages give each entry once, in both orders', async () => {
  for (const sort of ['at', '-at']) {
    const seen: string[] = [];
    for (let query: Record<string, string> | undefined = { limit: '2', sort, filter: BY_PEOPLE }; query; ) {
      const { body } = await list(query);
      seen.push(...body.items.map(({ request_id: id }: { request_id: string }) => id));
      query = body.next === undefined ? undefined : { limit: '2', sort, filter: BY_PEOPLE, cursor: body.next };
    }
    assert.deepEqual(seen.toSorted(), ['r-0', 'r-1', 'r-2', 'r-3', 'r-4']);
  }
});

test('what is not declared is refused by its name', async () => {
  for (const [query, named] of [
    [{ filter: 'changes eq "x"' }, 'changes'],
    [{ filter: 'action co "x"' }, 'action'],
    [{ sort: 'actor_id' }, 'actor_id'],
    [{ order: 'at' }, 'order'],
  ] as const) {
    const refused = await list(query as unknown as Record<string, string>);
    assert.equal(refused.status, 400);
    assert.ok(JSON.stringify(refused.body).includes(named), JSON.stringify(refused.body));
  }
  assert.equal((await reader.request('GET', '/audit/none')).status, 400);
  assert.equal((await reader.request('GET', '/audit/019a3f5e-8c00-7a1b-9d2e-3f4a5b6c7d8e')).status, 404);
});

test('the audit and the configuration need permissions of their own', async () => {
  for (const path of ['/audit', '/audit/019a3f5e-8c00-7a1b-9d2e-3f4a5b6c7d8e', '/config']) {
    assert.equal((await stranger.request('GET', path)).status, 403, path);
  }
  assert.equal((await reader.request('GET', '/config')).status, 403);
});

test('a page by action, actor or time is read by an index', async () => {
  for (const [condition, order] of [
    ["action = 'users.disable'", 'id DESC'],
    ["actor_id = 'operator-1'", 'id DESC'],
    ["target_id = 'u-1'", 'id DESC'],
    ['true', 'id DESC'],
    ["at >= '2026-01-01' AND target_kind = 'user'", 'at, id'],
  ] as const) {
    const plan = await app.db.run(
      { name: '', text: `EXPLAIN SELECT * FROM audit WHERE ${condition} ORDER BY ${order} LIMIT 51` },
      [],
    );
    assert.ok(!JSON.stringify(plan).includes('Seq Scan'), JSON.stringify(plan));
    if (order === 'at, id') assert.ok(/audit_\w+(_time|_at_id_idx)/.test(JSON.stringify(plan)), JSON.stringify(plan));
  }
});

test('changes of people that leave updated_at as it was are found in the order of time', async () => {
  const { body: ada } = await api.request('POST', '/users', { body: { email: 'ada@example.com' } });
  await api.request('POST', '/groups', { body: { name: 'readers' } });
  const path = `/users/${ada.id}`;
  const change = async (method: 'POST' | 'PUT', suffix: string, body?: object) => {
    const { headers } = await api.request('GET', path);
    const { status } = await api.request(method, path + suffix, {
      body,
      headers: { 'if-match': String(headers.etag) },
    });
    assert.ok(status < 300, `${suffix}: ${status}`);
  };
  await change('PUT', '/groups', { groups: ['readers'] });
  await change('POST', '/disable');
  const { body: after } = await api.request('GET', path);
  assert.deepEqual([after.disabled, after.updated_at], [true, ada.updated_at]);
  assert.ok(after.version > ada.version);
  const filter = `at ge "${ada.created_at}" and target_kind eq "user" and outcome eq "done" and action ne "users.read_pii"`;
  const { body } = await list({ filter, sort: 'at' });
  assert.deepEqual(
    body.items.map(({ action, target_id: id }: Record<string, string>) => [action, id]),
    ['users.create', 'users.set_groups', 'users.disable'].map((action) => [action, ada.id]),
  );
});

test('the configuration in force has the source of each value, and no secret', async () => {
  const { status, body } = await api.request('GET', '/config');
  assert.equal(status, 200);
  const setting = (wanted: string) => body.items.find(({ name }: { name: string }) => name === wanted);
  assert.deepEqual(setting('CARDEA_ISSUER').value, app.issuer);
  assert.equal(setting('CARDEA_ISSUER').source, 'environment');
  assert.equal(setting('CARDEA_KEY_RINGS').source, 'default');
  assert.equal(setting('CARDEA_MASTER_KEY').value, '********');
  assert.ok(!JSON.stringify(body).includes(app.masterKey));
});
