import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { seedDemo } from '../../server/demo/demo_data.ts';
import { createDb } from '../../server/platform/db.ts';
import { readIssuer } from '../../server/platform/issuer.ts';
import { explainStart } from '../../server/start_problems.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { createSeeder } from '../helpers/deployment.ts';
import { databaseUrl } from '../helpers/postgres.ts';
import { inherited, startHere, startNode } from '../helpers/processes.ts';
import { defer } from '../helpers/scope.ts';

/** Starting Cardea with NODE_ENV=production. */
const scope = { after };
const masterKey = randomBytes(32).toString('base64');
const url = await databaseUrl(scope);
const db = createDb({ url });
defer(scope, () => db.close());
const seed = await createSeeder(db, masterKey);

test('an unsafe configuration is refused, with all settings that are missing', () => {
  const { status, stderr } = spawnSync(process.execPath, ['server/main.ts'], {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: 30_000,
    env: { ...inherited(), NODE_ENV: 'production', CARDEA_ISSUER: 'http://id.example.com', CARDEA_DEMO: 'true' },
  });
  assert.equal(status, 1);
  for (const name of ['CARDEA_DATABASE_URL', 'CARDEA_MASTER_KEY', 'CARDEA_ISSUER', 'CARDEA_DEMO']) {
    assert.match(stderr, new RegExp(`cardea: ${name}`));
  }
  assert.doesNotMatch(stderr, /\n\s+at /);
});

const REDIRECT = { redirect_uris: ['https://rp.example.com/cb'] };

test('a database that holds demo data is refused until the data is removed', async () => {
  const hash = async () => (await seed.accounts.resolve((await seed.person()).id)).passwordHash ?? '';
  await seedDemo({
    issuer: readIssuer('https://id.example.com'),
    accounts: seed.accounts,
    clients: seed.clients,
    hash,
  });
  await seed.clients.create({ id: 'conformance-basic-client', name: 'Conformance', demo: true, metadata: REDIRECT });
  const env = {
    CARDEA_DATABASE_URL: url,
    CARDEA_MASTER_KEY: masterKey,
    CARDEA_ISSUER: 'https://id.example.com',
  };
  const problem = await startHere(scope, { ...env, NODE_ENV: 'production' }).then(
    () => undefined,
    (error: unknown) => explainStart(error, { host: '127.0.0.1', port: 3000, databaseUrl: url }),
  );
  assert.match(
    problem ?? '',
    /clients delete demo.*clients delete conformance-basic-client.*users disable demo@example\.com/,
  );

  await seed.clients.remove('demo');
  await seed.clients.remove('conformance-basic-client');
  await seed.accounts.disable((await seed.accounts.resolve('demo@example.com')).id);
  const node = await startNode(scope, { databaseUrl: url, env: { ...env, NODE_ENV: 'production' } });
  assert.ok(node.isRunning());
  const discovery = (await (await fetch(`${node.url}/.well-known/openid-configuration`)).json()) as { issuer: string };
  assert.equal(discovery.issuer, 'https://id.example.com');
  await node.stop();
});
