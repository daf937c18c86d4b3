import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { SignedHead } from '../../server/audit/heads.ts';
import { type Finding, verifyAudit } from '../../server/audit/verify.ts';
import type { BoundStatement } from '../../server/platform/db.ts';
import { auditLog, event } from '../helpers/audit.ts';
import { database } from '../helpers/postgres.ts';
import { remember } from '../helpers/secrets.ts';

/** Whoever has all rights in the database can change the audit, and not so that nobody sees it. */
const scope = { after };
const masterKey = remember('master_key', Buffer.alloc(32, 7).toString('base64'));
const COUNT = 600;

async function filled() {
  const { db } = await database(scope);
  const log = await auditLog({ db, masterKey });
  const ids = await log.fill(COUNT, 100);
  return { db, log, ids };
}

const ofKind = (findings: readonly Finding[], kind: Finding['kind']) =>
  findings.filter((one) => one.kind === kind).map(({ eventId, index }) => eventId ?? index);
const kinds = (findings: readonly Finding[]) => [...new Set(findings.map(({ kind }) => kind))].toSorted();

const { db, log, ids } = await filled();
const quoted = (i: number) => `'${ids[i]}'`;
const PLACE = 300;
/** The size of the tree of the first head that covers it. */
const NEXT_HEAD = 400;
const [first, second] = [PLACE, PLACE + 7];
/** An id of the same moment that no event has: ids end at random. */
const INSERTED = (ids[PLACE] ?? '').replace(/.$/, (last) => (last === 'f' ? 'e' : 'f'));

interface Case {
  readonly about: string;
  /** In one transaction. */
  readonly sql: readonly string[];
  /** What is found, by its kind: ids of events, or places in the log. */
  readonly found: Readonly<Partial<Record<Finding['kind'], readonly (string | number)[]>>>;
}

const swapOf = (column: string) =>
  `UPDATE audit_leaves l SET ${column} = o.${column} FROM audit_leaves o
    WHERE l.index IN (${first}, ${second}) AND o.index IN (${first}, ${second}) AND o.index <> l.index`;

const cases: readonly Case[] = [
  {
    about: 'a changed target',
    sql: [`UPDATE audit SET target_id = 'somebody-else' WHERE id = ${quoted(PLACE)}`],
    found: { changed: [ids[PLACE] ?? ''] },
  },
  {
    about: 'a changed time, outcome, session and sealed address',
    sql: [
      `UPDATE audit SET at = at + interval '1 second' WHERE id = ${quoted(1)}`,
      `UPDATE audit SET outcome = 'denied' WHERE id = ${quoted(2)}`,
      `UPDATE audit SET at = at + interval '400 microseconds' WHERE id = ${quoted(6)}`,
      `UPDATE audit SET session_id = NULL WHERE id = ${quoted(3)}`,
      `UPDATE audit SET sealed_details = sealed_details || '\\x00' WHERE id = ${quoted(4)}`,
      `UPDATE audit SET changes = '{}' WHERE id = ${quoted(5)}`,
    ],
    found: { changed: ids.slice(1, 7) },
  },
  {
    about: 'a removed event',
    sql: [`DELETE FROM audit WHERE id = ${quoted(PLACE)}`],
    found: { removed: [ids[PLACE] ?? ''] },
  },
  {
    about: 'a removed event with its leaf',
    sql: [`DELETE FROM audit WHERE id = ${quoted(PLACE)}`, `DELETE FROM audit_leaves WHERE index = ${PLACE}`],
    found: { leaf_removed: [PLACE] },
  },
  {
    about: 'a removed event, with the leaves after it moved up',
    sql: [
      `DELETE FROM audit WHERE id = ${quoted(PLACE)}`,
      `DELETE FROM audit_leaves WHERE index = ${PLACE}`,
      `UPDATE audit_leaves SET index = index + 1000 WHERE index > ${PLACE}`,
      'UPDATE audit_leaves SET index = index - 1001 WHERE index >= 1000',
    ],
    found: { leaf_changed: [ids[PLACE + 1] ?? ''], tree_differs: [NEXT_HEAD], cut: [COUNT] },
  },
  {
    about: 'an inserted event',
    sql: [
      `INSERT INTO audit SELECT '${INSERTED}'::uuid, at, actor_kind, actor_id, client_id, action, target_kind,
             'somebody-else', outcome, reason, changes, request_id FROM audit WHERE id = ${quoted(PLACE)}`,
    ],
    found: { inserted: [INSERTED] },
  },
  {
    about: 'two events in each other’s place',
    sql: ['event_id', 'hash', 'mac'].map(swapOf),
    found: {
      leaf_changed: [first, first + 1, second, second + 1].map(
        (i) => ids[i === first ? second : i === second ? first : i] ?? '',
      ),
      tree_differs: [NEXT_HEAD],
    },
  },
  {
    about: 'the rows of two people in each other’s place',
    sql: [
      `UPDATE audit a SET actor_id = o.actor_id, target_id = o.target_id FROM audit o
        WHERE a.id IN (${quoted(first)}, ${quoted(second)}) AND o.id IN (${quoted(first)}, ${quoted(second)}) AND o.id <> a.id`,
    ],
    found: { changed: [ids[first] ?? '', ids[second] ?? ''] },
  },
  {
    about: 'a changed event with a new hash in its leaf',
    sql: [
      `UPDATE audit SET target_id = 'somebody-else' WHERE id = ${quoted(PLACE)}`,
      `UPDATE audit_leaves SET hash = sha256('other') WHERE index = ${PLACE}`,
    ],
    found: { leaf_changed: [ids[PLACE] ?? ''], changed: [ids[PLACE] ?? ''], tree_differs: [NEXT_HEAD] },
  },
  {
    about: 'the end without its heads: leaves are missing that heads have signed',
    sql: [
      `DELETE FROM audit WHERE id >= ${quoted(COUNT - 50)}`,
      `DELETE FROM audit_leaves WHERE index >= ${COUNT - 50}`,
    ],
    found: { cut: [COUNT] },
  },
  {
    about: 'a removed head',
    sql: ['DELETE FROM audit_heads WHERE tree_size = 300'],
    found: { head_removed: [400] },
  },
  {
    about: 'a changed head',
    sql: [`UPDATE audit_heads SET head = replace(head, '"tree_size":300', '"tree_size":301') WHERE tree_size = 300`],
    found: { head_changed: [300], head_removed: [400] },
  },
  {
    about: 'a head that is no JSON any more',
    sql: [`UPDATE audit_heads SET head = '{' WHERE tree_size = 300`],
    found: { head_changed: [300], head_removed: [400] },
  },
  {
    about: 'a head whose time is in the future, so that no other one is due',
    sql: [`UPDATE audit_heads SET created_at = '2999-01-01' WHERE tree_size = ${COUNT}`],
    found: { head_changed: [COUNT] },
  },
  {
    about: 'values that no event can have',
    sql: [
      `UPDATE audit SET at = 'infinity' WHERE id = ${quoted(PLACE)}`,
      `UPDATE audit SET changes = '{"n":1e400}' WHERE id = ${quoted(PLACE + 1)}`,
    ],
    found: { changed: ids.slice(PLACE, PLACE + 2) },
  },
  {
    about: 'a changed hash of the tree',
    sql: [`UPDATE audit_nodes SET hash = sha256('other') WHERE level = 8 AND index = 1`],
    found: { node_changed: [256] },
  },
];

test('an untouched log has no findings', async () => {
  const { findings, events, heads, waiting } = await log.verify();
  assert.deepEqual([findings, events, heads, waiting], [[], COUNT, 1 + COUNT / 100, 0]);
});

for (const { about, sql, found } of cases) {
  test(`${about}: found with the right row`, async () => {
    const tables = ['audit', 'audit_leaves', 'audit_heads', 'audit_nodes'];
    await log.tamper(...tables.map((table) => `CREATE TABLE kept_${table} AS SELECT * FROM ${table}`));
    try {
      await log.tamper(...sql);
      const { findings } = await log.verify();
      assert.deepEqual(kinds(findings), Object.keys(found).toSorted(), JSON.stringify(findings.slice(0, 5)));
      for (const [kind, right] of Object.entries(found)) {
        assert.deepEqual(ofKind(findings, kind as Finding['kind']).toSorted(), [...right].toSorted(), kind);
      }
    } finally {
      await log.tamper(
        ...tables.flatMap((table) => [
          `DELETE FROM ${table}`,
          `INSERT INTO ${table} SELECT * FROM kept_${table}`,
          `DROP TABLE kept_${table}`,
        ]),
      );
    }
    assert.deepEqual((await log.verify()).findings, []);
  });
}

test('the whole log written anew without the keys: every leaf and head is found', async () => {
  const other = await filled();
  const forger = await auditLog({
    db: (await database(scope)).db,
    masterKey: remember('master_key', Buffer.alloc(32, 8).toString('base64')),
  });
  await forger.fill(100);
  const forged = await forger.verify();
  assert.deepEqual(forged.findings, []);
  // With keys of the forger's own: a signed log that is whole in itself.
  const { findings } = await (await auditLog({ db: other.db, masterKey })).verify({
    heads: [forged.newest as SignedHead],
  });
  assert.deepEqual(kinds(findings), ['head_changed']);
  await other.log.tamper(
    `UPDATE audit SET target_id = 'somebody-else'`,
    `UPDATE audit_leaves SET hash = sha256(convert_to(index::text, 'UTF8')), mac = sha256(hash)`,
    `DELETE FROM audit_heads WHERE tree_size < ${COUNT}`,
  );
  const rewritten = await other.log.verify();
  assert.equal(ofKind(rewritten.findings, 'leaf_changed').length, COUNT);
  assert.equal(ofKind(rewritten.findings, 'changed').length, COUNT);
});

test('the end of the log with its heads: a head that was kept elsewhere shows that it was cut', async () => {
  const { log: cut } = await filled();
  const { newest } = await cut.verify();
  assert.equal(newest?.head.tree_size, COUNT);
  await cut.tamper(
    `DELETE FROM audit_heads WHERE tree_size > ${COUNT - 100}`,
    `DELETE FROM audit_leaves WHERE index >= ${COUNT - 100}`,
    'DELETE FROM audit WHERE id NOT IN (SELECT event_id FROM audit_leaves)',
  );
  assert.deepEqual((await cut.verify()).findings, [], 'the database alone cannot show it');
  const { findings } = await cut.verify({ heads: [newest as SignedHead] });
  assert.deepEqual(ofKind(findings, 'cut'), [COUNT]);
  await assert.rejects(cut.seal(), /its end was removed/, 'a node that has seen the end seals nothing more');
});

test('an event that Cardea did not write is not sealed, though its trigger queues it', async () => {
  const { db: own } = await database(scope);
  const log = await auditLog({ db: own, masterKey });
  await log.fill(10);
  await own.run(
    {
      text: `INSERT INTO audit (id, at, actor_kind, actor_id, action, target_kind, target_id, outcome, request_id)
    VALUES ('019a3f5e-8c00-7a1b-9d2e-3f4a5b6c7d8e', now(), 'system', '', 'users.disable', 'user', '', 'done', '')`,
    },
    [],
  );
  const waiting = await log.verify();
  assert.deepEqual(
    [ofKind(waiting.findings, 'inserted'), waiting.waiting],
    [['019a3f5e-8c00-7a1b-9d2e-3f4a5b6c7d8e'], 0],
    'also before the sealing has seen it',
  );
  await log.seal();
  const { findings, events } = await log.verify();
  assert.deepEqual([ofKind(findings, 'inserted'), events], [['019a3f5e-8c00-7a1b-9d2e-3f4a5b6c7d8e'], 10]);
});

const FORGED = '019a3f5e-8c00-7a1b-9d2e-3f4a5b6c7d8e';
const forge = (changes = '{}') =>
  `INSERT INTO audit (id, at, actor_kind, actor_id, action, target_kind, target_id, outcome, request_id, changes)
   VALUES ('${FORGED}', now(), 'system', '', 'users.disable', 'user', '', 'done', '', '${changes}')`;

test('an event that Cardea did not write is not sealed as one from before there were MACs, though all heads are gone', async () => {
  const { db: own } = await database(scope);
  const log = await auditLog({ db: own, masterKey });
  await log.fill(10);
  await log.tamper('DELETE FROM audit_heads');
  await own.run({ text: forge() }, []);
  await log.seal();
  const { findings } = await log.verify();
  assert.deepEqual(ofKind(findings, 'inserted'), [FORGED]);
});

test('an event that cannot be hashed keeps no other from its place in the log', async () => {
  const { db: own } = await database(scope);
  const log = await auditLog({ db: own, masterKey });
  await own.run({ text: forge('{"n":1e400}') }, []);
  await log.fill(10);
  const { findings, events } = await log.verify();
  assert.deepEqual([ofKind(findings, 'inserted'), events], [[FORGED], 10]);
});

test('events from before there were MACs are sealed, in several turns', async () => {
  const { db: own } = await database(scope);
  const log = await auditLog({ db: own, masterKey });
  const count = 1_500;
  await own.run(
    {
      text: `INSERT INTO audit (id, at, actor_kind, actor_id, action, target_kind, target_id, outcome, request_id, changes)
      SELECT ('019a3f5e-8c00-7a1b-9d2e-' || lpad(i::text, 12, '0'))::uuid, date_trunc('milliseconds', now()), 'system', '', 'users.disable', 'user', '', 'done', '', '{}'
        FROM generate_series(1, $1::int) AS i`,
    },
    [count],
  );
  await log.fill(10);
  const { findings, events } = await log.verify();
  assert.deepEqual([findings, events], [[], count + 10]);
});

test('an event that has a place in the log gets no second one', async () => {
  const { db: own } = await database(scope);
  const log = await auditLog({ db: own, masterKey });
  const [first = ''] = await log.fill(10);
  await log.tamper(`INSERT INTO audit_unsealed (event_id) VALUES ('${first}')`);
  await log.seal();
  const { findings, size } = await log.verify();
  assert.deepEqual([findings, size], [[], 10]);
});

test('a time of a head that was moved does not hide what --since asks for', async () => {
  const { db: own } = await database(scope);
  const log = await auditLog({ db: own, masterKey });
  const since = Date.now() - 1_000;
  const [, second = ''] = await log.fill(10);
  await log.tamper(
    `UPDATE audit_heads SET created_at = '2000-01-01'`,
    `UPDATE audit SET outcome = 'denied' WHERE id = '${second}'`,
  );
  assert.deepEqual(ofKind((await log.verify({ since })).findings, 'changed'), [second]);
});

test('--since takes a time from before 1970', async () => {
  assert.equal((await log.verify({ since: Date.parse('1969-12-31T23:59:00Z') })).events, COUNT);
});

test('--since finds leaves and hashes of the tree that are gone', async () => {
  const { db: own } = await database(scope);
  const log = await auditLog({ db: own, masterKey });
  await log.fill(10);
  await log.tamper('DELETE FROM audit_leaves WHERE index = 3');
  const { findings } = await log.verify({ since: Date.now() + 1_000 });
  assert.deepEqual(ofKind(findings, 'leaf_removed'), [3]);
});

test('very many removed events do not make a verification slow', async () => {
  const { db: own } = await database(scope);
  const log = await auditLog({ db: own, masterKey });
  await log.fill(100);
  await log.tamper('DELETE FROM audit');
  let statements = 0;
  const counting = {
    query<R>(bound: BoundStatement<R>) {
      statements += 1;
      return own.query(bound);
    },
  };
  let found = 0;
  for await (const { findings } of verifyAudit(counting, log.keys)) found += findings.length;
  assert.equal(found, 100);
  assert.ok(statements < 30, String(statements));
});

test('a second row with the id of an event is found', async () => {
  const { db: own } = await database(scope);
  const log = await auditLog({ db: own, masterKey });
  const [first = ''] = await log.fill(10);
  await log.tamper(
    'ALTER TABLE audit DROP CONSTRAINT audit_pkey',
    `INSERT INTO audit SELECT * FROM audit WHERE id = '${first}'`,
  );
  assert.deepEqual(ofKind((await log.verify()).findings, 'inserted'), [first]);
});

test('an event that was removed before it was sealed is found', async () => {
  const { db: own } = await database(scope);
  const log = await auditLog({ db: own, masterKey });
  await log.fill(10);
  const before = (await own.run<{ id: string }>({ text: 'SELECT id FROM audit' }, [])).map(({ id }) => id);
  await own.transact([event(log.audit, 10)]);
  await log.tamper(`DELETE FROM audit WHERE id NOT IN (${before.map((id) => `'${id}'`).join()})`);
  await log.seal();
  const { findings } = await log.verify();
  assert.deepEqual(kinds(findings), ['removed']);
});

test('the rows and the log refuse every change', async () => {
  for (const table of ['audit', 'audit_leaves', 'audit_nodes', 'audit_heads']) {
    for (const text of [
      `DELETE FROM ${table}`,
      `UPDATE ${table} SET ${table === 'audit' ? 'id = id' : table === 'audit_heads' ? 'head = head' : 'hash = hash'}`,
      `TRUNCATE ${table}`,
    ]) {
      await assert.rejects(db.run({ text }, []), { code: 'CD006' }, text);
    }
  }
  const parts = await db.run<{ name: string }>(
    {
      text: `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent IN ('audit'::regclass, 'audit_leaves'::regclass)`,
    },
    [],
  );
  assert.ok(parts.length >= 3);
  for (const { name } of parts) await assert.rejects(db.run({ text: `TRUNCATE ${name}` }, []), { code: 'CD006' }, name);
});

test('the whole log given up, so that it is taken in anew as from before there were MACs', async () => {
  const { db: own, log: emptied } = await filled();
  await emptied.tamper(
    'DELETE FROM audit_leaves',
    'DELETE FROM audit_nodes',
    'DELETE FROM audit_heads WHERE tree_size > 0',
    `UPDATE audit SET mac = NULL, outcome = 'denied'`,
    'INSERT INTO audit_unsealed (event_id) SELECT id FROM audit',
  );
  const started = await auditLog({ db: own, masterKey });
  await started.seal();
  const { findings, size } = await started.verify();
  assert.deepEqual([kinds(findings), findings.length, size], [['inserted'], COUNT, 0]);
  await emptied.tamper('DELETE FROM audit_heads', 'UPDATE audit_unsealed SET refused = false');
  await started.seal();
  assert.equal(ofKind((await started.verify()).findings, 'inserted').length, COUNT, 'without the first head as well');
});
