import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { explainStart } from '../../server/start_problems.ts';
import { setUpCli } from '../cli/run_cli.ts';
import { startHere } from '../helpers/processes.ts';
import { freePort } from '../helpers/waiting.ts';

/** CARDEA_CONFIG_FILE: a server applies it when it starts. */

const scope = { after };
const { cardea, db, env, folder } = await setUpCli(scope);
const file = join(folder, 'cardea.yaml');
const CARDEA_PORT = String(await freePort());
const issuer = `http://localhost:${CARDEA_PORT}`;
const start = (more: Readonly<Record<string, string>> = {}) =>
  startHere(scope, { ...env, CARDEA_PORT, CARDEA_CONFIG_FILE: file, ...more });
const groups = async () =>
  (await cardea(['groups', 'list', '--json'])).json.map(
    ({ name, description, managed_by: by }: Record<string, unknown>) => `${name}: ${description} (${by})`,
  );
const entries = async () =>
  db.run(
    {
      text: `SELECT actor_kind, actor_id, action, target_id FROM audit WHERE actor_id = 'configuration file' AND outcome = 'done' ORDER BY id`,
    },
    [],
  );

test('the file is applied before the server answers, by every node, once', async () => {
  writeFileSync(file, 'groups:\n  staff: { description: all }\nlimits:\n  rate_limit: 77\n');
  const first = await start();
  assert.deepEqual(await groups(), ['staff: all (file)']);
  const actor = { actor_kind: 'system', actor_id: 'configuration file' };
  const applied = [
    { ...actor, action: 'settings.declare', target_id: 'CARDEA_RATE_LIMIT' },
    { ...actor, action: 'groups.create', target_id: 'staff' },
  ];
  assert.deepEqual(await entries(), applied);
  const other = { CARDEA_PORT: String(await freePort()), CARDEA_ISSUER: issuer };
  const second = await start(other);
  assert.deepEqual(await entries(), applied, 'the second node finds nothing to change');

  const limited = await fetch(`${issuer}/token`, { method: 'POST' });
  assert.match(limited.headers.get('ratelimit-policy') ?? '', /"token\.address";q=770;/, 'its limits are in force');
  await second.close();
  await first.close();
});

test('the JSON Schema that the file names is published, and describes its sections', async () => {
  const node = await start();
  const exported = await cardea(['config', 'export']);
  const url = /^# yaml-language-server: \$schema=(\S+)$/m.exec(exported.stdout)?.[1];
  assert.equal(url, `${issuer}/schemas/configuration-v1.json`);
  const response = await fetch(url);
  assert.equal(response.status, 200);
  const schema = (await response.json()) as Record<string, unknown> & { properties: Record<string, unknown> };
  assert.deepEqual(
    [schema.$schema, schema.$id, schema.type, schema.additionalProperties],
    ['https://json-schema.org/draft/2020-12/schema', url, 'object', false],
  );
  assert.deepEqual(Object.keys(schema.properties).toSorted(), [
    '$schema',
    'clients',
    'groups',
    'limits',
    'policies',
    'resource_servers',
    'roles',
    'texts',
  ]);
  await node.close();
});

for (const [what, text, place] of [
  ['an unknown member', 'groups:\n  staff:\n    descripton: all\n  new: {}\n', ':3:5: '],
  ['a value that an operation refuses', 'groups:\n  new: {}\n  "a,b": {}\n', ':3:3: '],
  ['no YAML', 'groups:\n  new: {}\n  - x\n', ':3:3: '],
] as const) {
  test(`a file with ${what} stops the start, says line and column, and changes nothing`, async () => {
    const before = [await groups(), await entries()];
    writeFileSync(file, text);
    const error = await start().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    const targets = { host: '127.0.0.1', port: Number(CARDEA_PORT), databaseUrl: env.CARDEA_DATABASE_URL };
    const line = explainStart(error, targets) ?? '';
    assert.ok(line.includes(`${file}${place}`), line);
    assert.deepEqual([await groups(), await entries()], before);
  });
}

test('a file that does not exist stops the start', async () => {
  const missing = join(folder, `${randomBytes(4).toString('hex')}.yaml`);
  await assert.rejects(start({ CARDEA_CONFIG_FILE: missing }), { code: 'file_unreadable' });
});
