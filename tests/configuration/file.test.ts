import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { setUpCli } from '../cli/run_cli.ts';

const { cardea, db, folder } = await setUpCli({ after });

const written = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const stepsOf = async (path: string) => {
  const { code, json, stderr } = await cardea(['config', 'plan', path, '--json']);
  assert.equal(stderr, '');
  return { code, steps: json.steps.map(({ kind, key, action }: Record<string, string>) => `${action} ${kind}.${key}`) };
};
const apply = async (path: string, ...options: string[]) => cardea(['config', 'apply', path, ...options]);
const digest = async () =>
  db.run(
    {
      text: `SELECT (SELECT json_agg(g ORDER BY name) FROM groups g)::text || (SELECT count(*) FROM audit)::text
                  || (SELECT json_agg(s ORDER BY name) FROM declared_settings s)::text AS all`,
    },
    [],
  );

const FIRST = `groups:
  staff:
    description: all
  guests: {}
roles:
  support: { permissions: [lockouts:write, users:read] }
policies:
  password_policy: nist
limits:
  rate_limit: 200
`;

test('a file is planned, applied, and is then as it says; its changes are in the audit', async () => {
  const file = written('first.yaml', FIRST);
  assert.deepEqual(await stepsOf(file), {
    code: 3,
    steps: [
      'create policies.password_policy',
      'create limits.rate_limit',
      'create groups.staff',
      'create groups.guests',
      'create roles.support',
    ],
  });
  assert.equal((await apply(file, '--dry-run')).code, 0);
  assert.equal((await stepsOf(file)).code, 3, 'a dry run changes nothing');
  assert.equal((await apply(file)).code, 0);
  assert.deepEqual(await stepsOf(file), { code: 0, steps: [] });
  const shown = await cardea(['groups', 'show', 'staff', '--json']);
  assert.deepEqual([shown.json.description, shown.json.managed_by], ['all', 'file']);
  const audit = await db.run({ text: `SELECT action, target_id FROM audit WHERE outcome = 'done' ORDER BY id` }, []);
  assert.deepEqual(
    audit.map(({ action, target_id: id }) => `${action} ${id}`),
    [
      'settings.declare CARDEA_PASSWORD_POLICY',
      'settings.declare CARDEA_RATE_LIMIT',
      'groups.create staff',
      'groups.create guests',
      'roles.create support',
    ],
  );
  const before = await digest();
  assert.equal((await apply(file)).code, 0);
  assert.deepEqual(await digest(), before, 'applying it again changes nothing');
});

test('the result names the settings that count from the next start of each server, and nothing else', async () => {
  const settings = ['policies.password_policy', 'limits.rate_limit'];
  const changed = FIRST.replace('nist', 'complex').replace('200', '300').replace('all', 'everybody');
  const [file, other] = [join(folder, 'first.yaml'), written('other.yaml', changed)];
  for (const args of [
    ['plan', other],
    ['apply', other, '--dry-run'],
    ['apply', other],
    ['apply', file],
  ]) {
    const { json } = await cardea(['config', ...args, '--json']);
    assert.deepEqual(json.from_next_start, settings, args.join(' '));
    assert.equal(json.steps.length, 3);
  }
  assert.deepEqual((await cardea(['config', 'apply', file, '--json'])).json, {
    steps: [],
    from_next_start: [],
    withdrawn: [],
  });
  const { stdout, stderr } = await cardea(['config', 'apply', other]);
  for (const name of settings) assert.ok(stderr.includes(name) && stdout.includes(name));
  assert.ok(!stderr.includes('groups.staff'));
  assert.equal((await apply(file)).code, 0);
});

test('declared policies and limits are in force, and the environment overrides them', async () => {
  const settingWith = async (env: Record<string, string> = {}) => {
    const { json } = await cardea(['config', 'show', '--json'], { env });
    const { value, source } = json.find(({ name }: { name: string }) => name === 'CARDEA_PASSWORD_POLICY');
    return [value, source];
  };
  assert.deepEqual(await settingWith(), ['nist', 'configuration file']);
  assert.deepEqual(await settingWith({ CARDEA_PASSWORD_POLICY: 'complex' }), ['complex', 'environment']);
});

test('a change by hand needs force, shows as drift, and is undone by the file', async () => {
  const file = join(folder, 'first.yaml');
  const refused = await cardea(['groups', 'update', 'staff', '--description', 'by hand']);
  assert.equal(refused.code, 1);
  const forced = await cardea(['groups', 'update', 'staff', '--description', 'by hand', '--force']);
  assert.equal(forced.code, 0, forced.stderr);
  await db.run({ text: `DELETE FROM groups WHERE name = 'guests'` }, []);
  assert.deepEqual(await stepsOf(file), { code: 3, steps: ['restore groups.staff', 'restore groups.guests'] });
  assert.equal((await apply(file)).code, 0);
  assert.deepEqual(await stepsOf(file), { code: 0, steps: [] });
});

test('a bad file changes nothing, and says line and column', async () => {
  const before = await digest();
  for (const [text, place] of [
    ['groups:\n  new: {}\n  staff:\n    descripton: all\n', '4:5'],
    ['groups:\n  new: {}\n  "a,b": {}\n', '3:3'],
    ['policies:\n  password_policy: weak\n', '2:3'],
    ['roles:\n  cardea-viewer: {}\n', '2:3'],
    ['groups:\n  new: {}\n  - x\n', '3:3'],
  ] as const) {
    const file = written('bad.yaml', text);
    for (const verb of ['plan', 'apply']) {
      const { code, stderr } = await cardea(['config', verb, file]);
      assert.equal(code, 1, `${verb}: ${text}`);
      assert.ok(stderr.includes(`bad.yaml:${place}: `), `${verb}: ${stderr}`);
    }
  }
  assert.deepEqual(await digest(), before);
});

test('only what the file owns is removed', async () => {
  await cardea(['groups', 'create', 'mine']);
  const file = written('second.yaml', FIRST.replace('  guests: {}\n', ''));
  assert.deepEqual(await stepsOf(file), { code: 3, steps: ['delete groups.guests'] });
  assert.equal((await apply(file)).code, 0);
  assert.equal((await cardea(['groups', 'show', 'guests'])).code, 1);
  assert.equal((await cardea(['groups', 'show', 'mine'])).code, 0);
});

test('what is exported is a file that changes nothing', async () => {
  const file = join(folder, 'exported.yaml');
  assert.equal((await cardea(['config', 'export', file])).code, 0);
  const text = readFileSync(file, 'utf8');
  assert.ok(text.startsWith('# yaml-language-server: $schema='));
  assert.deepEqual(Object.keys(parse(text).groups), ['mine', 'staff']);
  assert.deepEqual(parse(text).limits, { rate_limit: 200 });
  assert.deepEqual(await stepsOf(file), { code: 0, steps: ['adopt groups.mine'] });
  assert.equal((await apply(file)).code, 0);
  const before = await digest();
  assert.equal((await cardea(['config', 'export', file])).code, 0);
  assert.equal(readFileSync(file, 'utf8'), text);
  assert.equal((await apply(file)).code, 0);
  assert.deepEqual(await digest(), before);
});

test('two applications at once wait for each other: the result is that of one of them', async () => {
  const [a, b] = ['a', 'b'].map((one) =>
    written(
      `${one}.yaml`,
      `groups:\n${Array.from({ length: 20 }, (_, i) => `  parallel-${i}: { description: ${one} }\n`).join('')}`,
    ),
  );
  const codes = await Promise.all([a, b, a, b].map(async (file) => (await apply(file ?? '')).code));
  assert.deepEqual(codes, [0, 0, 0, 0]);
  const { json } = await cardea(['groups', 'list', '--json']);
  const described = json
    .filter(({ name }: { name: string }) => name.startsWith('parallel-'))
    .map(({ description }: { description: string }) => description);
  assert.equal(described.length, 20);
  assert.equal(new Set(described).size, 1);
});
