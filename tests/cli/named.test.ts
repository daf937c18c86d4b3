import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setUpCli } from './run_cli.ts';

const { cardea } = await setUpCli({ after });

test('groups are created, changed, listed, shown and deleted', async () => {
  const made = await cardea(['groups', 'create', 'staff', '--description', 'all', '--json']);
  assert.deepEqual([made.code, made.json.name, made.json.description, made.json.version], [0, 'staff', 'all', 1]);
  const changed = await cardea(['groups', 'update', 'staff', '--description', 'everybody', '--json']);
  assert.deepEqual([changed.json.description, changed.json.version], ['everybody', 2]);
  assert.deepEqual((await cardea(['groups', 'list', '--json'])).json, [changed.json]);
  assert.deepEqual((await cardea(['groups', 'show', 'staff', '--json'])).json, changed.json);
  const tried = await cardea(['groups', 'delete', 'staff', '--dry-run', '--json']);
  assert.deepEqual(tried.json, { name: 'staff', members_removed: 0 });
  assert.equal((await cardea(['groups', 'show', 'staff'])).code, 0);
  assert.equal((await cardea(['groups', 'delete', 'staff'])).code, 0);
  assert.equal((await cardea(['groups', 'show', 'staff'])).code, 1);
});

test('roles are created with permissions, changed and deleted; builtin ones are listed', async () => {
  const made = await cardea(['roles', 'create', 'support', '--permission', 'users:read,lockouts:write', '--json']);
  assert.deepEqual([made.code, made.json.permissions], [0, ['users:read', 'lockouts:write']]);
  const changed = await cardea(['roles', 'update', 'support', '--permission', '', '--json']);
  assert.deepEqual([changed.json.permissions, changed.json.version], [[], 2]);
  const own = await cardea(['roles', 'list', '--filter', 'name eq "support"', '--json']);
  assert.deepEqual(own.json, [changed.json]);
  const all = (await cardea(['roles', 'list', '--json'])).json as {
    name: string;
    builtin: boolean;
    permissions: string[];
  }[];
  assert.deepEqual(
    all.filter(({ builtin }) => !builtin).map(({ name }) => name),
    ['support'],
  );
  assert.ok(all.some(({ name }) => name === 'cardea-admin'));
  const lines = (await cardea(['roles', 'list'])).stdout.split('\n');
  const lineOf = (role: string) => lines.find((line) => line.startsWith(`${role} `)) ?? '';
  assert.match(lineOf('cardea-admin'), / all /);
  const ofAuditor = all.find(({ name }) => name === 'cardea-auditor')?.permissions ?? [];
  assert.ok(lineOf('cardea-auditor').includes(` ${ofAuditor.length - 3} `), 'the number of those that are not shown');
  assert.deepEqual(lineOf('cardea-auditor').match(/\w+:read/g), ofAuditor.slice(0, 3));
  assert.equal((await cardea(['roles', 'delete', 'support', '--json'])).code, 0);
});

test('wrong usage is told: no change, an unknown permission', async () => {
  assert.equal((await cardea(['groups', 'update', 'any'])).code, 2);
  assert.equal((await cardea(['roles', 'update', 'any'])).code, 2);
  const unknown = await cardea(['roles', 'create', 'odd', '--permission', 'all']);
  assert.deepEqual([unknown.code, unknown.stderr.startsWith('cardea: all ')], [2, true]);
});
