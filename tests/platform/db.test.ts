import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { sql } from 'kysely';
import { createDb, type Db, type Statement } from '../../server/platform/db.ts';
import { failedGuard, GUARDS, sqlState, translate, UNIQUE_VIOLATION } from '../../server/platform/db_errors.ts';
import { AppError, isUnavailable, unavailable } from '../../server/platform/errors.ts';
import { ownPostgres } from '../helpers/embedded.ts';
import { database } from '../helpers/postgres.ts';
import { defer, type Scope } from '../helpers/scope.ts';
import { until } from '../helpers/waiting.ts';

const CREATE: Statement = { name: 'create', text: 'CREATE TABLE things (id int PRIMARY KEY, value text NOT NULL)' };
const INSERT: Statement = { name: 'insert', text: 'INSERT INTO things (id, value) VALUES ($1, $2) RETURNING id' };
const COUNT: Statement = { name: 'count', text: 'SELECT count(*)::int AS n FROM things' };
const SLEEP: Statement = { name: 'sleep', text: 'SELECT pg_sleep($1)' };
const PID: Statement = { name: 'pid', text: 'SELECT pg_backend_pid() AS pid' };
const ONE: Statement = { name: 'one', text: 'SELECT 1 AS one' };

async function count(db: Db): Promise<number | undefined> {
  return (await db.run<{ n: number }>(COUNT, []))[0]?.n;
}

/** A fresh database with an empty table. */
async function things(scope: Scope, options: { poolSize?: number; timeoutMs?: number } = {}) {
  const sent: string[] = [];
  const made = await database(scope, { ...options, onStatement: (text) => sent.push(text) });
  await made.db.run(CREATE, []);
  sent.length = 0;
  return { ...made, sent };
}

describe('transactions', () => {
  test('all statements are executed, in one round trip', async (t) => {
    const { db, sent } = await things(t);
    const rows = await db.transact([
      { statement: INSERT, values: [1, 'a'] },
      { statement: INSERT, values: [2, 'b'] },
      { statement: COUNT, values: [] },
    ]);
    assert.deepEqual(rows, [[{ id: 1 }], [{ id: 2 }], [{ n: 2 }]]);
    assert.deepEqual(sent, ['BEGIN', INSERT.text, INSERT.text, COUNT.text, 'COMMIT']);
  });

  for (const at of [0, 1, 2]) {
    test(`none is executed when number ${at + 1} fails, and the connection stays usable`, async (t) => {
      const { db } = await things(t, { poolSize: 1 });
      const bound = [10, 11, 12].map((id, i) => ({ statement: INSERT, values: [id, i === at ? null : 'x'] }));
      await assert.rejects(db.transact(bound), (error) => sqlState(error) === '23502');
      assert.equal(await count(db), 0);
      await db.transact([
        { statement: INSERT, values: [1, 'a'] },
        { statement: INSERT, values: [2, 'b'] },
      ]);
      assert.equal(await count(db), 2);
    });
  }

  test('the error is the first cause, not that the transaction was aborted', async (t) => {
    const { db } = await things(t);
    await db.run(INSERT, [1, 'a']);
    const bound = [1, 2, 3].map((id) => ({ statement: INSERT, values: [id, 'x'] }));
    await assert.rejects(db.transact(bound), (error) => sqlState(error) === UNIQUE_VIOLATION);
  });

  test('one statement needs no BEGIN, and no statement needs no connection', async (t) => {
    const { db, sent } = await things(t);
    assert.deepEqual(await db.transact([{ statement: INSERT, values: [1, 'a'] }]), [[{ id: 1 }]]);
    assert.deepEqual(await db.transact([]), []);
    assert.deepEqual(sent, [INSERT.text]);
  });

  test('of parallel ones for one row one commits and the others are refused, in any order', async (t) => {
    const { db } = await things(t);
    const results = await Promise.allSettled(
      Array.from({ length: 40 }, (_, i) =>
        db.transact([
          { statement: INSERT, values: [i + 100, 'own'] },
          { statement: INSERT, values: [1, 'shared'] },
        ]),
      ),
    );
    assert.equal(results.filter((one) => one.status === 'fulfilled').length, 1);
    assert.equal(await count(db), 2);
  });

  test('the statement listener sees every statement, also those of kysely', async (t) => {
    const { db, sent } = await things(t);
    await sql`SELECT 1`.execute(db.kysely);
    await db.run(ONE, []);
    assert.deepEqual(sent, ['SELECT 1', ONE.text]);
  });
});

describe('when Postgres refuses', () => {
  /** What refuses a statement that Cardea never sends, so that the code does not tell them apart by the SQLSTATE. */
  const APPEND_ONLY = {
    refuse_change_of_audit: 'CD006',
    drop_audit_part: 'CD006',
    // its migration gave it none
    refuse_other_than_insert: null,
  } as const;

  test('its errors are passed on with their SQLSTATE', async (t) => {
    const { db } = await things(t);
    await db.run(INSERT, [1, 'a']);
    const error = await db.run(INSERT, [1, 'b']).catch((thrown: unknown) => thrown);
    assert.equal(sqlState(error), UNIQUE_VIOLATION);
    assert.equal(isUnavailable(error), false);
  });

  test('errors of the application are passed on unchanged', () => {
    const ours = new AppError('invalid_grant', 'no');
    assert.equal(translate(ours), ours);
    const already = unavailable('something');
    assert.equal(translate(already), already);
    const mistake = new TypeError('x is not a function');
    assert.equal(translate(mistake), mistake);
  });

  test('the functions of the schema that refuse something are the guards, each with its SQLSTATE, and those that keep tables append-only', async (t) => {
    const { db } = await database(t);
    const functions = await db.run<{ name: string; state: string | null }>(
      {
        name: 'guards',
        text: `SELECT proname AS name, substring(prosrc FROM $$ERRCODE = '(.{5})'$$) AS state FROM pg_proc
                WHERE pronamespace = 'public'::regnamespace AND prosrc ~ 'RAISE EXCEPTION'`,
      },
      [],
    );
    const found = Object.fromEntries(functions.map(({ name, state }) => [name, state]));
    assert.deepEqual(found, { ...GUARDS, ...APPEND_ONLY });
    const states = Object.values(GUARDS) as string[];
    assert.ok(Object.values(APPEND_ONLY).every((state) => state === null || !states.includes(state)));
  });

  test('the guard that refused a transaction is known', async (t) => {
    const { db } = await database(t);
    const text = 'SELECT require_rows((SELECT count(*) FROM clients WHERE false))';
    const refused = await db.run({ name: 'refused', text }, []).catch((thrown: unknown) => thrown);
    assert.equal(failedGuard(refused), 'require_rows');
    assert.equal(failedGuard(new Error('another')), undefined);
  });

  test('a SQLSTATE is also found in the cause of an AppError', async (t) => {
    const { db } = await things(t);
    const cause = await db.run({ name: 'bad', text: 'SELEC' }, []).catch((thrown: unknown) => thrown);
    assert.equal(sqlState(new AppError('server_error', 'x', { cause })), '42601');
    assert.equal(sqlState(new Error('x')), undefined);
  });
});

describe('when Postgres does not answer', () => {
  const SHORT_MS = 300;

  test('a statement that takes too long is 503, and the connection stays usable', async (t) => {
    const { db } = await things(t, { poolSize: 1, timeoutMs: SHORT_MS });
    await assert.rejects(db.run(SLEEP, [30]), isUnavailable);
    await assert.rejects(
      db.transact([
        { statement: INSERT, values: [1, 'a'] },
        { statement: SLEEP, values: [30] },
      ]),
      isUnavailable,
    );
    assert.equal(await count(db), 0);
  });

  test('waiting too long for a connection of the pool is 503', async (t) => {
    const { db } = await things(t, { poolSize: 1, timeoutMs: SHORT_MS });
    const slow = db.run(SLEEP, [30]).catch((error: unknown) => error);
    // A transaction needs a connection to itself; a read could share one.
    const one = { statement: ONE, values: [] };
    await assert.rejects(db.transact([one, one]), isUnavailable);
    await slow;
  });

  test('a connection that an operator ends is 503, and the next statement works', async (t) => {
    const { db, url } = await things(t, { poolSize: 1 });
    const operator = createDb({ url, poolSize: 1 });
    defer(t, () => operator.close());
    const [backend] = await db.run<{ pid: number }>(PID, []);
    const waiting = assert.rejects(db.run(SLEEP, [30]), isUnavailable);
    await until('the statement runs', async () => {
      const text =
        "SELECT 1 AS yes FROM pg_stat_activity WHERE pid = $1 AND query LIKE '%pg_sleep%' AND state = 'active'";
      return (await operator.run({ name: 'active', text }, [backend?.pid])).length === 1;
    });
    await operator.run({ name: 'kill', text: 'SELECT pg_terminate_backend($1)' }, [backend?.pid]);
    await waiting;
    assert.deepEqual(await db.run(ONE, []), [{ one: 1 }]);
  });

  test('a frozen connection is 503 soon after the time limit', async (t) => {
    const { db } = await things(t, { poolSize: 1, timeoutMs: SHORT_MS });
    const [backend] = await db.run<{ pid: number }>(PID, []);
    assert.ok(backend);
    process.kill(backend.pid, 'SIGSTOP');
    try {
      const began = performance.now();
      await assert.rejects(
        db.transact([
          { statement: INSERT, values: [1, 'a'] },
          { statement: INSERT, values: [2, 'b'] },
        ]),
        isUnavailable,
      );
      assert.ok(performance.now() - began < SHORT_MS + 3_000);
      assert.deepEqual(await db.run(ONE, []), [{ one: 1 }], 'on another connection');
    } finally {
      process.kill(backend.pid, 'SIGCONT');
    }
  });

  describe('when the whole server does not answer', () => {
    const scope: Scope = { after };

    test('stopped: 503, no crash from idle connections, and it works when Postgres is back', async () => {
      const own = ownPostgres(scope);
      const { url } = await own.start();
      const broken: unknown[] = [];
      const outages = {
        failed: (error: unknown) => void broken.push(error),
        succeeded() {},
        isAway: () => broken.length > 0,
      };
      const db = createDb({ url, timeoutMs: SHORT_MS, outages });
      defer(scope, () => db.close());
      // several idle connections, and one in use
      await Promise.all(Array.from({ length: 4 }, () => db.run(ONE, [])));
      await db.connect();

      await own.kill();
      await until('idle connections report the stop', () => broken.length > 0);
      await assert.rejects(db.run(ONE, []), isUnavailable);
      await assert.rejects(
        db.transact([
          { statement: ONE, values: [] },
          { statement: ONE, values: [] },
        ]),
        isUnavailable,
      );
      await assert.rejects(db.connect(), isUnavailable);
      await assert.rejects(sql`SELECT 1`.execute(db.kysely), isUnavailable);

      // The embedded Postgres gets a new port at each start; an operator's Postgres keeps its port.
      const back = await own.start();
      const again = createDb({ url: back.url });
      assert.deepEqual(await again.run(ONE, []), [{ one: 1 }]);
      await again.close();
    });

    test('frozen: 503 within the time limit, and it works when Postgres continues', async (t) => {
      const own = ownPostgres(t);
      const { url } = await own.start();
      const pid = own.pid();
      assert.ok(pid);
      const db = createDb({ url, timeoutMs: SHORT_MS });
      defer(t, () => db.close());
      process.kill(pid, 'SIGSTOP');
      const began = performance.now();
      await assert.rejects(db.run(ONE, []), isUnavailable);
      await assert.rejects(db.connect(), isUnavailable);
      assert.ok(performance.now() - began < 4_000);
      process.kill(pid, 'SIGCONT');
      assert.deepEqual(await db.run(ONE, []), [{ one: 1 }]);
    });
  });
});
