import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import pg from 'pg';
import { createClient } from 'redis';
import { ROOT } from '../helpers/artifacts.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { database, freshDatabase } from '../helpers/postgres.ts';
import { freshRedis } from '../helpers/redis.ts';
import { defer, type Scope } from '../helpers/scope.ts';
import { dumpDatabase, formsOf } from '../helpers/secrets.ts';
import { isAlive, until } from '../helpers/waiting.ts';

/** A scope that the test ends itself. */
function manual(): Scope & { end(): Promise<void> } {
  const hooks: (() => void | Promise<void>)[] = [];
  return {
    after: (fn) => hooks.push(fn),
    async end() {
      for (const hook of hooks) await hook();
    },
  };
}

describe('the tests own helpers', () => {
  test('clean up in reverse, all of it, and tell of what failed', async () => {
    const scope = manual();
    const order: string[] = [];
    defer(scope, () => void order.push('database'));
    defer(scope, () => {
      order.push('server');
      throw new Error('did not stop');
    });
    await assert.rejects(scope.end(), /did not stop/);
    assert.deepEqual(order, ['server', 'database']);
  });

  test('a database is migrated, empty, and gone when it is dropped, whoever is connected', async () => {
    const [one, other] = await Promise.all([freshDatabase(), freshDatabase()]);
    assert.notEqual(one.url, other.url);
    const client = new pg.Client({ connectionString: one.url });
    client.on('error', () => {});
    await client.connect();
    assert.equal((await client.query('SELECT count(*)::int AS n FROM signing_keys')).rows[0]?.n, 0);
    await Promise.all([one.drop(), other.drop()]);
    await assert.rejects(client.query('SELECT 1'));
    await client.end().catch(() => {});
  });

  test('a connection that is left open fails the test', async () => {
    const scope = manual();
    const { db } = await database(scope);
    await db.connect();
    await assert.rejects(scope.end(), /leaked/);
  });

  test('a dump shows text, JSON, and bytes in hex and raw', async (t) => {
    const { db, url } = await database(t);
    const text = 'sésame "quoted"';
    await db.run({ name: 'c', text: 'CREATE TABLE seen (a text, b jsonb, c bytea, d text)' }, []);
    await db.run({ name: 'i', text: 'INSERT INTO seen VALUES ($1, $2, $3, NULL)' }, [
      text,
      JSON.stringify({ nested: 'in-json' }),
      Buffer.from('in-bytes'),
    ]);
    const dump = await dumpDatabase(url);
    for (const form of [formsOf(text)[0], 'in-json', 'in-bytes', Buffer.from('in-bytes').toString('hex')])
      assert.ok(dump.includes(form ?? 'missing'), form);
  });

  test('a secret is looked for in each form in which it could lie there', () => {
    const token = 'q83vASNFZ4mrze8BI0VniQ'; // base64url of 16 bytes
    const forms = formsOf(token);
    for (const form of [token, Buffer.from(token).toString('hex'), 'abcdef0123456789abcdef0123456789'])
      assert.ok(forms.includes(form), form);
  });

  test('a Redis stops, comes back empty on the same port, and freezes', async (t) => {
    const redis = await freshRedis(t);
    const client = createClient({ url: redis.url, socket: { reconnectStrategy: false }, disableOfflineQueue: true });
    client.on('error', () => {});
    await client.connect();
    await client.set('a', '1');
    redis.freeze();
    const late = client.get('a');
    redis.thaw();
    assert.equal(await late, '1');
    await redis.kill();
    await assert.rejects(client.get('a'));
    await redis.restart();
    const again = createClient({ url: redis.url });
    await again.connect();
    assert.equal(await again.get('a'), null);
    again.destroy();
  });

  test('a browser starts', async (t) => {
    const browser = await launchChromium(t);
    const page = await browser.newPage();
    await page.setContent('<h1>Cardea</h1>');
    assert.equal(await page.textContent('h1'), 'Cardea');
  });
});

describe('the run of all tests', () => {
  /** Runs tests/run.ts as make does. */
  function run(...args: readonly string[]) {
    const done = spawnSync(process.execPath, ['tests/run.ts', ...args], { cwd: ROOT, encoding: 'utf8' });
    return { status: done.status, last: done.stdout.trimEnd().split('\n').at(-1), errors: done.stderr };
  }

  test('without a test is a failure', () => {
    const { status, errors } = run('only=tests/nothing');
    assert.equal(status, 1);
    assert.match(errors, /no test file is in tests\/nothing/);
  });

  test('what a test started does not outlive it when it is ended from outside', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'cardea-test-children-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const script = join(folder, 'parent.ts');
    const helper = JSON.stringify(join(ROOT, 'tests', 'helpers', 'children.ts'));
    writeFileSync(
      script,
      `import { spawn } from 'node:child_process';
       import { track } from ${helper};
       const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
       track(child);
       console.log(child.pid);
       process.kill(process.pid, 'SIGTERM');
       setInterval(() => {}, 1000);`,
    );
    const done = spawnSync(process.execPath, [script], { encoding: 'utf8' });
    assert.equal(done.status, 143);
    const pid = Number(done.stdout.trim());
    assert.ok(pid > 0);
    await until('the child has ended', () => !isAlive(pid));
  });
});
