import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import pg from 'pg';
import { assertWritable, startEmbeddedPostgres } from '../../server/platform/embedded.ts';
import { AppError } from '../../server/platform/errors.ts';
import { artifacts, ROOT } from '../helpers/artifacts.ts';
import { userOf } from '../helpers/children.ts';
import { ownPostgres } from '../helpers/embedded.ts';
import { on } from '../helpers/postgres.ts';
import { defer } from '../helpers/scope.ts';
import { until } from '../helpers/waiting.ts';

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

const isRoot = process.getuid?.() === 0;
/** The others are copies of one cluster, with one password. */
const made = ownPostgres({ after }, { first: 'initdb' });

describe('the embedded Postgres', () => {
  test('a cluster of another major version is left alone, with the two commands that move it', async (t) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'cardea-test-major-'));
    defer(t, () => rmSync(dataDir, { recursive: true, force: true }));
    mkdirSync(join(dataDir, 'postgres'));
    writeFileSync(join(dataDir, 'postgres', 'PG_VERSION'), '17\n');
    await assert.rejects(startEmbeddedPostgres({ dataDir }), (error: AppError) => {
      assert.equal(error.code, 'embedded_postgres_failed');
      assert.match(error.message, /of Postgres 17.*brings 18.*backup create.*backup restore/);
      return true;
    });
    assert.deepEqual(readdirSync(join(dataDir, 'postgres')), ['PG_VERSION']);
  });

  test('starts, keeps its data when it stops, and leaves nothing running', async () => {
    const first = await made.start();
    assert.equal(first.started, true);
    await query(first.url, 'CREATE TABLE kept (value text)');
    await query(first.url, "INSERT INTO kept VALUES ('here')");
    await first.stop();
    assert.equal(made.pid(), undefined);
    await assert.rejects(query(first.url, 'SELECT 1'));

    const second = await made.start();
    assert.deepEqual(await query(second.url, 'SELECT value FROM kept'), [{ value: 'here' }]);
    await second.stop();
  });

  test('a second start joins the running one, and a stop waits for other users', async (t) => {
    const own = ownPostgres(t);
    const first = await own.start();
    const pid = own.pid();
    const second = await own.start();
    assert.equal(second.started, false);
    assert.equal(second.url, first.url);
    assert.equal(own.pid(), pid);

    const other = new pg.Client({ connectionString: first.url });
    await other.connect();
    await second.stop();
    assert.equal(own.pid(), pid, 'the other one goes on');
    assert.equal((await other.query('SELECT 1 AS one')).rows[0]?.one, 1);
    await other.end();
  });

  test('two parallel starts share one server', async (t) => {
    const own = ownPostgres(t);
    const [a, b] = await Promise.all([own.start(), own.start()]);
    assert.equal(a.url, b.url);
    assert.deepEqual(await query(a.url, 'SELECT 1 AS one'), [{ one: 1 }]);
  });

  test('of two that stop at the same time, one stops it', async (t) => {
    const own = ownPostgres(t);
    const first = await own.start();
    const second = await own.start();
    // The other process at the moment when it looks for clients.
    const other = new pg.Client({ connectionString: first.url, application_name: 'cardea stop' });
    other.on('error', () => {});
    await other.connect();
    const stopped = second.stop();
    await until('Postgres shuts down', () =>
      query(first.url, 'SELECT 1').then(
        () => false,
        () => true,
      ),
    );
    await other.end();
    await stopped;
    await first.stop();
    assert.equal(own.pid(), undefined);
  });

  test('starts after kill -9 of the postmaster with all committed rows', async (t) => {
    const own = ownPostgres(t);
    const first = await own.start();
    await query(first.url, 'CREATE TABLE kept (value text)');
    await query(first.url, "INSERT INTO kept VALUES ('committed')");
    const connected = new pg.Client({ connectionString: first.url });
    connected.on('error', () => {});
    await connected.connect();
    await own.killPostmaster();

    const second = await own.start();
    assert.equal(second.started, true);
    assert.deepEqual(await query(second.url, 'SELECT value FROM kept'), [{ value: 'committed' }]);
    await connected.end().catch(() => {});
  });

  test('two data directories run side by side', async (t) => {
    const [one, other] = await Promise.all([ownPostgres(t).start(), made.start()]);
    assert.notEqual(new URL(one.url).port, new URL(other.url).port);
    assert.notEqual(new URL(one.url).password, new URL(other.url).password);
    await query(one.url, 'CREATE TABLE only_here ()');
    await assert.rejects(query(other.url, 'SELECT * FROM only_here'), { code: '42P01' });
  });

  test('listens on loopback only, and needs the password', async (t) => {
    const own = ownPostgres(t);
    const { url } = await own.start();
    const rows = await query(url, "SELECT setting FROM pg_settings WHERE name = 'listen_addresses'");
    assert.deepEqual(rows, [{ setting: '127.0.0.1' }]);
    const guess = new URL(url);
    guess.password = 'guess';
    await assert.rejects(query(guess.href, 'SELECT 1'), { code: '28P01' });
    assert.equal(statSync(join(own.dataDir, 'postgres.password')).mode & 0o077, 0);
    assert.equal(statSync(join(own.dataDir, 'postgres')).mode & 0o077, 0);
    await query(on(url, 'postgres'), 'SELECT 1');
  });

  test('runs below a home that only root may enter (mode 0700)', { skip: !isRoot && 'needs root' }, async (t) => {
    const own = ownPostgres(t);
    assert.equal(statSync(own.dataDir).mode & 0o777, 0o700);
    const { url } = await own.start();
    assert.deepEqual(await query(url, 'SELECT 1 AS one'), [{ one: 1 }]);
    assert.notEqual(userOf(own.pid() ?? 0), 0, 'not as root');
  });

  test('runs from a checkout below such a home, binaries and all', { skip: !isRoot && 'needs root' }, (t) => {
    const home = mkdtempSync(join(artifacts(), 'private-home-'));
    t.after(() => rmSync(home, { recursive: true, force: true }));
    assert.equal(statSync(home).mode & 0o777, 0o700);
    mkdirSync(join(home, 'server'));
    for (const part of ['server/platform', 'node_modules', 'package.json'])
      assert.equal(spawnSync('cp', ['-al', join(ROOT, part), join(home, part)]).status, 0, part);
    const script = `
      import { startEmbeddedPostgres } from './server/platform/embedded.ts';
      const postgres = await startEmbeddedPostgres({ dataDir: '.data' });
      console.log(postgres.started);
      await postgres.stop();`;
    const done = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: home,
      encoding: 'utf8',
    });
    assert.equal(done.stdout.trim(), 'true', done.stderr);
  });

  test('reports in words that the directory cannot be written', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'cardea-test-readonly-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    // Not even root can create a directory below a file.
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const refusal = (error: unknown) => error instanceof AppError && error.code === 'data_dir_not_writable';
    assert.throws(() => assertWritable(file), refusal);
    assert.throws(() => assertWritable(join(file, 'below')), refusal);
  });

  test('reports nothing when the directory can be written or created', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'cardea-test-writable-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    mkdirSync(join(folder, 'there'));
    assertWritable(join(folder, 'there'));
    assertWritable(join(folder, 'not', 'yet'));
  });
});
