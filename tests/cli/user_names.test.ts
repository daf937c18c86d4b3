import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setUpCli } from './run_cli.ts';

test('groups and roles are set when a person is added, shown, and replaced', async (t) => {
  const { cardea } = await setUpCli(t);
  for (const group of ['staff', 'admins', 'a', 'b']) await cardea(['groups', 'create', group]);
  await cardea(['roles', 'create', 'editor']);
  const create = ['users', 'create', '--email', 'ada@example.com', '--no-password', '--json'];
  const ada = (await cardea([...create, '--group', 'staff, admins', '--role', 'editor'])).json;
  assert.deepEqual([ada.groups, ada.roles], [['staff', 'admins'], ['editor']]);
  const set = await cardea(['users', 'groups', 'ada@example.com', '--set', 'a,b,a', '--json']);
  assert.deepEqual([set.json.id, set.json.groups], [ada.id, ['a', 'b']]);
  const none = await cardea(['users', 'roles', ada.id, '--set', '', '--json']);
  assert.deepEqual([none.json.id, none.json.roles], [ada.id, []]);
  assert.deepEqual(
    (await cardea(['users', 'groups', ada.id, '--json'])).json.groups,
    ['a', 'b'],
    'nothing else changes',
  );
  for (const kind of ['groups', 'roles']) {
    const refused = await cardea(['users', kind, ada.id, '--set', 'unknown']);
    assert.deepEqual([refused.code, refused.stderr.startsWith(`cardea: ${kind}: `)], [1, true]);
    assert.match(refused.stderr, /"unknown"/);
  }
});

test('an import creates the groups and roles that are missing; such a role has no permissions', async (t) => {
  const { cardea, folder } = await setUpCli(t);
  const permissions = ['users:read'];
  await cardea(['roles', 'create', 'support', '--permission', permissions.join()]);
  const file = join(folder, 'people.jsonl');
  const line = { email: 'ada@example.com', groups: ['new group'], roles: ['support', 'new-role'] };
  writeFileSync(file, `${JSON.stringify(line)}\n`);
  assert.equal((await cardea(['users', 'import', file])).code, 0);
  assert.equal((await cardea(['groups', 'show', 'new group', '--json'])).json.description, '');
  assert.deepEqual((await cardea(['roles', 'show', 'new-role', '--json'])).json.permissions, []);
  assert.deepEqual((await cardea(['roles', 'show', 'support', '--json'])).json.permissions, permissions);
});
