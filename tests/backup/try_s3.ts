/**
 * Tries backups on a real S3-compatible server: versitygw, which Go builds (`make backups`). No test of `make test`, as it takes minutes to build.
 * node tests/backup/try_s3.ts
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createS3Storage } from '../../server/backup/s3_storage.ts';
import { probeStorage } from '../../server/backup/storage_checks.ts';
import { setUpCli, spawnCli } from '../cli/run_cli.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { databaseUrl } from '../helpers/postgres.ts';
import { inherited, startNode } from '../helpers/processes.ts';
import { defer } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';
import { freePort, until } from '../helpers/waiting.ts';
import { emptyDatabase, makeIdentity } from './world.ts';

const VERSION = 'v1.8.0';
const scope = { after };
const bin = join(ROOT, '.artifacts', 'bin');
const program = join(bin, 'versitygw');
if (!existsSync(program)) {
  mkdirSync(bin, { recursive: true });
  const source = `github.com/versity/versitygw/cmd/versitygw@${VERSION}`;
  execFileSync('go', ['install', source], {
    env: { ...process.env, GOBIN: bin, GOFLAGS: '-mod=mod' },
    stdio: 'inherit',
  });
}
const folder = mkdtempSync(join(tmpdir(), 'cardea-s3-'));
defer(scope, () => rmSync(folder, { recursive: true, force: true }));
const port = await freePort();
const [access, secret] = ['cardea', randomBytes(16).toString('hex')];
mkdirSync(join(folder, 'buckets', 'backups'), { recursive: true });
const server = spawn(program, ['--port', `127.0.0.1:${port}`, 'posix', join(folder, 'buckets')], {
  env: { ...inherited(), ROOT_ACCESS_KEY: access, ROOT_SECRET_KEY: secret },
  stdio: 'ignore',
});
defer(scope, () => void server.kill());
const endpoint = `http://127.0.0.1:${port}`;
await until('the server answers', () =>
  fetch(endpoint).then(
    () => true,
    () => false,
  ),
);
const credentials = { AWS_ACCESS_KEY_ID: access, AWS_SECRET_ACCESS_KEY: secret, AWS_REGION: 'us-east-1' };
Object.assign(process.env, credentials); // the SDK reads them there
const storage = await createS3Storage('s3://backups/of/cardea', { endpoint });

async function* chunks(count: number, fails = false): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i += 1) yield Buffer.alloc(1_000_000, i);
  if (fails) throw new Error('the source fails');
}

async function digestOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  const { createHash } = await import('node:crypto');
  const hash = createHash('sha256');
  for await (const chunk of content) hash.update(chunk);
  return hash.digest('hex');
}

test('an object of several parts comes back as it was, and one whose source fails is not there', async () => {
  await storage.put('large', chunks(40));
  assert.equal(await digestOf(storage.get('large')), await digestOf(chunks(40)));
  await assert.rejects(storage.put('broken', chunks(40, true)), { code: 'backup_storage' });
  assert.deepEqual(await storage.list(''), [{ name: 'large', bytes: 40_000_000 }]);
  await storage.remove('large');
  await assert.rejects(digestOf(storage.get('large')), { code: 'not_found' });
});

test('a probe writes, reads and removes; a bucket that is not there, and other credentials, are refused with what to do', async () => {
  await probeStorage(storage, { now: Date.now(), removes: true });
  assert.deepEqual(await storage.list(''), []);
  const nowhere = await createS3Storage('s3://nowhere', { endpoint });
  await assert.rejects(probeStorage(nowhere, { now: Date.now(), removes: true }), {
    code: 'backup_storage',
    message: /make the bucket, or correct CARDEA_BACKUP_TO \(NoSuchBucket/,
  });
  process.env.AWS_SECRET_ACCESS_KEY = 'wrong';
  const refused = await createS3Storage('s3://backups/of/cardea', { endpoint });
  await assert.rejects(refused.list(''), { code: 'backup_storage', message: /correct the credentials/ });
  Object.assign(process.env, credentials);
});

test('a node that is killed in the middle of a scheduled backup lets another one make it, with no alarm', async (t) => {
  const url = await databaseUrl(t);
  const { recipient } = await makeIdentity(join(folder, 'identity of nodes'));
  let asked = Promise.withResolvers<void>();
  // A server of S3 that takes a backup and never says so.
  const hangs = createServer((request) => {
    request.resume();
    if (request.method === 'PUT') asked.resolve();
  });
  await new Promise<void>((ready) => hangs.listen(0, '127.0.0.1', ready));
  defer(t, () => {
    hangs.closeAllConnections();
    hangs.close();
  });
  const env = {
    ...credentials,
    CARDEA_MASTER_KEY: remember('master_key', randomBytes(32).toString('base64')),
    CARDEA_ISSUER: 'http://localhost:3000',
    CARDEA_BACKUP_TO: 's3://backups/killed',
    CARDEA_BACKUP_RECIPIENTS: recipient,
  };
  const silent = `http://127.0.0.1:${(hangs.address() as AddressInfo).port}`;
  const first = await startNode(t, { databaseUrl: url, env: { ...env, CARDEA_BACKUP_S3_ENDPOINT: silent } });
  await asked.promise;
  // It need not wait for the storage when it stops.
  await first.stop();
  asked = Promise.withResolvers<void>();
  await first.restart();
  await asked.promise;
  const second = await startNode(t, { databaseUrl: url, env: { ...env, CARDEA_BACKUP_S3_ENDPOINT: endpoint } });
  await first.kill();
  const { backup } = await second.logged(({ msg }) => msg === 'a backup was made', 90_000);
  const stored = await createS3Storage('s3://backups/killed', { endpoint });
  assert.deepEqual(
    (await stored.list('')).map(({ name }) => name),
    [`${backup}.age`, `${backup}.json`],
  );
  for (const { lines } of [first, second]) assert.ok(!lines.some((line) => line.includes('a backup failed')));
});

test('a backup in a bucket is listed, verified and restored', async (t) => {
  const { cardea, url, env } = await setUpCli(t);
  await cardea(['users', 'create', '--email', 'ada@example.com', '--no-password']);
  const { file, recipient } = await makeIdentity(join(folder, 'identity'));
  const settings = {
    ...env,
    ...credentials,
    CARDEA_BACKUP_TO: 's3://backups/of/cardea',
    CARDEA_BACKUP_S3_ENDPOINT: endpoint,
    CARDEA_BACKUP_RECIPIENTS: recipient,
  };
  const made = await spawnCli(['backup', 'create', '--json'], { env: settings });
  assert.equal(made.code, 0, made.stderr);
  const listed = await spawnCli(['backup', 'list', '--json'], { env: settings });
  assert.deepEqual(
    listed.json.map(({ name, problem }: { name: string; problem: null }) => [name, problem]),
    [[made.json.name, null]],
  );
  const verified = await spawnCli(['backup', 'verify', '--identity', file, '--json'], { env: settings });
  assert.equal(verified.code, 0, verified.stderr);
  const target = await emptyDatabase(t, url);
  const restored = await spawnCli(['backup', 'restore', '--identity', file, '--json'], {
    env: { ...settings, CARDEA_DATABASE_URL: target },
  });
  assert.equal(restored.code, 0, restored.stderr);
  assert.ok(readFileSync(file));
});
