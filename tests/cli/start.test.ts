import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import { createDb } from '../../server/platform/db.ts';
import { AppError } from '../../server/platform/errors.ts';
import { assertSupportedVersion } from '../../server/platform/migrate.ts';
import { explainStart } from '../../server/start_problems.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { ended, killGroup, track } from '../helpers/children.ts';
import { ownPostgres } from '../helpers/embedded.ts';
import { databaseUrl } from '../helpers/postgres.ts';
import { inherited, startHere } from '../helpers/processes.ts';
import { defer } from '../helpers/scope.ts';
import { freePort, until } from '../helpers/waiting.ts';
import { runCli } from './run_cli.ts';

/** A failed start prints one line with cause and remedy, without a stack, and exits with 1. */

const scope = { after };
const url = await databaseUrl(scope);
const db = createDb({ url });
defer(scope, () => db.close());
const CARDEA_MASTER_KEY = randomBytes(32).toString('base64');
const SETTINGS = { CARDEA_MASTER_KEY, CARDEA_DATABASE_URL: url };

/** The same database URL with other parts. */
function changed(parts: Partial<Pick<URL, 'username' | 'password' | 'pathname' | 'port'>>): string {
  return Object.assign(new URL(url), parts).href;
}

const run = (statement: string) => db.run({ name: '', text: statement }, []);

function assertNoWarning(logged: readonly string[]): void {
  for (const line of logged) {
    assert.equal((JSON.parse(line) as { level: string }).level, 'info', 'there is no warning beside the one line');
  }
}

/** The line that the process prints for a start that fails. */
async function refusalOf(env: Readonly<Record<string, string>>): Promise<string> {
  const settings = { ...SETTINGS, ...env };
  const logged: string[] = [];
  const error = await startHere(scope, settings, logged).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  const { CARDEA_DATABASE_URL } = settings;
  const line = explainStart(error, { host: '127.0.0.1', port: 3000, databaseUrl: CARDEA_DATABASE_URL });
  assert.doesNotMatch(line ?? '', /\n/);
  assertNoWarning(logged);
  return line ?? assert.fail(error instanceof Error ? error : String(error));
}

test('the server starts without configuration, with a database of its own, and every address that it prints answers', async (t) => {
  const postgres = ownPostgres(t, { first: 'initdb' });
  const child = spawn(process.execPath, ['server/main.ts'], {
    cwd: ROOT,
    // Not configured: these two only keep it apart from other servers.
    env: { ...inherited(), CARDEA_PORT: String(await freePort()), CARDEA_DATA_DIR: postgres.dataDir },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  track(child);
  defer(t, () => void killGroup(child, 'SIGKILL'));
  let printed = '';
  child.stdout.on('data', (chunk) => {
    printed += chunk;
  });
  await until('it says how to stop it', () => printed.includes('Stop it with Ctrl-C'), { withinMs: 30_000 });
  const addresses = printed.match(/^ {2}.*\bhttp:\S+/gm)?.map((line) => line.trim().split(/\s+/).at(-1) ?? '') ?? [];
  const statuses = await Promise.all(
    addresses.map(async (address) => {
      const answer = await fetch(address, { redirect: 'manual' });
      await answer.arrayBuffer();
      return answer.status;
    }),
  );
  assert.equal(addresses.length, 6);
  assert.ok(addresses.some((address) => address.endsWith('/api/docs')));
  assert.deepEqual(
    statuses.filter((status) => status >= 400),
    [],
  );
  assert.match(printed, /Sign in as +demo@example\.com\n/);
  child.kill('SIGTERM');
  assert.deepEqual(await ended(child), { code: 0, signal: null });
  assert.equal(postgres.pid(), undefined, 'its database stops with it');
});

describe('the server does not start and says why', () => {
  test('a port of the server that is in use: one line, no warning, exit code 1, nothing left open', async (t) => {
    const listener = createServer();
    defer(t, () => void listener.close());
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const { port } = listener.address() as { port: number };
    const child = spawn(process.execPath, ['server/main.ts'], {
      cwd: ROOT,
      env: { ...inherited(), ...SETTINGS, CARDEA_DEMO: 'false', CARDEA_PORT: String(port) },
      timeout: 30_000,
    });
    const [stdout, stderr, { code }] = await Promise.all([text(child.stdout), text(child.stderr), ended(child)]);
    assert.equal(code, 1);
    assertNoWarning(stdout.split('\n').filter(Boolean));
    assert.match(stderr, new RegExp(`^cardea: port ${port} of 127.0.0.1 is in use: [^\n]*or set CARDEA_PORT[^\n]*\n$`));
  });

  test('a wrong password of the database', async () => {
    await run(`CREATE ROLE start_user_${process.pid} LOGIN PASSWORD 'right'`);
    defer(scope, () => run(`DROP ROLE start_user_${process.pid}`).then(() => {}));
    const line = await refusalOf({
      CARDEA_DATABASE_URL: changed({ username: `start_user_${process.pid}`, password: 'wrong-secret' }),
    });
    assert.match(line, /refuses the password of user "start_user_\d+": correct it in CARDEA_DATABASE_URL \(28P01\)/);
    assert.doesNotMatch(line, /wrong-secret/);
  });

  test('a database user without rights', async () => {
    await run(`CREATE ROLE start_poor_${process.pid} LOGIN PASSWORD 'poor'`);
    defer(scope, () => run(`DROP ROLE start_poor_${process.pid}`).then(() => {}));
    await run(`CREATE DATABASE start_empty_${process.pid}`);
    defer(scope, () => run(`DROP DATABASE start_empty_${process.pid}`).then(() => {}));
    const poor = { username: `start_poor_${process.pid}`, password: 'poor' };
    const empty = await refusalOf({
      CARDEA_DATABASE_URL: changed({ ...poor, pathname: `/start_empty_${process.pid}` }),
    });
    assert.match(empty, /user "start_poor_\d+" lacks rights in database .*OWNER TO start_poor_\d+.*\(42501\)/);
    const line = await refusalOf({ CARDEA_DATABASE_URL: changed(poor) });
    assert.match(line, /no rights to the tables.*ops\/postgres\/roles\.sql/);
  });

  test('a database that does not exist', async () => {
    const line = await refusalOf({ CARDEA_DATABASE_URL: changed({ pathname: '/absent' }) });
    assert.match(line, /there is no database "absent" at .*: create it .*\(3D000\)/);
  });

  test('a database port where nothing listens', async () => {
    const port = String(await freePort());
    const line = await refusalOf({ CARDEA_DATABASE_URL: changed({ port }) });
    assert.match(line, new RegExp(`nothing listens at [^ ]+:${port}: start Postgres there, or correct .*ECONNREFUSED`));
  });

  test('a schema of a later version, which `migrate status` and all other commands report too', async () => {
    await run("INSERT INTO kysely_migration (name, timestamp) VALUES ('9999-later', '2030-01-01T00:00:00.000Z')");
    defer(scope, () => run("DELETE FROM kysely_migration WHERE name = '9999-later'").then(() => {}));
    const said = /migrated by a later version of Cardea \(9999-later\): run that version, or restore the backup/;
    assert.match(await refusalOf({}), said);
    const status = await runCli(['migrate', 'status'], { env: SETTINGS });
    assert.equal(status.code, 1);
    assert.match(status.stdout, /^9999-later +unknown +2030-01-01/m);
    assert.match(status.stderr, said);
    const users = await runCli(['users', 'list'], { env: SETTINGS });
    assert.equal(users.code, 1);
    assert.match(users.stderr, said);
  });

  test('a Postgres version that is too old', () => {
    assert.throws(
      () => assertSupportedVersion(130_012),
      (error) => error instanceof AppError && /Postgres 13 is too old: Cardea needs 14 or later/.test(error.message),
    );
    assertSupportedVersion(140_000);
  });
});

test('a bug in the server is printed with its stack', () => {
  const targets = { host: '127.0.0.1', port: 3000, databaseUrl: url };
  assert.equal(explainStart(new TypeError('x is not a function'), targets), undefined);
});
