import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createNamed } from '../../server/accounts/named.ts';
import { BUILTIN_ROLES, PERMISSIONS } from '../../server/operations/permissions.ts';
import { createPermissionsOfRoles } from '../../server/operations/role_permissions.ts';
import { database } from '../helpers/postgres.ts';

const { db } = await database({ after });
const roles = createNamed('roles', { db, now: Date.now });
const permissionsOf = createPermissionsOfRoles(roles);
const make = (name: string, permissions: readonly string[]) =>
  db.transact(roles.creating(name, { permissions }).statements);
await make('support', ['users:read', 'lockouts:write']);
await make('accountant', []);
await make('cardea-auditor', ['users:write']);
await make('strange', ['everything', 'constructor', 'groups:read']);

test('roles permit together what each permits', async () => {
  assert.deepEqual([...(await permissionsOf(['support', 'accountant']))], ['users:read', 'lockouts:write']);
  const both = await permissionsOf(['support', 'cardea-helpdesk']);
  assert.deepEqual(
    [...both].toSorted(),
    [...new Set([...BUILTIN_ROLES['cardea-helpdesk'].permissions, 'lockouts:write'])].toSorted(),
  );
  assert.equal((await permissionsOf(['cardea-admin', 'support'])).size, PERMISSIONS.length);
});

test('a role that does not exist permits nothing, and neither does an unknown permission', async () => {
  assert.deepEqual([...(await permissionsOf(['nobody', 'constructor', '\0']))], []);
  assert.deepEqual([...(await permissionsOf(['strange']))], ['groups:read']);
});

test('a row with the name of a role that is built in does not change it', async () => {
  const auditor = await permissionsOf(['cardea-auditor']);
  assert.deepEqual([...auditor].toSorted(), [...BUILTIN_ROLES['cardea-auditor'].permissions].toSorted());
});
