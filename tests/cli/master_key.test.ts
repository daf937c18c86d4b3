import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { deployment } from '../helpers/deployment.ts';
import { closedUrl, vaultService } from '../helpers/key_services.ts';
import { remember } from '../helpers/secrets.ts';
import { setUpCli } from './run_cli.ts';

const scope = { after };
const token = remember('other', 'hvs.a-token-of-the-command');
const vault = await vaultService(scope, { token });
const { cardea, masterKey } = await setUpCli(scope);
const [first, second] = [0, 1].map(() => remember('master_key', randomBytes(32).toString('base64'))) as [
  string,
  string,
];
const provider = {
  CARDEA_VAULT_URL: vault.url,
  CARDEA_VAULT_TOKEN: token,
  CARDEA_VAULT_TRANSIT_KEY: 'transit/cardea',
};

test('master-key new makes an encrypted key, which opens the database after a rotation', async () => {
  const made = await cardea(['master-key', 'new', 'vault', '--json'], {
    env: { ...provider, NODE_ENV: 'production', CARDEA_ISSUER: 'https://id.example.com' },
  });
  assert.equal(made.code, 0, made.stderr);
  const wrapped: string = made.json.master_key;
  assert.match(wrapped, /^vault:v1:/);
  for (const name of ['ada', 'grace', 'mary']) {
    await cardea(['users', 'create', '--email', `${name}@example.com`, '--no-password']);
  }
  const both = { env: { ...provider, CARDEA_MASTER_KEY: `${wrapped},${masterKey}` } };
  assert.equal((await cardea(['master-key', 'rotate'], both)).code, 0);

  const env = { ...provider, CARDEA_MASTER_KEY: wrapped };
  const before = vault.asked.length;
  const listed = await cardea(['users', 'list', '--json'], { env });
  assert.equal(listed.json.length, 3, listed.stderr);
  assert.equal(vault.asked.length, before + 1, 'people are read without the service');
  assert.equal((await cardea(['users', 'list'])).code, 1, 'the old key opens nothing');
});

test('config check asks the service that has encrypted the key, and shows neither token nor key', async () => {
  const { json } = await cardea(['master-key', 'new', 'vault', '--json'], { env: provider });
  const CARDEA_MASTER_KEY: string = json.master_key;
  const good = await cardea(['config', 'check'], { env: { ...provider, CARDEA_MASTER_KEY } });
  assert.equal(good.code, 0, good.stderr);
  const refused = await cardea(['config', 'check'], {
    env: { ...provider, CARDEA_MASTER_KEY, CARDEA_VAULT_TRANSIT_KEY: 'transit/x' },
  });
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /127\.0\.0\.1.*CARDEA_VAULT_TRANSIT_KEY/);
  for (const { stdout, stderr } of [good, refused]) {
    for (const secret of [token, CARDEA_MASTER_KEY]) assert.ok(!(stdout + stderr).includes(secret));
  }
});

test('master-key new names the settings that are missing, and the service that is away', async () => {
  const unset = await cardea(['master-key', 'new', 'aws-kms']);
  assert.equal(unset.code, 1);
  assert.match(unset.stderr, /CARDEA_AWS_KMS_KEY/);
  const away = await cardea(['master-key', 'new', 'vault'], {
    env: { ...provider, CARDEA_VAULT_URL: await closedUrl() },
  });
  assert.equal(away.code, 1);
  assert.match(away.stderr, /Vault at 127\.0\.0\.1/);
});

test('master-key rotate is refused while a running server does not have the new key (announced in key_nodes)', async () => {
  const app = await deployment(scope, { env: { CARDEA_MASTER_KEY: first }, masterKey: first });
  const seen = () => app.db.run<{ master_keys: string[] }>({ name: '', text: 'SELECT master_keys FROM key_nodes' }, []);
  const env = { CARDEA_DATABASE_URL: app.databaseUrl, CARDEA_MASTER_KEY: `${second},${first}` };
  assert.deepEqual(
    (await seen()).map(({ master_keys }) => master_keys.length),
    [1],
  );
  for (const flags of [[], ['--dry-run']]) {
    const refused = await cardea(['master-key', 'rotate', ...flags], { env });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /1 of 1 running servers do not have the first key of CARDEA_MASTER_KEY/);
    for (const key of [first, second]) assert.ok(!refused.stderr.includes(key));
  }
  await app.close();
  const { db } = await deployment(scope, {
    env: { CARDEA_MASTER_KEY: env.CARDEA_MASTER_KEY, CARDEA_ISSUER: app.issuer },
    databaseUrl: app.databaseUrl,
    masterKey: first,
  });
  // A server that has the new key behind the old one goes on to seal under the old one, which is about to be dropped.
  await db.run(
    {
      name: '',
      text: `INSERT INTO key_nodes (node_id, acknowledged, acknowledged_at, seen_at, rings, master_keys)
      SELECT 'behind', acknowledged, acknowledged_at, seen_at, rings, ARRAY[master_keys[2], master_keys[1]] FROM key_nodes`,
    },
    [],
  );
  const behind = await cardea(['master-key', 'rotate'], { env });
  assert.deepEqual([behind.code, /1 of 2 .* as their first.*\(behind\)/.test(behind.stderr)], [1, true], behind.stderr);
  await db.run({ name: '', text: "DELETE FROM key_nodes WHERE node_id = 'behind'" }, []);
  assert.equal((await cardea(['master-key', 'rotate'], { env })).code, 0);
});
