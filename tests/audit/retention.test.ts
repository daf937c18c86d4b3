import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { holdingRetention, lagsOf } from '../../server/audit/destination_lag.ts';
import { addAuditMonths, keptFrom, removeOldAudit } from '../../server/audit/retention.ts';
import { createAuditKeeping } from '../../server/jobs/audit.ts';
import { createLog } from '../../server/platform/log.ts';
import { auditLog } from '../helpers/audit.ts';
import { database } from '../helpers/postgres.ts';
import { remember } from '../helpers/secrets.ts';

/** Old months go, and the log still proves the rest. */
const scope = { after };
const masterKey = remember('master_key', Buffer.alloc(32, 12).toString('base64'));
const ISSUER = 'https://id.example.com';

/** A year of events from next month on, 40 a month: the first part of the table has all before. */
async function year() {
  const { db } = await database(scope);
  const from = new Date();
  const month = (i: number) => Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + 1 + i, 3);
  let time = month(0);
  const now = () => time;
  const log = await auditLog({ db, masterKey }, now);
  const ids: string[][] = [];
  for (let i = 0; i < 12; i += 1) {
    time = month(i);
    await log.audit.prepare();
    await addAuditMonths(db, now);
    ids.push(await log.fill(40, 40));
  }
  const remove = (months: number) => removeOldAudit({ db, audit: log.audit, issuer: ISSUER, now, months });
  return { db, log, ids, remove, month };
}

const { db, log, ids, remove, month } = await year();
const parts = async () =>
  (
    await db.run<{ name: string }>(
      {
        text: `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'audit'::regclass ORDER BY 1`,
      },
      [],
    )
  ).map(({ name }) => name);
async function anchorRow() {
  const [row] = await db.run<{ anchor: string }>({ text: 'SELECT anchor FROM audit_anchors LIMIT 1' }, []);
  assert.ok(row);
  return row;
}
const secrets = async () =>
  (
    await db.run<{ name: string }>(
      { text: `SELECT name FROM server_secrets WHERE name LIKE 'audit-details-%' ORDER BY 1` },
      [],
    )
  ).map(({ name }) => name.slice(-7));

test('each month has a part of its own, with the same protection', async () => {
  const names = await parts();
  assert.equal(names.filter((name) => /^audit_\d{4}_\d\d$/.test(name)).length, 14, 'twelve months and the next two');
  const [{ count } = { count: -1 }] = await db.run<{ count: number }>(
    { text: 'SELECT count(*)::int AS count FROM audit_others' },
    [],
  );
  assert.equal(count, 0);
  for (const name of names) {
    await assert.rejects(db.run({ text: `TRUNCATE ${name}` }, []), { code: 'CD006' }, name);
    if (name !== 'audit_others') continue;
    await assert.rejects(db.run({ text: 'UPDATE audit SET reason = NULL' }, []), { code: 'CD006' });
  }
});

test('a part that no anchor covers cannot be dropped by its function', async () => {
  const [name] = (await parts()).filter((one) => /^audit_\d{4}_\d\d$/.test(one));
  await assert.rejects(db.run({ text: 'SELECT drop_audit_part($1)' }, [name]), { code: 'CD006' });
  await assert.rejects(db.run({ text: 'SELECT drop_audit_part($1)' }, ['accounts']), { code: 'CD006' });
});

test('what an enabled destination has not had yet stays', async () => {
  const position = 8 * 40 - 1;
  const add = `INSERT INTO audit_destinations (id, kind, name, settings, actions, outcomes, everybody, heads, position,
    head_position, enabled, next_attempt_at, created_at, updated_at) VALUES (gen_random_uuid(), 'file', 'held', '{}', '{}', '{}', false, false, $1, 0, true, now(), now(), now())`;
  await db.run({ text: add }, [position]);
  assert.equal(await remove(3), undefined);
  const at = { now: month(11), months: 3 };
  const [held, ...others] = await holdingRetention(db, at);
  assert.deepEqual([held?.since.getTime(), others], [month(7), []]);
  const id = held?.id ?? '';
  assert.deepEqual((await lagsOf(db, [id], at)).get(id), { since: new Date(month(7)), holdsRetention: true });
  const lines: string[] = [];
  const warnings = createLog({ level: 'warn', destination: { write: (line: string) => void lines.push(line) } });
  let time = at.now;
  const kept = { headSeconds: 60, retentionMonths: at.months, now: () => time, log: warnings };
  const keeping = createAuditKeeping({ db, audit: log.audit, issuer: ISSUER, ...kept });
  for (const hours of [0, 1, 24]) {
    time = at.now + hours * 3_600_000;
    await keeping.run();
  }
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).destination),
    [id, id],
    'a warning each day',
  );
  await db.run({ text: 'UPDATE audit_destinations SET position = position + 1' }, []);
  assert.deepEqual((await lagsOf(db, [id], at)).get(id), { since: new Date(month(8)), holdsRetention: false });
});

test('whole months are kept before the one of now, in UTC', () => {
  const now = Date.UTC(2026, 1, 28, 23, 59, 59, 999);
  const first = (year: number, month: number) => Date.UTC(year, month);
  assert.deepEqual(
    [0, 1, 2, 14].map((months) => keptFrom(now, months)),
    [first(2026, 1), first(2026, 0), first(2025, 11), first(2024, 11)],
  );
  assert.equal(keptFrom(now + 1, 0), first(2026, 2));
  assert.equal(keptFrom(0, 12), 0, 'no time before the epoch');
});

test('months older than the retention go with their keys, and the rest verifies by a signed anchor', async () => {
  const before = await parts();
  assert.ok((await secrets()).length >= 12);
  const removed = await remove(3);
  assert.equal(
    removed?.before.getTime(),
    Date.UTC(new Date(month(8)).getUTCFullYear(), new Date(month(8)).getUTCMonth()),
  );
  assert.equal((await parts()).length, before.length - 9, 'eight months and the first part');
  await log.seal();
  const { findings, retired, events } = await log.verify();
  assert.deepEqual([findings, retired, events], [[], 8 * 40, 12 * 40 + 1]);
  const names = await secrets();
  assert.ok(
    names.every((name) => name >= new Date(month(8)).toISOString().slice(0, 7)),
    names.join(),
  );
  assert.equal(await remove(3), undefined, 'a second time there is nothing to remove');
});

test('--since verifies from the newest head before that time on', async () => {
  const { findings, events, size } = await log.verify({ since: month(10) + 1 });
  assert.deepEqual([findings, size - events], [[], 11 * 40]);
});

test('a leaf that names an entry which the retention removed does not hide that its own is gone', async () => {
  const [gone, removed] = [ids[0]?.[0], ids[9]?.[1]];
  await log.tamper(
    'CREATE TABLE kept AS SELECT * FROM audit',
    `DELETE FROM audit WHERE id = '${removed}'`,
    `UPDATE audit_leaves SET event_id = '${gone}' WHERE event_id = '${removed}'`,
  );
  assert.deepEqual(
    (await log.verify()).findings.map(({ kind, index }) => [kind, index]),
    [['leaf_changed', 9 * 40 + 1]],
  );
  await log.tamper(
    `UPDATE audit_leaves SET event_id = '${removed}' WHERE index = ${9 * 40 + 1}`,
    `INSERT INTO audit SELECT * FROM kept WHERE id = '${removed}'`,
    'DROP TABLE kept',
  );
  assert.deepEqual((await log.verify()).findings, []);
});

test('an anchor of another log with the same key does not count as one of this', async () => {
  const other = { ...JSON.parse((await anchorRow()).anchor), tree_size: 100, root_hash: '' };
  const { text, signature } = log.keys.newest.sign(other);
  await db.run(
    {
      text: `INSERT INTO audit_anchors (id, before_id, anchor, signature, created_at)
      VALUES ('ffffffff-0000-7000-8000-000000000000', $1, $2, $3, now())`,
    },
    [other.before_id, text, signature],
  );
  assert.deepEqual(
    (await log.verify()).findings.map(({ kind, index }) => [kind, index]),
    [['tree_differs', 100]],
  );
  await log.tamper(`DELETE FROM audit_anchors WHERE id = 'ffffffff-0000-7000-8000-000000000000'`);
});

test('an entry of a month that stays is missed all the same, and an anchor of somebody else does not count', async () => {
  await log.tamper(`DELETE FROM audit WHERE id = '${ids[9]?.[0]}'`);
  assert.deepEqual(
    (await log.verify()).findings.map(({ kind, eventId }) => [kind, eventId]),
    [['removed', ids[9]?.[0]]],
  );
  await log.tamper(
    `INSERT INTO audit_anchors SELECT gen_random_uuid(), 'ffffffff-ffff-ffff-ffff-ffffffffffff', replace(anchor, '"before":"2', '"before":"9'), signature, now() FROM audit_anchors`,
  );
  const kinds = (await log.verify()).findings.map(({ kind }) => kind);
  assert.deepEqual(kinds.toSorted(), ['anchor_changed', 'removed']);
});
