import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { CLOCK_TOLERANCE_SECONDS, publicationSeconds, silenceSeconds } from '../../keys/ring.ts';
import { createKeyRing } from '../../keys/rotate.ts';
import { CHANNEL, type KeyTables } from '../../keys/store.ts';
import { createDb } from '../../server/platform/db.ts';
import { defer, type Scope } from '../helpers/scope.ts';
import { until } from '../helpers/waiting.ts';
import {
  bench,
  DAY,
  HOUR,
  inState,
  keyDatabase,
  POLICY,
  QUICK,
  RETIRED,
  RINGS,
  SEALER,
  START,
  after as timeAfter,
} from './fixtures.ts';

const EDDSA = { ...POLICY, rings: RINGS.rings.filter((ring) => ring.name === 'EdDSA') };

const { url, empty } = await keyDatabase({ after });

async function connection(scope: Scope, url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  defer(scope, () => client.end());
  return client;
}

test('creates the first key of every ring, and then has nothing to do', async () => {
  const db = await empty();
  const { ring } = bench(db);
  const first = await ring.maintain();
  assert.deepEqual(
    first.done.map((done) => [done.do, done.ring, done.state]),
    RINGS.rings.map((one) => ['create', one.name, 'active']),
  );
  assert.equal(first.version, 1);
  assert.deepEqual(await ring.maintain(), { version: undefined, done: [] });
});

test('takes a key from pending to retired', async () => {
  const db = await empty();
  const { ring, at } = bench(db, EDDSA);
  await ring.maintain();
  const [old] = inState(await ring.list(), 'EdDSA', 'active');

  at(30 * DAY - publicationSeconds(EDDSA) - EDDSA.pollSeconds);
  const [created] = (await ring.maintain()).done;
  assert.equal(created?.state, 'pending');

  at(30 * DAY);
  await ring.acknowledge('one', 1);
  assert.deepEqual((await ring.maintain()).done, [], 'node "one" does not know it yet');
  assert.equal(await ring.acknowledge('one', 2), 2);
  assert.deepEqual((await ring.maintain()).done, [], 'key sets that "one" has served may be cached for max-age');
  const promoted = 30 * DAY + EDDSA.jwksMaxAgeSeconds;
  for (let beat = 30 * DAY; beat < promoted; beat += 60) {
    at(beat);
    await ring.acknowledge('one', 2);
    assert.deepEqual((await ring.maintain()).done, []);
  }
  at(promoted);
  await ring.acknowledge('newcomer', 0);
  await ring.acknowledge('newcomer', 2);
  assert.deepEqual(
    (await ring.maintain()).done.map((done) => [done.do, done.kid]),
    [
      ['demote', old],
      ['promote', created.kid],
    ],
  );

  const listed = (await ring.list()).find((one) => one.kid === old);
  assert.equal(listed?.retiresAt, timeAfter(promoted + silenceSeconds(EDDSA) + HOUR + 60));
  at(promoted + silenceSeconds(EDDSA) + HOUR + 59);
  assert.deepEqual((await ring.maintain()).done, []);
  at(promoted + silenceSeconds(EDDSA) + HOUR + 60);
  assert.deepEqual((await ring.maintain()).done, [{ do: 'retire', ring: 'EdDSA', kid: old }]);
});

test('remembers a staged rotation until it can happen', async () => {
  const db = await empty();
  const { ring, at } = bench(db, EDDSA);
  await ring.maintain();
  at(DAY);
  const [created] = (await ring.rotate()).done;
  assert.equal(created?.state, 'pending');
  assert.deepEqual((await ring.rotate()).done, []);
  at(DAY + publicationSeconds(EDDSA) - 1);
  assert.deepEqual((await ring.maintain()).done, []);
  at(DAY + publicationSeconds(EDDSA));
  await ring.maintain();
  assert.deepEqual(inState(await ring.list(), 'EdDSA', 'active'), [created?.kid]);
});

test('an order lets a key sign before its time that was pending already', async () => {
  const db = await empty();
  const { ring, at } = bench(db, EDDSA);
  await ring.maintain();
  const created = 30 * DAY - publicationSeconds(EDDSA) - EDDSA.pollSeconds;
  at(created);
  const [pending] = (await ring.maintain()).done;
  assert.deepEqual(
    (await ring.rotate()).done.map((one) => [one.do, one.kid]),
    [['expedite', pending?.kid]],
  );
  at(created + publicationSeconds(EDDSA));
  await ring.maintain();
  assert.deepEqual(
    inState(await ring.list(), 'EdDSA', 'active'),
    [pending?.kid],
    'a poll before the scheduled rotation',
  );
});

test('rotates only the named ring', async () => {
  const db = await empty();
  const { ring } = bench(db, QUICK);
  await ring.maintain();
  const { done } = await ring.rotate({ ring: 'ES256', now: true });
  assert.deepEqual(
    done.map((one) => `${one.do} ${one.ring}`),
    ['demote ES256', 'create ES256'],
  );
  await assert.rejects(ring.rotate({ ring: 'PS512' }), { code: 'ring_not_configured', status: 404 });
});

test('revokes a key, once', async () => {
  const db = await empty();
  const { ring } = bench(db, EDDSA);
  await ring.maintain();
  const [kid = ''] = inState(await ring.list(), 'EdDSA', 'active');
  const { done } = await ring.revoke(kid);
  assert.deepEqual(
    done.map((one) => one.do),
    ['retire', 'create'],
  );
  const gone = (await ring.list()).find((one) => one.kid === kid);
  assert.equal(gone?.revoked, true);
  assert.equal(gone?.publicJwk?.kid, kid, 'the public half stays as a record');
  await assert.rejects(ring.revoke(kid), { code: 'key_already_retired', status: 409 });
  await assert.rejects(ring.revoke('none'), { code: 'key_not_found', status: 404 });
});

test('accepts a retired key that has signed until it is revoked, for the configured time', async () => {
  const db = await empty();
  const { ring, at } = bench(db, QUICK);
  assert.deepEqual(await ring.load(), { version: 0, keys: [], retired: [] }, 'before there are any keys');
  await ring.maintain();
  const [kid = ''] = inState(await ring.list(), 'ES256', 'active');
  const [{ kid: unused = '' } = {}] = (await ring.rotate({ ring: 'ES256' })).done;
  await ring.rotate({ now: true });
  assert.equal((await ring.list()).find((one) => one.kid === unused)?.accepted, false, 'it has signed nothing');
  at(2 * DAY);
  await ring.maintain();
  const [record] = (await ring.list()).filter((one) => one.kid === kid);
  assert.deepEqual([record?.state, record?.accepted, record?.revoked], ['retired', true, false]);
  const { retired } = await ring.load();
  assert.deepEqual(
    retired.map(({ publicJwk, until }) => [publicJwk.crv, 'd' in publicJwk, until]).sort(),
    ['Ed25519', 'P-256'].map((curve) => [curve, false, START + 1_000 * RETIRED.seconds]),
    'no cookie key, which has no public half',
  );
  at(RETIRED.seconds);
  assert.deepEqual((await ring.load()).retired, []);
  at(2 * DAY);
  await ring.revoke(kid);
  assert.deepEqual(
    (await ring.load()).retired.map(({ publicJwk }) => publicJwk.crv),
    ['Ed25519'],
  );
  const [revoked] = (await ring.list()).filter((one) => one.kid === kid);
  assert.deepEqual([revoked?.accepted, revoked?.revoked], [false, true]);
  await assert.rejects(ring.revoke(kid), { code: 'key_already_retired', status: 409 });
});

test('revokes an RSA key by each of its ids in the JWKS', async () => {
  const db = await empty();
  const { ring } = bench(db, { ...POLICY, rings: RINGS.rings.filter((one) => one.name === 'RS256') });
  await ring.maintain();
  const [kid = ''] = inState(await ring.list(), 'RS256', 'active');
  await ring.revoke(`${kid}.PS256`);
  assert.equal((await ring.list()).find((one) => one.kid === kid)?.revoked, true);
});

test('rotates once when several nodes do it at the same time', async (t) => {
  const db = await empty();
  const other = createDb({ url });
  defer(t, () => other.close());
  const nodes = [bench(db, QUICK), bench(other, QUICK)];
  const all = (work: (node: (typeof nodes)[0], index: number) => Promise<unknown>) =>
    Promise.all(Array.from({ length: 20 }, (_, index) => work(nodes[index % 2] as (typeof nodes)[0], index)));

  await all((node) => node.ring.maintain());
  assert.equal((await nodes[0]?.ring.list())?.length, QUICK.rings.length, 'one first key in each ring');

  for (const node of nodes) node.at(DAY);
  await all((node, index) => (index % 3 ? node.ring.rotate() : node.ring.maintain()));
  const staged = await db.kysely.withTables<KeyTables>().selectFrom('signing_keys').selectAll().execute();
  assert.equal(staged.filter((row) => row.state === 'pending').length, QUICK.rings.length);
  assert.equal(staged.length, 2 * QUICK.rings.length);

  for (const node of nodes) node.at(2 * DAY);
  await all((node) => node.ring.maintain());
  const after = (await nodes[0]?.ring.list()) ?? [];
  for (const { name } of QUICK.rings) {
    assert.equal(inState(after, name, 'active').length, 1);
    assert.equal(inState(after, name, 'retiring').length, 1);
    assert.equal(inState(after, name, 'pending').length, 0);
  }
});

test('replaces a key once when several operators rotate in an emergency', async (t) => {
  const db = await empty();
  const { ring } = bench(db, EDDSA);
  await ring.maintain();
  const holder = await connection(t, url);
  await holder.query("SELECT pg_advisory_lock(hashtextextended('cardea_keys', 0))");
  const calls = Promise.all(Array.from({ length: 5 }, () => ring.rotate({ now: true })));
  await until('all of them have decided to, and wait for the lock', async () => {
    const { rows } = await holder.query(
      `SELECT count(*)::int AS waiting FROM pg_locks
       WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    return rows[0]?.waiting === 5;
  });
  await holder.query("SELECT pg_advisory_unlock(hashtextextended('cardea_keys', 0))");
  const done = (await calls).map((outcome) => outcome.done.length);
  assert.deepEqual(done.sort(), [0, 0, 0, 0, 2]);
  assert.equal((await ring.list()).length, 2);
});

test('leaves exactly one active key when the process dies at any point', async () => {
  const db = await empty();
  const { ring } = bench(db, EDDSA);
  await ring.maintain();
  let deaths = 0;
  for (let statements = 0; ; statements += 1) {
    const before = await ring.list();
    const finished = await dyingAfter(url, statements, (dying) =>
      createKeyRing({ db: dying, sealer: SEALER, retired: RETIRED, now: () => START, policy: EDDSA }).rotate({
        now: true,
      }),
    );
    const left = await ring.list();
    assert.equal(inState(left, 'EdDSA', 'active').length, 1, `after ${statements} statements`);
    if (finished) break;
    deaths += 1;
    assert.ok(left.length - before.length <= 1);
    assert.equal((await ring.load()).keys.length, left.length, 'all of them can be decrypted');
  }
  assert.ok(deaths >= 9, `it was interrupted at each of ${deaths} statements`);
});

/**
 * Runs work on a connection whose socket breaks instead of sending the next statement.
 * @returns true if the work succeeded
 */
async function dyingAfter(
  url: string,
  statements: number,
  work: (db: Kysely<KeyTables>) => Promise<unknown>,
): Promise<boolean> {
  let left = statements;
  class Dying extends pg.Client {
    // biome-ignore lint/suspicious/noExplicitAny: the boundary to pg, whose query() has a dozen overloads
    override query(...args: any[]): any {
      if (left === 0) (this as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
      left -= 1;
      // biome-ignore lint/suspicious/noExplicitAny: as above
      return (super.query as any)(...args);
    }
  }
  const pool = new pg.Pool({ connectionString: url, max: 1, Client: Dying });
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const db = new Kysely<KeyTables>({ dialect: new PostgresDialect({ pool }) });
  try {
    await work(db);
    return true;
  } catch (error) {
    assert.ok(left < 0, error as Error);
    return false;
  } finally {
    await db.destroy();
  }
}

test('notifies all nodes of the new version after the commit', async (t) => {
  const db = await empty();
  const { ring } = bench(db, EDDSA);
  const listener = await connection(t, url);
  const heard: (string | undefined)[] = [];
  listener.on('notification', (message) => heard.push(message.payload));
  await listener.query(`LISTEN ${CHANNEL}`);
  const first = await ring.maintain();
  await ring.maintain();
  const second = await ring.rotate({ now: true });
  await ring.callNodes();
  await until('all notifications', async () => {
    await listener.query('SELECT 1');
    return heard.length >= 3;
  });
  assert.deepEqual(heard, [String(first.version), String(second.version), ''], 'the last one is a call of the nodes');
  assert.equal((await ring.load()).version, second.version);
});

test('waits for the copies of a node that had served another key set before it told of itself', async () => {
  const db = await empty();
  const { ring, at } = bench(db, EDDSA);
  await ring.maintain();
  const [created] = (await ring.rotate()).done;
  const known = publicationSeconds(EDDSA);
  const promoted = known + EDDSA.jwksMaxAgeSeconds;
  for (let beat = known; beat < promoted; beat += 60) {
    at(beat);
    await ring.acknowledge('returned', 2);
    assert.deepEqual((await ring.maintain()).done, []);
  }
  at(promoted);
  await ring.maintain();
  assert.deepEqual(inState(await ring.list(), 'EdDSA', 'active'), [created?.kid]);
});

test('keeps a retiring key for signatures made before the clock was set back', async () => {
  const db = await empty();
  const { ring, at } = bench(db, EDDSA);
  await ring.maintain();
  at(DAY);
  await ring.acknowledge('one', 1);
  at(HOUR);
  await ring.acknowledge('one', 1);
  await ring.rotate({ now: true });
  const [retiring] = (await ring.list()).filter((one) => one.state === 'retiring');
  assert.equal(retiring?.retiringAt, timeAfter(DAY));
});

test('remembers the longest lifetime that was ever configured while a key signed', async () => {
  const db = await empty();
  const lasting = (signsForSeconds: number) =>
    bench(db, { ...POLICY, rings: [{ name: 'EdDSA', alg: 'EdDSA', signsForSeconds }] }).ring;
  const lifetimes = [];
  for (const seconds of [HOUR, DAY, HOUR]) {
    await lasting(seconds).maintain();
    lifetimes.push((await lasting(seconds).list())[0]?.signsForSeconds);
  }
  assert.deepEqual(lifetimes, [HOUR, DAY, DAY]);
});

test('leaves a ring to the live nodes that have it configured', async () => {
  const db = await empty();
  const upgraded = bench(db, QUICK);
  const old = bench(db, EDDSA);
  await upgraded.ring.acknowledge('upgraded', 0);
  await upgraded.ring.maintain();
  assert.deepEqual((await old.ring.maintain()).done, []);
  await upgraded.ring.forgetNode('upgraded');
  assert.deepEqual(
    (await old.ring.maintain()).done.map((done) => `${done.do} ${done.ring}`),
    ['demote ES256', 'demote cookie'],
  );
});

test('removes nodes that shut down, and those that have been gone for long', async () => {
  const db = await empty();
  const { ring, at } = bench(db, EDDSA);
  const nodes = async () => {
    const rows = await db.kysely
      .withTables<KeyTables>()
      .selectFrom('key_nodes')
      .select('node_id')
      .orderBy('node_id')
      .execute();
    return rows.map((row) => row.node_id);
  };
  for (const id of ['crashed', 'stopped', 'well']) await ring.acknowledge(id, 0);
  await ring.forgetNode('stopped');
  const gone = silenceSeconds(EDDSA) + CLOCK_TOLERANCE_SECONDS;
  at(gone);
  await ring.acknowledge('well', 0);
  assert.deepEqual(await nodes(), ['crashed', 'well']);
  at(gone + 1);
  await ring.acknowledge('well', 0);
  assert.deepEqual(await nodes(), ['well']);
});
