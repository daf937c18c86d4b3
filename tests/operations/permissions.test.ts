import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADMINISTRATOR } from '../../server/accounts/administrators.ts';
import {
  BUILTIN_ROLES,
  builtinRoles,
  isPermission,
  NOUNS,
  PERMISSION_SCOPES,
  PERMISSIONS,
  permissionOfScope,
  permissionsAmong,
  permissionsOfBuiltinRoles,
  SEE_IN_FULL,
  SEE_STATUS,
  scopeOf,
} from '../../server/operations/permissions.ts';

test('each noun can be read and written, people also be seen in full, the status be seen, and nothing else is a permission', () => {
  assert.equal(PERMISSIONS.length, Object.keys(NOUNS).length * 2 + 2);
  assert.ok(isPermission(SEE_IN_FULL) && isPermission(SEE_STATUS));
  assert.ok(isPermission('users:read'));
  for (const wrong of [
    'users',
    'status:write',
    'users:delete',
    'users:*',
    '*',
    'constructor:read',
    'cardea:users:read',
    '',
  ]) {
    assert.ok(!isPermission(wrong), wrong);
  }
});

test('each permission has one scope, and other scopes exercise none', () => {
  assert.deepEqual(PERMISSION_SCOPES.map(permissionOfScope), PERMISSIONS);
  assert.equal(scopeOf('users:read'), 'cardea:users:read');
  for (const wrong of ['users:read', 'cardea:users', 'cardea:cardea:users:read', 'Cardea:users:read', 'openid', '']) {
    assert.equal(permissionOfScope(wrong), undefined, wrong);
  }
});

test('only an administrator can change roles or the configuration, and sees people in full', () => {
  assert.deepEqual(BUILTIN_ROLES[ADMINISTRATOR].permissions, PERMISSIONS);
  for (const [name, { permissions }] of Object.entries(BUILTIN_ROLES)) {
    if (name === ADMINISTRATOR) continue;
    const held: readonly string[] = permissions;
    assert.ok(!held.includes('roles:write') && !held.includes('config:write') && !held.includes(SEE_IN_FULL), name);
  }
});

test('an operator has all permissions but those of an administrator alone', () => {
  const alone = ['roles:write', 'config:write', SEE_IN_FULL];
  const missing = PERMISSIONS.filter((one) => !permissionsOfBuiltinRoles(['cardea-operator']).has(one));
  assert.deepEqual(missing.toSorted(), alone.toSorted());
});

test('the help desk changes credentials, sessions and locks, and looks for people', () => {
  const held = [...permissionsOfBuiltinRoles(['cardea-helpdesk', 'nothing'])];
  const writes = held.filter((one) => one.endsWith(':write'));
  assert.deepEqual(writes, ['credentials:write', 'sessions:write', 'lockouts:write']);
  assert.ok(held.includes('users:read') && held.includes('grants:read'));
  assert.deepEqual([...permissionsOfBuiltinRoles([])], []);
});

test('the roles that are built in are listed by their names', () => {
  assert.deepEqual(
    builtinRoles().map(({ name, permissions }) => [name, permissions]),
    Object.entries(BUILTIN_ROLES).map(([name, { permissions }]) => [name, permissions]),
  );
});

test('an auditor can change nothing', () => {
  assert.deepEqual(
    BUILTIN_ROLES['cardea-auditor'].permissions,
    PERMISSIONS.filter((one) => one.endsWith(':read')),
  );
});

test('a list of names becomes permissions, each once and in order, without what is none', () => {
  assert.deepEqual(permissionsAmong(['users:write', 'nothing', 'users:read', 'users:write']), [
    'users:read',
    'users:write',
  ]);
});
