import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { createDb } from '../../server/platform/db.ts';
import { statement } from '../../server/platform/statement.ts';
import { createReadRow } from '../../server/records/group_read.ts';
import { createStatements } from '../../server/records/statements.ts';
import { ownPostgres } from '../helpers/embedded.ts';
import { bench, HOUR, issued, newGrant, newId, newSingleUse, readRecord, request } from './fixtures.ts';

/** Reads of parallel requests are combined, but each gets its own result (records/group_read.ts). */
const own = await bench({ after });
const [here, there] = own.nodes;

const echo = statement(
  'echo',
  ($: { keys: readonly string[] }) => sql<{ key: string }>`SELECT unnest(${$.keys}::text[]) AS key`,
);

const reads = () => own.statements.filter((text) => text.includes('FROM records')).length;

test('60 parallel requests share a few statements, and each gets its own record', async () => {
  const codes = await Promise.all(Array.from({ length: 30 }, () => newSingleUse(own)));
  const asked = codes.flatMap(({ id }) => [id, newId()]);
  const before = reads();
  const got = await Promise.all(asked.map((id) => readRecord(here, 'AuthorizationCode', id)));
  assert.ok(reads() - before <= 6, `${reads() - before} statements for ${asked.length} requests`);
  for (const [i, { id, grantId }] of codes.entries()) {
    assert.deepEqual([got[2 * i]?.jti, got[2 * i]?.grantId], [id, grantId]);
    assert.equal(got[2 * i + 1], undefined, 'what is not there');
  }
});

test('two requests for the same record get separate payloads', async () => {
  const id = newId();
  await request(there, (unit) => unit.save('ClientCredentials', id, issued('ClientCredentials', id, {}), HOUR));
  const before = reads();
  const [first, second] = await Promise.all([1, 2].map(() => readRecord(here, 'ClientCredentials', id)));
  assert.equal(reads() - before, 1);
  assert.ok(first && second);
  first.scope = 'changed';
  assert.equal(second.scope, 'openid profile');
});

test('grants and sessions are found by their own keys as well', async () => {
  const grants = await Promise.all(Array.from({ length: 5 }, () => newGrant(own)));
  const sessions = Array.from({ length: 5 }, () => ({ id: newId(), uid: newId() }));
  for (const { id, uid } of sessions)
    await request(there, (unit) => unit.save('Session', id, { jti: id, uid, accountId: own.accountId }, HOUR));
  const [byId, byUid, byGrant] = await Promise.all([
    Promise.all(sessions.map(({ id }) => readRecord(here, 'Session', id))),
    Promise.all(sessions.map(({ uid }) => here.run((unit) => unit.findSessionByUid(uid)))),
    Promise.all(grants.map((id) => readRecord(here, 'Grant', id))),
  ]);
  assert.deepEqual(
    byId.map((one) => one?.uid),
    sessions.map(({ uid }) => uid),
  );
  assert.deepEqual(
    byUid.map((one) => one?.jti),
    sessions.map(({ id }) => id),
  );
  assert.deepEqual(
    byGrant.map((one) => one?.jti),
    grants,
  );
});

test('every statement uses an index, for any number of keys and small tables', async () => {
  const client = await own.db.connect();
  try {
    // Postgres plans by its statistics; the plan must not depend on them.
    for (const more of [0, 40, 400]) {
      for (let i = 0; i < more; i += 40) await Promise.all(Array.from({ length: 40 }, () => newSingleUse(own)));
      await client.query('ANALYZE');
      for (const { name, text } of Object.values(createStatements('a.sealed_profile'))) {
        const { rows } = await client.query(`EXPLAIN (GENERIC_PLAN, COSTS OFF) ${text}`);
        const plan = rows.map((row: Record<string, string>) => row['QUERY PLAN']).join('\n');
        assert.doesNotMatch(plan, /Seq Scan|Hash|Merge/, `${name}\n${plan}`);
        assert.doesNotMatch(plan, /Index (Only )?Scan [^\n]*\n(?!\s*Index Cond)/, `${name}: a whole index\n${plan}`);
      }
    }
  } finally {
    await client.end();
  }
});

test('a key that the database refuses does not affect others in the batch', async () => {
  const [one, other] = [await newGrant(own), await newGrant(own)];
  const settled = await Promise.allSettled([one, 'no text\0', other].map((id) => readRecord(here, 'Grant', id)));
  assert.deepEqual(
    settled.map((read) => (read.status === 'fulfilled' ? read.value?.jti : 'refused')),
    [one, 'refused', other],
  );
});

test('while the database is away each of them gets 503', async (t) => {
  const postgres = ownPostgres(t);
  const { url } = await postgres.start();
  const db = createDb({ url, timeoutMs: 1_000 });
  t.after(() => db.close());
  const read = createReadRow(db, echo);
  assert.equal((await read('a'))?.key, 'a');
  await postgres.kill();
  const settled = await Promise.allSettled(['a', 'b', 'c'].map(read));
  for (const one of settled) {
    assert.equal(one.status === 'rejected' && (one.reason as { status: number }).status, 503);
  }
});
