import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { NAMED_STATEMENTS } from '../../server/accounts/named.ts';
import { groups } from '../../server/operations/groups.ts';
import type { Call } from '../../server/operations/operation.ts';
import { BUILTIN_ROLES, PERMISSIONS } from '../../server/operations/permissions.ts';
import { roles } from '../../server/operations/roles.ts';
import { adminApi } from '../helpers/admin.ts';
import { deployment } from '../helpers/deployment.ts';
import { explain } from '../helpers/explain.ts';
import { actor } from '../helpers/operations.ts';

const scope = { after };
const app = await deployment(scope);
const api = await adminApi(scope, app);
const person = await app.seed.person({ groups: ['staff'], roles: ['editor', 'support'] });
const anyVersion = { 'if-match': '*' };

const auditOf = (id: string) =>
  app.db.run({ name: '', text: 'SELECT action, outcome, reason FROM audit WHERE target_id = $1 ORDER BY id' }, [id]);
const namesOf = ({ body }: { body: { items: { name: string }[] } }) => body.items.map(({ name }) => name);

for (const path of ['/groups', '/roles']) {
  test(`${path}: what nobody has is deleted, by its version`, async () => {
    const made = await api.request('POST', path, { body: { name: 'unused' } });
    assert.equal(made.status, 201);
    assert.equal((await api.request('DELETE', `${path}/unused`)).status, 428);
    assert.equal((await api.request('DELETE', `${path}/unused`, { headers: { 'if-match': '"2"' } })).status, 412);
    const deleted = await api.request('DELETE', `${path}/unused`, {
      headers: { 'if-match': String(made.headers.etag) },
    });
    assert.deepEqual([deleted.status, deleted.body], [200, { name: 'unused', members_removed: 0 }]);
    assert.equal((await api.request('GET', `${path}/unused`)).status, 404);
  });
}

const FROM_FILE: Call = { actor: actor(), requestId: 'r', fromFile: true };
const FILED = { params: undefined, query: undefined, body: { name: 'filed' } };
for (const [path, create] of [
  ['/groups', () => api.runner.run(groups.create, FILED, FROM_FILE)],
  ['/roles', () => api.runner.run(roles.create, FILED, FROM_FILE)],
] as const) {
  test(`${path}: what the configuration file manages is changed there, or by force`, async () => {
    assert.equal((await create()).managed_by, 'file');
    const one = `${path}/filed`;
    for (const [method, body] of [['PATCH', { description: 'x' }], ['DELETE']] as const) {
      const request = { headers: anyVersion, ...(body ? { body } : {}) };
      const refused = await api.request(method, one, request);
      assert.deepEqual([refused.status, refused.body.type.split('/').at(-1)], [409, 'managed_by_file'], method);
      assert.equal((await api.request('GET', one)).body.version, 1, method);
      const forced = await api.request(method, `${one}?force=true&dryRun=true`, request);
      assert.equal(forced.status, 200, method);
    }
    const changed = await api.request('PATCH', `${one}?force=true`, {
      headers: anyVersion,
      body: { description: 'x' },
    });
    assert.deepEqual([changed.status, changed.body.managed_by, changed.body.version], [200, 'file', 2]);
    assert.equal((await api.request('DELETE', `${one}?force=true`, { headers: anyVersion })).status, 200);
  });
}

for (const [path, name, kind] of [
  ['/groups', 'staff', 'groups'],
  ['/roles', 'support', 'roles'],
] as const) {
  test(`${path}: what people have is deleted with remove_members alone, which takes it from them`, async () => {
    const refused = await api.request('DELETE', `${path}/${name}`, { headers: anyVersion });
    assert.deepEqual([refused.status, refused.body.type.split('/').at(-1)], [409, 'in_use']);
    assert.match(refused.body.detail, /\b1 member\b/);
    const tried = await api.request('DELETE', `${path}/${name}?remove_members=true&dryRun=true`, {
      headers: anyVersion,
    });
    assert.deepEqual([tried.status, tried.body], [200, { name, members_removed: 1 }]);
    assert.ok((await app.seed.accounts.resolve(person.id))[kind].includes(name), 'a dry run takes it from nobody');
    const deleted = await api.request('DELETE', `${path}/${name}?remove_members=true`, { headers: anyVersion });
    assert.deepEqual([deleted.status, deleted.body], [200, { name, members_removed: 1 }]);
    assert.ok(!(await app.seed.accounts.resolve(person.id))[kind].includes(name));
    assert.deepEqual(await auditOf(name), [
      { action: `${kind}.delete`, outcome: 'refused', reason: 'in_use' },
      { action: `${kind}.delete`, outcome: 'done', reason: null },
    ]);
  });
}

test('the builtin roles are listed and shown with their permissions, and filtered like others', async () => {
  const listed = await api.request('GET', '/roles?limit=200');
  assert.deepEqual(namesOf(listed), namesOf(listed).toSorted());
  for (const [name, { permissions, description }] of Object.entries(BUILTIN_ROLES)) {
    const { body } = await api.request('GET', `/roles/${name}`);
    assert.deepEqual(
      body,
      listed.body.items.find((one: { name: string }) => one.name === name),
    );
    assert.deepEqual(
      [body.builtin, body.permissions, body.description, body.created_at],
      [true, [...permissions], description, null],
    );
  }
  const filtered = await api.request('GET', `/roles?filter=${encodeURIComponent('name sw "cardea-a"')}&total=true`);
  assert.deepEqual([namesOf(filtered), filtered.body.total], [['cardea-admin', 'cardea-auditor'], 2]);
  const first = await api.request('GET', '/roles?limit=1&sort=-name');
  const rest = await api.request('GET', `/roles?limit=200&sort=-name&cursor=${first.body.next}`);
  assert.deepEqual([...namesOf(first), ...namesOf(rest)], namesOf(listed).toReversed());
});

test('a builtin role can be neither changed, nor deleted, nor shadowed', async () => {
  for (const name of Object.keys(BUILTIN_ROLES)) {
    const path = `/roles/${name}`;
    const made = await api.request('POST', '/roles', { body: { name } });
    assert.deepEqual([made.status, made.body.type.split('/').at(-1)], [409, 'already_exists']);
    for (const [method, body] of [
      ['PATCH', { permissions: [] }],
      ['DELETE', undefined],
    ] as const) {
      const refused = await api.request(method, path, { headers: anyVersion, ...(body ? { body } : {}) });
      assert.deepEqual(
        [refused.status, refused.body.type.split('/').at(-1)],
        [409, 'builtin_role'],
        `${method} ${path}`,
      );
    }
  }
  // No operation stores a row of that name, so SQL does.
  const text = "INSERT INTO roles (name, created_at, updated_at) VALUES ('cardea-admin', now(), now())";
  await app.db.run({ name: '', text }, []);
  assert.deepEqual((await api.request('GET', '/roles/cardea-admin')).body.permissions, PERMISSIONS);
  const { body } = await api.request('GET', '/roles?limit=200&fields=name,permissions');
  const shown = body.items.filter(({ name }: { name: string }) => name === 'cardea-admin');
  assert.deepEqual(shown, [{ name: 'cardea-admin', permissions: PERMISSIONS }]);
});

test('names of builtin roles of later versions are reserved', async () => {
  for (const name of ['cardea-viewer', 'CARDEA-ADMIN', ' cardea-x']) {
    const refused = await api.request('POST', '/roles', { body: { name } });
    assert.deepEqual([refused.status, refused.body.errors?.[0]?.pointer], [400, '/name'], name);
  }
});

test('a permission that does not exist is refused', async () => {
  const refused = await api.request('POST', '/roles', {
    body: { name: 'odd', permissions: ['users:read', 'all:write'] },
  });
  assert.deepEqual([refused.status, refused.body.errors[0].pointer], [400, '/permissions/1']);
});

test('nobody writes permissions into a role, or changes or deletes one, that they do not have', async () => {
  const own = new Set(['roles:read', 'roles:write', 'users:read'] as const);
  const lesser = await adminApi(scope, app, { permissions: own, id: 'lesser' });
  const created = await api.request('POST', '/roles', { body: { name: 'mighty', permissions: ['keys:write'] } });
  assert.equal(created.status, 201);
  for (const [method, path, body] of [
    ['POST', '/roles', { name: 'mine', permissions: ['users:read', 'users:write'] }],
    ['PATCH', '/roles/mighty', { permissions: ['users:read'] }],
    ['PATCH', '/roles/mighty', { description: 'x' }],
    ['DELETE', '/roles/mighty', undefined],
  ] as const) {
    const refused = await lesser.request(method, path, { headers: anyVersion, ...(body ? { body } : {}) });
    assert.deepEqual(
      [refused.status, refused.body.type.split('/').at(-1)],
      [403, 'beyond_own_permissions'],
      `${method} ${path} ${JSON.stringify(body)}`,
    );
  }
  assert.deepEqual((await api.request('GET', '/roles/mighty')).body, created.body);
  const within = { name: 'mine', permissions: ['users:read'] };
  assert.equal((await lesser.request('POST', '/roles', { body: within })).status, 201);
  const raised = await lesser.request('PATCH', '/roles/mine', {
    headers: anyVersion,
    body: { permissions: ['users:write'] },
  });
  assert.equal(raised.status, 403);
});

test('who has a group or role is found by the index, among any number of people', async () => {
  for (const { countMembers, requireUnused, removeMembers } of Object.values(NAMED_STATEMENTS)) {
    for (const one of [countMembers, requireUnused, removeMembers]) {
      const plan = await explain(app.db, one.bind({ name: 'x' }));
      assert.ok(plan.includes('account_index') && !plan.includes('Seq Scan on accounts'), plan);
    }
  }
});

test('a group that is deleted while it is given is in the end either there or given to nobody', async () => {
  for (let i = 0; i < 20; i += 1) {
    const name = `contended-${i}`;
    await api.request('POST', '/groups', { body: { name } });
    const [given, deleted] = await Promise.all([
      api.request('PUT', `/users/${person.id}/groups`, { headers: anyVersion, body: { groups: [name] } }),
      api.request('DELETE', `/groups/${name}`, { headers: anyVersion }),
    ]);
    assert.deepEqual([given.status, deleted.status].filter((status) => status === 200).length, 1, name);
    const exists = (await api.request('GET', `/groups/${name}`)).status === 200;
    const { groups } = await app.seed.accounts.resolve(person.id);
    assert.equal(groups.includes(name), exists, name);
  }
});
