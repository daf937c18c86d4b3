import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { cleanUp, cleanUpLag } from '../../server/jobs/cleanup.ts';
import { createDb } from '../../server/platform/db.ts';
import { defer } from '../helpers/scope.ts';
import { bench, exchange, HOUR, newGrant, newId, newSingleUse, readRecord, request } from './fixtures.ts';

const scope = { after };
const own = await bench(scope);
const [node] = own.nodes;
const START = own.clock.ms;
const now = () => own.clock.ms;
const at = (seconds: number) => {
  own.clock.ms = START + seconds * 1000;
};
const BATCH = 1_000;

/** Inserts thousands of rows in SQL, since cleanup does not read their content. */
function fill(count: number, expiresAt: Date) {
  return own.query('INSERT INTO replays SELECT sha256(($1 || n)::bytea), $2 FROM generate_series(1, $3::int) AS n', [
    newId(),
    expiresAt,
    count,
  ]);
}

const count = async (table: string) => Number((await own.query(`SELECT count(*) AS n FROM ${table}`))[0]?.n);

describe('cleaning up', () => {
  test('removes expired rows of every table, and nothing else', async () => {
    at(0);
    const old = await newSingleUse(own);
    const session = newId();
    await request(node, (unit) => {
      unit.save('ReplayDetection', newId(), {}, HOUR);
      unit.save('Session', session, { jti: session, uid: newId(), authorizations: { [own.clientId]: {} } }, HOUR);
      unit.save('Interaction', newId(), {}, HOUR);
    });
    at(1);
    const young = await newSingleUse(own);
    at(HOUR);
    assert.equal(await cleanUp({ db: own.db, now }), 0, 'a row that expires now has not expired yet');
    at(HOUR + 1);
    assert.equal(await cleanUp({ db: own.db, now }), 5);
    for (const table of ['replays', 'sessions', 'session_authorizations']) assert.equal(await count(table), 0, table);
    assert.equal(await readRecord(node, 'Grant', old.grantId), undefined);
    assert.notEqual(await readRecord(node, 'AuthorizationCode', young.id), undefined);
    assert.notEqual(await readRecord(node, 'Grant', young.grantId), undefined);
    at(HOUR + 2);
    await cleanUp({ db: own.db, now });
  });

  test('removes the records of an expired grant too', async () => {
    at(0);
    const grantId = await newGrant(own);
    const long = newId();
    await request(node, (unit) => unit.save('RefreshToken', long, { grantId, accountId: own.accountId }, 10 * HOUR));
    at(HOUR + 1);
    await cleanUp({ db: own.db, now });
    assert.equal(await readRecord(node, 'RefreshToken', long), undefined);
  });

  test('keeps a used record until it expires, so that a second use is recognised', async () => {
    at(0);
    const used = await newSingleUse(own);
    await exchange(node, own, used);
    at(HOUR - 1);
    await cleanUp({ db: own.db, now });
    await assert.rejects(exchange(node, own, used), { code: 'already_used' });
  });

  test('deletes in small batches, which two nodes share', async () => {
    at(0);
    await fill(2 * BATCH + 500, new Date(START - 1000));
    own.statements.length = 0;
    await cleanUp({ db: own.db, now });
    const deletions = own.statements.filter((text) => /\bDELETE FROM "replays"/.test(text));
    assert.equal(deletions.length, 3);
    assert.equal(await count('replays'), 0);

    await fill(5 * BATCH, new Date(START - 1000));
    const second = createDb({ url: own.url });
    defer(scope, () => second.close());
    const removed = await Promise.all([own.db, second].map((db) => cleanUp({ db, now })));
    assert.equal((removed[0] ?? 0) + (removed[1] ?? 0), 5 * BATCH, 'no row is counted twice');
    assert.equal(await count('replays'), 0);
  });

  test('reports how many seconds it is behind', async () => {
    at(100 * HOUR);
    await cleanUp({ db: own.db, now });
    assert.equal(await cleanUpLag({ db: own.db, now }), 0);
    await fill(1, new Date(now() + 60_000));
    assert.equal(await cleanUpLag({ db: own.db, now }), 0, 'rows that have not expired do not count as late');
    await fill(1, new Date(now() - 90_000));
    assert.equal(await cleanUpLag({ db: own.db, now }), 90);
    await cleanUp({ db: own.db, now });
    assert.equal(await cleanUpLag({ db: own.db, now }), 0);
  });
});
