import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ROUTES } from '../../server/admin/routes.ts';
import { BUILTIN_ROLES, PERMISSIONS, type Permission } from '../../server/operations/permissions.ts';
import { adminApi } from '../helpers/admin.ts';
import { operatedDatabase } from '../helpers/operated_database.ts';
import { createRecordSeeder } from '../helpers/records.ts';
import { remember } from '../helpers/secrets.ts';

/**
 * Nobody reaches by the API what they may not do themselves: by giving a role, or by the password, the address, the factors or
 * the sessions of somebody who may do more (Zitadel CVE-2026-27946; authentik CVE-2024-52287).
 */
const scope = { after };
const app = await operatedDatabase(scope);
const api = await adminApi(scope, app);
const records = createRecordSeeder(app);
const party = await app.seed.party();
const anyVersion = { 'if-match': '*' };
const codeOf = ({ body }: { body: { type: string } }) => body.type.split('/').at(-1);
const PASSWORD = remember('password', 'Kestrel-Fjord-7-Anvil');

await api.request('POST', '/roles', { body: { name: 'key-keeper', permissions: ['keys:write'] } });
await api.request('POST', '/roles', { body: { name: 'reader', permissions: ['users:read'] } });
await api.request('POST', '/groups', { body: { name: 'staff' } });
const admin = await app.seed.person({ roles: ['cardea-admin'] });
const keeper = await app.seed.person({ roles: ['key-keeper'] });
const plain = await app.seed.person();

const without = (...left: Permission[]) => new Set(PERMISSIONS.filter((one) => !left.includes(one)));
const noKeys = await adminApi(scope, app, { id: 'no-keys', permissions: without('keys:write') });
const operator = await adminApi(scope, app, {
  id: 'operator',
  permissions: new Set(BUILTIN_ROLES['cardea-operator'].permissions),
});

/** Bodies with which every change of a person would succeed. */
const BODIES: Readonly<Record<string, object>> = {
  'users.update': { name: 'Mallory' },
  'users.restrict': { reason: 'objection' },
  'users.set_password': { password: PASSWORD },
  'users.set_groups': { groups: ['staff'] },
  'users.set_roles': { roles: [] },
};

test('no change of a person who may do more is permitted, on any route (Zitadel CVE-2026-27946)', async () => {
  const routes = ROUTES.filter(({ path, operation }) => path.startsWith('/users/:id') && operation.kind === 'change');
  assert.ok(routes.length >= 14);
  for (const person of [admin, keeper]) {
    const session = await records.session(person.id);
    await records.grant(person.id, party.id);
    const before = await app.seed.accounts.resolve(person.id);
    for (const { method, path, operation } of routes) {
      const url = path
        .replace(':id', person.id)
        .replace(':uid', session)
        .replace(':client_id', party.id)
        .replace(':passkey_id', 'x');
      const body = BODIES[operation.name];
      const refused = await noKeys.request(method, url, { headers: anyVersion, ...(body ? { body } : {}) });
      assert.deepEqual([refused.status, codeOf(refused)], [403, 'beyond_own_permissions'], `${method} ${path}`);
    }
    assert.deepEqual(await app.seed.accounts.resolve(person.id), before);
    const { body } = await api.request('GET', `/users/${person.id}/sessions`);
    assert.equal(body.items.length, 1);
  }
  const text = "SELECT DISTINCT outcome FROM audit WHERE actor_id = 'no-keys'";
  assert.deepEqual(await app.db.run({ name: '', text }, []), [{ outcome: 'denied' }]);
});

test('nor is one of their sessions, grants, tokens or locks, on paths of their own', async () => {
  const uid = await records.session(admin.id);
  const grant = await records.grant(admin.id, party.id);
  const { attempts } = await api.services.accountStores();
  for (let i = 0; i < 3; i += 1) {
    const guess = await attempts.reservePasswordGuess({ identifier: admin.email, deviceCookie: undefined });
    await attempts.countFailure(guess);
  }
  const filter = encodeURIComponent(`user_id eq "${admin.id}"`);
  const [lock] = (await api.request('GET', `/lockouts?filter=${filter}`)).body.items;
  for (const [method, path, body] of [
    ['DELETE', `/sessions/${uid}`, undefined],
    ['DELETE', `/grants/${grant}`, undefined],
    ['DELETE', `/lockouts/${lock.id}`, undefined],
    ['POST', '/tokens/revoke', { user_id: admin.id }],
    ['POST', '/tokens/revoke', { session: uid }],
    ['POST', '/tokens/revoke', { grant }],
  ] as const) {
    const refused = await noKeys.request(method, path, { headers: anyVersion, ...(body ? { body } : {}) });
    assert.deepEqual([refused.status, codeOf(refused)], [403, 'beyond_own_permissions'], `${method} ${path}`);
  }
});

test('an invitation is no way around it', async () => {
  const { email } = await app.seed.accounts.create({ email: 'future-keeper@example.com', roles: ['key-keeper'] });
  const refused = await noKeys.request('POST', '/users/invite', { body: { email } });
  assert.deepEqual([refused.status, codeOf(refused)], [403, 'beyond_own_permissions']);
});

test('a role with permissions that the actor lacks cannot be given, on any route (authentik CVE-2024-52287)', async () => {
  for (const role of ['key-keeper', 'cardea-admin', 'cardea-operator']) {
    for (const [method, path, body] of [
      ['POST', '/users', { email: `new-${role}@example.com`, roles: [role] }],
      ['POST', '/users/invite', { email: `invited-${role}@example.com`, roles: [role] }],
      ['PATCH', `/users/${plain.id}`, { roles: ['reader', role] }],
      ['PUT', `/users/${plain.id}/roles`, { roles: [role] }],
    ] as const) {
      const refused = await noKeys.request(method, path, { headers: anyVersion, body });
      assert.deepEqual([refused.status, codeOf(refused)], [403, 'beyond_own_permissions'], `${method} ${path} ${role}`);
    }
  }
  assert.deepEqual((await app.seed.accounts.resolve(plain.id)).roles, []);
  const given = await noKeys.request('PUT', `/users/${plain.id}/roles`, {
    headers: anyVersion,
    body: { roles: ['reader'] },
  });
  assert.equal(given.status, 200);
});

test('groups, roles and passwords beside a profile need their own permissions', async () => {
  for (const [left, body] of [
    ['groups:write', { groups: ['staff'] }],
    ['roles:write', { roles: ['reader'] }],
  ] as const) {
    const lesser = await adminApi(scope, app, { id: 'lesser', permissions: without(left) });
    for (const [method, path, also] of [
      ['PATCH', `/users/${plain.id}`, {}],
      ['POST', '/users', { email: 'beside@example.com' }],
      ['POST', '/users/invite', { email: 'beside@example.com' }],
    ] as const) {
      const refused = await lesser.request(method, path, { headers: anyVersion, body: { ...also, ...body } });
      assert.deepEqual([refused.status, codeOf(refused)], [403, 'insufficient_scope'], `${method} ${left}`);
    }
  }
  const noCredentials = await adminApi(scope, app, { id: 'lesser', permissions: without('credentials:write') });
  const body = { email: 'beside@example.com', password: PASSWORD };
  assert.equal((await noCredentials.request('POST', '/users', { body })).status, 403);
});

test('members that no request may set are refused (Zitadel CVE-2026-27946)', async () => {
  const before = await app.seed.accounts.resolve(plain.id);
  for (const member of [
    'id',
    'sub',
    'epoch',
    'version',
    'password_hash',
    'has_password',
    'disabled',
    'second_factors',
    'created_at',
  ]) {
    const patched = await api.request('PATCH', `/users/${plain.id}`, { headers: anyVersion, body: { [member]: 'x' } });
    const created = await api.request('POST', '/users', { body: { email: 'mass@example.com', [member]: 'x' } });
    for (const refused of [patched, created]) {
      assert.equal(refused.status, 400, member);
      assert.ok(
        refused.body.errors.some(({ pointer }: { pointer: string }) => pointer === `/${member}`),
        member,
      );
    }
  }
  const address = await api.request('PATCH', `/users/${plain.id}`, {
    headers: anyVersion,
    body: { address: { locality: 'Paris', admin: true } },
  });
  assert.equal(address.status, 400);
  assert.deepEqual(await app.seed.accounts.resolve(plain.id), before);
});

test('nobody disables or deletes themselves, takes a role from themselves, or changes what they sign in with', async () => {
  const { id } = await app.seed.person({ roles: ['reader'] });
  const self = await adminApi(scope, app, { kind: 'person', id });
  for (const [method, sub, body] of [
    ['POST', '/disable', undefined],
    ['DELETE', '', undefined],
    ['PUT', '/roles', { roles: [] }],
    ['PATCH', '', { roles: [] }],
    // At /account these need a fresh sign-in, which an access token is none of.
    ['POST', '/password', { password: PASSWORD }],
    ['PATCH', '', { email: 'mine@example.com' }],
    ['PATCH', '', { username: 'mine' }],
    ['DELETE', '/factors', undefined],
    ['POST', '/unlock', undefined],
  ] as const) {
    const refused = await self.request(method, `/users/${id}${sub}`, {
      headers: anyVersion,
      ...(body ? { body } : {}),
    });
    assert.deepEqual(
      [refused.status, codeOf(refused)],
      [409, 'own_account'],
      `${method} ${sub} ${JSON.stringify(body)}`,
    );
  }
  const named = await self.request('PATCH', `/users/${id}`, { headers: anyVersion, body: { name: 'Me' } });
  assert.equal(named.status, 200);
});

test('nobody takes permissions away from the role by which they act themselves', async () => {
  await api.request('POST', '/roles', { body: { name: 'boss', permissions: ['roles:write', 'users:read'] } });
  const { id } = await app.seed.person({ roles: ['boss'] });
  const self = await adminApi(scope, app, { kind: 'person', id });
  const change = (by: typeof api, method: 'PATCH' | 'DELETE', path: string, body?: object) =>
    by.request(method, `/roles/${path}`, { headers: anyVersion, ...(body ? { body } : {}) });
  for (const refused of [
    await change(self, 'PATCH', 'boss', { permissions: ['roles:write'] }),
    await change(self, 'DELETE', 'boss?remove_members=true'),
  ]) {
    assert.deepEqual([refused.status, codeOf(refused)], [409, 'own_account']);
  }
  const more = ['roles:write', 'users:read', 'users:write'];
  assert.equal((await change(self, 'PATCH', 'boss', { permissions: more, description: 'new' })).status, 200);
  assert.equal((await change(self, 'PATCH', 'reader', { permissions: [] })).status, 200);
  await change(api, 'PATCH', 'reader', { permissions: ['users:read'] });
  assert.equal((await change(api, 'DELETE', 'boss?remove_members=true')).status, 200);
});

test('the last administrator stays, also when two are ended at the same time', async () => {
  const { id } = await app.seed.person({ roles: ['cardea-admin'] });
  const both = await Promise.all([
    api.request('POST', `/users/${id}/disable`),
    api.request('DELETE', `/users/${admin.id}`, { headers: anyVersion }),
  ]);
  assert.deepEqual(both.map(({ status }) => status).toSorted(), [200, 409]);
  const [refused] = both.filter(({ status }) => status === 409);
  assert.equal(refused && codeOf(refused), 'last_administrator');
  const last = both[0]?.status === 200 ? admin.id : id;
  for (const [method, sub, body] of [
    ['POST', '/disable', undefined],
    ['DELETE', '', undefined],
    ['PUT', '/roles', { roles: ['reader'] }],
    ['PATCH', '', { roles: [] }],
  ] as const) {
    const one = await api.request(method, `/users/${last}${sub}`, { headers: anyVersion, ...(body ? { body } : {}) });
    assert.deepEqual([one.status, codeOf(one)], [409, 'last_administrator'], `${method} ${sub}`);
  }
  // Somebody who was invited may never come.
  const invited = await api.request('POST', '/users/invite', {
    body: { email: 'future-admin@example.com', roles: ['cardea-admin'] },
  });
  const disabled = await api.request('POST', `/users/${last}/disable`);
  assert.deepEqual([disabled.status, codeOf(disabled)], [409, 'last_administrator']);
  const withdrawn = await api.request('DELETE', `/users/${invited.body.id}`, { headers: anyVersion });
  assert.equal(withdrawn.status, 200);
  assert.equal((await operator.request('POST', `/users/${last}/unlock`)).status, 403);
});
