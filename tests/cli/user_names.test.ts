import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setUpCli } from './run_cli.ts';

for (const [kind, option] of [
  ['groups', '--group'],
  ['roles', '--role'],
] as const) {
  describe(`users ${kind}`, () => {
    test('are given when somebody is added, shown, and replaced', async (t) => {
      const { cardea } = await setUpCli(t);
      const create = ['users', 'create', '--email', 'ada@example.com', '--no-password', '--json'];
      const ada = (await cardea([...create, option, 'staff, admins'])).json;
      assert.deepEqual(ada[kind], ['staff', 'admins']);
      assert.deepEqual((await cardea(['users', kind, ada.id, '--json'])).json[kind], ['staff', 'admins']);
      const set = await cardea(['users', kind, 'ada@example.com', '--set', 'a,b,a', '--json']);
      assert.deepEqual(set.json, { id: ada.id, [kind]: ['a', 'b'] });
      assert.deepEqual((await cardea(['users', kind, ada.id, '--set', '', '--json'])).json[kind], []);
      const refused = await cardea(['users', kind, ada.id, '--set', 'a b']);
      assert.deepEqual([refused.code, refused.stderr.startsWith(`cardea: ${kind}: `)], [1, true]);
    });
  });
}
