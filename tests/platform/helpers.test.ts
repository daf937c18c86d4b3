import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
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

/** Lines of the file's own level that await, after its first test, and suites whose function is async. */
function lateSetUp(text: string): string[] {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => /^\s*(?:describe|test)\(/.test(line));
  return lines.filter(
    (line, at) =>
      (first !== -1 && at > first && /^(?:await |\w.*[ (]await )/.test(line) && !/=> |function /.test(line)) ||
      /^\s*describe\(.*\basync \(/.test(line),
  );
}

test('every file makes what its tests need before its first test', () => {
  // A file that awaits afterwards would run its `after` hooks as soon as the tests so far have ended. A suite whose
  // function is async would add tests after tests/worker.ts has stopped to follow promises.
  for (const file of globSync('tests/**/*.test.ts', { cwd: ROOT })) {
    assert.deepEqual(lateSetUp(readFileSync(join(ROOT, file), 'utf8')), [], file);
  }
  const wrong = ["test('a', () => {});", 'const x = await y();', 'await z();', "describe('b', async () => {"];
  assert.equal(lateSetUp(wrong.join('\n')).length, 3);
});

describe('the helpers of the tests', () => {
  test('clean up in reverse order, completely, and report failures', async () => {
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

  test('a database is migrated, empty, and removed when it is dropped, even with open connections', async () => {
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

  test('a secret is searched for in each form in which it could be stored', () => {
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
