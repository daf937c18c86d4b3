import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { createPasswordUpgrade } from '../../server/accounts/password_change.ts';
import { createPasswords } from '../../server/accounts/passwords.ts';
import { openAudit } from '../../server/audit/entries.ts';
import { createDeliveryWorker, type Deliver } from '../../server/jobs/deliveries.ts';
import { createDb } from '../../server/platform/db.ts';
import { createLog } from '../../server/platform/log.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { createDeliveries } from '../../server/records/deliveries.ts';
import { createSeeder, PASSWORD } from '../helpers/deployment.ts';
import { NO_PEOPLE } from '../helpers/no_people.ts';
import { database } from '../helpers/postgres.ts';
import { defer, type Scope } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';
import { until } from '../helpers/waiting.ts';

/**
 * An outage of the database is logged once (platform/outages.ts): what runs in the background adds no warnings, loses
 * nothing and does nothing twice.
 */

/** Long enough for a new connection on a busy machine. */
const TIMEOUT_MS = 1_500;
const LEASE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** A database in which statements on a table wait until their time limit, as long as it is locked. */
async function setUp(t: Scope) {
  const { db: operator, url } = await database(t);
  const sent: string[] = [];
  const db = createDb({ url, timeoutMs: TIMEOUT_MS, onStatement: (text) => sent.push(text) });
  defer(t, () => db.close());
  const holder = await operator.connect();
  defer(t, () => holder.end());
  const lines: { level: string; msg: string }[] = [];
  const log = createLog({
    level: 'debug',
    destination: { write: (line: string) => void lines.push(JSON.parse(line)) },
  });
  return {
    db,
    operator,
    sent,
    log,
    warnings: () => lines.filter(({ level }) => level === 'warn' || level === 'error'),
    async lock(statement: string) {
      await holder.query('BEGIN');
      await holder.query(statement);
    },
    unlock: () => holder.query('ROLLBACK'),
  };
}

async function setUpQueue(t: Scope) {
  const base = await setUp(t);
  const clock = { ms: Date.parse('2030-01-01T00:00:00Z') };
  const now = () => clock.ms;
  const sealer = createSealer([randomBytes(32)]);
  const deliveries = createDeliveries({ db: base.db, sealer, people: NO_PEOPLE, now });
  const audit = await openAudit({ db: base.db, sealer, now, issuer: 'https://id.example.com' });
  const expiresAt = new Date(clock.ms + HOUR_MS);
  await base.db.transact([deliveries.enqueue({ kind: 'ping', clientId: 'app', content: {}, expiresAt })]);
  base.sent.length = 0;
  return {
    ...base,
    clock,
    worker: (ping: Deliver) => createDeliveryWorker({ deliveries, deliver: { ping }, audit, now, log: base.log }),
    /** Reads are possible while it is locked. */
    lockQueue: () => base.lock('LOCK TABLE deliveries IN SHARE MODE'),
    queued: async () => (await base.operator.run({ name: 'queued', text: 'SELECT 1 FROM deliveries' }, [])).length,
    removals: () => base.sent.filter((text) => text.includes('DELETE FROM deliveries')).length,
  };
}

describe('an outage of the database', { concurrency: true }, () => {
  test('an item that was handled during an outage is removed after it, and not handled again', async (t) => {
    const { worker, lockQueue, unlock, removals, queued, clock, warnings } = await setUpQueue(t);
    let handled = 0;
    const ping: Deliver = async () => {
      handled += 1;
      await lockQueue();
      return 'done';
    };
    const running = worker(ping).run();
    await until('it is removed again and again', () => removals() >= 2);
    await unlock();
    await running;
    assert.equal(await queued(), 0);
    clock.ms += LEASE_MS;
    await worker(ping).run();
    assert.deepEqual([handled, warnings()], [1, []]);
  });

  test('a worker stops during an outage; what it could not remove is left for the end of its lease', async (t) => {
    const { worker, lockQueue, unlock, removals, queued, clock, warnings } = await setUpQueue(t);
    let handled = 0;
    const one = worker(async () => {
      handled += 1;
      await lockQueue();
      return 'done';
    });
    void one.run();
    await until('it is removed', () => removals() >= 1);
    await one.stop();
    await unlock();
    assert.deepEqual([await queued(), warnings()], [1, []]);
    const another = worker(async () => {
      handled += 1;
      return 'done';
    });
    await another.run();
    assert.equal(handled, 1, 'not before its lease ends');
    clock.ms += LEASE_MS;
    await another.run();
    assert.deepEqual([handled, await queued()], [2, 0]);
  });

  test('an item that fails because of an outage, and cannot be postponed, is tried again when its lease ends', async (t) => {
    const { db, worker, lockQueue, unlock, queued, clock, warnings } = await setUpQueue(t);
    await worker(async () => {
      await lockQueue();
      await db.run({ name: 'slow', text: 'SELECT pg_sleep(60)' }, []);
      return 'done';
    }).run();
    await unlock();
    assert.deepEqual([await queued(), warnings()], [1, []]);
    clock.ms += LEASE_MS;
    await worker(async () => 'done').run();
    assert.equal(await queued(), 0);
  });

  test('an item that expires in an outage is given up with a warning', async (t) => {
    const { db, worker, queued, clock, warnings } = await setUpQueue(t);
    clock.ms += HOUR_MS - 1;
    await worker(async () => {
      await db.run({ name: 'slow', text: 'SELECT pg_sleep(60)' }, []);
      return 'done';
    }).run();
    assert.deepEqual([await queued(), warnings().length], [0, 1]);
  });

  test('a password hash that cannot be renewed in an outage is renewed at the next sign-in', async (t) => {
    const { db, operator, log, lock, unlock, warnings } = await setUp(t);
    const masterKey = remember('master_key', randomBytes(32).toString('base64'));
    const { person } = await createSeeder(operator, masterKey);
    const { accounts } = await createSeeder(db, masterKey);
    const passwords = createPasswords({ threads: 1, argon2: { memory: 128, iterations: 1, parallelism: 1 } });
    defer(t, () => passwords.close());
    const { id } = await person({ password: PASSWORD });
    const upgrade = createPasswordUpgrade({ accounts, passwords, log });
    const stored = async () => {
      const [row] = await operator.run<{ hash: string }>(
        { name: 'stored', text: 'SELECT password_hash AS hash FROM accounts' },
        [],
      );
      return row?.hash ?? null;
    };
    const passwordHash = await stored();
    await lock('SELECT 1 FROM accounts FOR UPDATE');
    await upgrade({ id, passwordHash }, PASSWORD);
    await unlock();
    assert.deepEqual([await stored(), warnings()], [passwordHash, []]);
    await upgrade({ id, passwordHash }, PASSWORD);
    assert.notEqual(await stored(), passwordHash);
  });
});
