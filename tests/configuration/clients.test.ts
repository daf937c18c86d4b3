import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { hashToken } from '../../server/platform/sealing.ts';
import { setUpCli } from '../cli/run_cli.ts';
import { remember } from '../helpers/secrets.ts';

const { cardea, db, folder } = await setUpCli({ after });
const newSecret = () => remember('client_secret', randomBytes(32).toString('base64url'));
const [secret, nextSecret] = [newSecret(), newSecret()];
const file = join(folder, 'cardea.yaml');
const FILE = `clients:
  web:
    client_name: Web shop
    client_secret: env:WEB_SECRET
    redirect_uris: [https://shop.example/callback]
    scope: openid email orders:read
    first_party: true
  spa:
    client_name: Browser app
    token_endpoint_auth_method: none
    redirect_uris: [https://spa.example/]
  api:
    client_name: Orders
    client_secret: file:${join(folder, 'api.secret')}
    grant_types: [client_credentials]
    redirect_uris: []
    response_types: []
resource_servers:
  https://orders.example/:
    name: Orders
    scopes: [orders:read]
    clients: [api]
`;
writeFileSync(join(folder, 'api.secret'), `${secret}\n`);
writeFileSync(file, FILE);
const run = (verb: string, path = file, env: Record<string, string> = { WEB_SECRET: secret }) =>
  cardea(['config', verb, path, ...(verb === 'export' ? [] : ['--json'])], { env });
const hashOf = async (id: string) =>
  (await db.run<{ secret_hash: Buffer }>({ text: 'SELECT secret_hash FROM clients WHERE id = $1' }, [id]))[0]
    ?.secret_hash;

test('clients and resource servers are declared, with secrets by reference', async () => {
  const planned = await run('plan');
  assert.equal(planned.code, 3);
  assert.deepEqual(
    planned.json.steps.map(({ kind, key, action }: Record<string, string>) => `${action} ${kind}.${key}`),
    [
      'create clients.web',
      'create clients.spa',
      'create clients.api',
      'create resource_servers.https://orders.example/',
    ],
  );
  assert.equal(planned.stdout.includes(secret), false);
  assert.equal(planned.stdout.includes(hashToken(secret).toString('hex')), false);
  const applied = await run('apply');
  assert.equal(applied.code, 0, applied.stderr);
  assert.equal((await run('plan')).code, 0);
  for (const id of ['web', 'api']) assert.deepEqual(await hashOf(id), hashToken(secret));
  const shown = await cardea(['resources', 'show', 'https://orders.example/', '--json']);
  assert.deepEqual([shown.json.clients, shown.json.managed_by], [['api'], 'file']);
  const audit = await db.run({ text: `SELECT changes::text AS changes FROM audit` }, []);
  for (const { changes } of audit) assert.equal(String(changes).includes(secret), false);
});

test('a secret that is replaced where it is kept is a change', async () => {
  const planned = await run('plan', file, { WEB_SECRET: nextSecret });
  assert.deepEqual(
    planned.json.steps.map(({ differences }: Record<string, unknown>) => differences),
    [{ client_secret: { before: '(hidden)', after: '(hidden)' } }],
  );
  assert.equal((await run('apply', file, { WEB_SECRET: nextSecret })).code, 0);
  assert.deepEqual(await hashOf('web'), hashToken(nextSecret));
  assert.equal((await run('apply')).code, 0);
});

for (const [why, text, place, env] of [
  ['no such variable', FILE, '4:5', {}],
  ['a secret of the server', FILE.replace('env:WEB_SECRET', 'env:CARDEA_MASTER_KEY'), '4:5', { WEB_SECRET: secret }],
  ['a secret that is too short', FILE, '4:5', { WEB_SECRET: 'short' }],
  ['a secret in the file', FILE.replace('env:WEB_SECRET', secret), '4:5', { WEB_SECRET: secret }],
  [
    'a redirect URI that is not one',
    FILE.replace('https://shop.example/callback', 'nowhere'),
    '5:21',
    { WEB_SECRET: secret },
  ],
  ['a client that does not exist', FILE.replace('clients: [api]', 'clients: [ipa]'), '22:15', { WEB_SECRET: secret }],
] as const) {
  test(`nothing is changed by a file with ${why}, and the message says where`, async () => {
    const before = await db.run({ text: 'SELECT id, version FROM clients ORDER BY id' }, []);
    const bad = join(folder, 'bad.yaml');
    writeFileSync(bad, text.replace('Browser app', 'Another name'));
    const { code, stderr } = await run('apply', bad, env);
    assert.equal(code, 1);
    assert.ok(stderr.includes(`bad.yaml:${place}: `), stderr);
    assert.equal(stderr.includes(secret), false);
    assert.deepEqual(await db.run({ text: 'SELECT id, version FROM clients ORDER BY id' }, []), before);
  });
}

test('what is exported names no secret, has only what differs from the defaults, and changes nothing', async () => {
  const exported = join(folder, 'exported.yaml');
  assert.equal((await run('export', exported)).code, 0);
  const { clients, resource_servers: servers } = parse(readFileSync(exported, 'utf8'));
  assert.deepEqual(clients.spa, {
    client_name: 'Browser app',
    token_endpoint_auth_method: 'none',
    redirect_uris: ['https://spa.example/'],
  });
  assert.deepEqual(servers, {
    'https://orders.example/': { name: 'Orders', scopes: ['orders:read'], clients: ['api'] },
  });
  const planned = await run('plan', exported);
  assert.deepEqual([planned.code, planned.json.steps], [0, []]);
});

test('a forced change shows as drift with its members, and a client that the file drops is deleted', async () => {
  const refused = await cardea(['clients', 'update', 'web', '--name', 'By hand']);
  assert.equal(refused.code, 1);
  await db.run({ text: `UPDATE clients SET name = 'By hand' WHERE id = 'web'` }, []);
  const { json } = await run('plan');
  assert.deepEqual(json.steps, [
    {
      kind: 'clients',
      key: 'web',
      action: 'restore',
      exists: true,
      differences: { client_name: { before: 'By hand', after: 'Web shop' } },
    },
  ]);
  writeFileSync(file, FILE.replace(/ {2}spa:\n( {4}.*\n)+/, ''));
  assert.equal((await run('apply')).code, 0);
  assert.equal((await cardea(['clients', 'show', 'spa'])).code, 1);
});
