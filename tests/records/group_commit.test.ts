import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createDb } from '../../server/platform/db.ts';
import { migrateUp } from '../../server/platform/migrate.ts';
import { createWriteRecords } from '../../server/records/group_commit.ts';
import { createStatements } from '../../server/records/statements.ts';
import { ownPostgres } from '../helpers/embedded.ts';
import { bench, exchange, HOUR, issued, newGrant, newId, newSingleUse, readRecord, request } from './fixtures.ts';

/**
 * Writes of parallel requests are committed together, but each succeeds or fails separately (records/group_commit.ts).
 */
const own = await bench({ after });
const [here, there] = own.nodes;

/** A client credentials token, which belongs to no person. */
async function issue(grantId?: string): Promise<string> {
  const id = newId();
  const under = grantId === undefined ? {} : { grantId, accountId: own.accountId };
  await request(here, (unit) => unit.save('AccessToken', id, issued('AccessToken', id, under), HOUR));
  return id;
}

const writes = () => own.statements.filter((text) => text.includes('INSERT INTO records')).length;

test('60 parallel requests share a few transactions, and each finds what it wrote', async () => {
  const before = writes();
  const ids = await Promise.all(Array.from({ length: 60 }, () => issue()));
  assert.ok(writes() - before <= 6, `${writes() - before} statements for 60 requests`);
  for (const id of ids) assert.equal((await readRecord(there, 'AccessToken', id))?.jti, id);
});

test('a refused request does not affect others in its batch', async () => {
  const granted = await newGrant(own);
  const revoked = await newGrant(own);
  await request(there, (unit) => unit.destroy('Grant', revoked));
  const settled = await Promise.allSettled([issue(granted), issue(revoked), issue(), issue(granted)]);
  const codes = settled.map((one) => (one.status === 'rejected' ? (one.reason as { code: string }).code : 'done'));
  assert.deepEqual(codes, ['done', 'grant_revoked', 'done', 'done']);
  for (const one of settled) {
    if (one.status === 'fulfilled') assert.ok(await readRecord(there, 'AccessToken', one.value));
  }
});

test('of two requests in one batch that use the same record one succeeds and the other revokes; others are not affected', async () => {
  const contested = await newSingleUse(own);
  const others = await Promise.all(Array.from({ length: 8 }, () => newSingleUse(own)));
  const [first, second, ...rest] = await Promise.allSettled([
    exchange(here, own, contested),
    exchange(here, own, contested),
    ...others.map((used) => exchange(here, own, used)),
  ]);
  assert.deepEqual([first?.status, second?.status].sort(), ['fulfilled', 'rejected']);
  assert.equal(await readRecord(there, 'Grant', contested.grantId), undefined);
  for (const [i, one] of rest.entries()) {
    assert.equal(one.status, 'fulfilled');
    if (one.status === 'fulfilled') assert.ok(await readRecord(there, 'RefreshToken', one.value), `neighbour ${i}`);
  }
});

test('parallel requests that change the same record all succeed, and one of their versions remains', async () => {
  const id = await issue();
  const changes = Array.from({ length: 5 }, (_, i) => ({ ...issued('AccessToken', id, {}), scope: `changed-${i}` }));
  await Promise.all(
    changes.map((payload) =>
      request(here, async (unit) => {
        await unit.find('AccessToken', id);
        unit.save('AccessToken', id, payload, HOUR);
      }),
    ),
  );
  const left = await readRecord(there, 'AccessToken', id);
  assert.ok(
    changes.some(({ scope }) => scope === left?.scope),
    String(left?.scope),
  );
});

test('while the database is away each of them gets 503, and none is tried separately', async (t) => {
  const postgres = ownPostgres(t);
  const { url } = await postgres.start();
  const sent: string[] = [];
  const db = createDb({ url, timeoutMs: 1_000, onStatement: (text) => void sent.push(text) });
  t.after(() => db.close());
  await migrateUp(db);
  const write = createWriteRecords({ db, statements: createStatements('a.id AS account_id') });
  const nothing = {
    now: new Date(),
    consumed: [],
    destroyed: [],
    changed: [],
    created: [],
    responses: [],
    auditLines: [],
  };
  await write(nothing);
  await postgres.kill();
  sent.length = 0;
  const settled = await Promise.allSettled(Array.from({ length: 20 }, () => write(nothing)));
  for (const one of settled) {
    assert.equal(one.status === 'rejected' && (one.reason as { status: number }).status, 503);
  }
  assert.ok(sent.length <= 2, `${sent.length} statements`);
});
