import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, beforeEach, test } from 'node:test';
import * as dataKeysMigration from '../../migrations/0034-data-keys.ts';
import { createAccounts } from '../../server/accounts/store.ts';
import { SEALED } from '../../server/accounts/tables.ts';
import { reseal } from '../../server/platform/reseal.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { deleteAccounts } from '../helpers/account_changes.ts';
import { database } from '../helpers/postgres.ts';

/** Each person has a key of their own in a table of its own; a key that is destroyed leaves its id. */

const START = Date.UTC(2026, 0, 1);
const { db } = await database({ after });
const sealer = createSealer([randomBytes(32)]);
const accounts = createAccounts({
  db,
  sealer,
  indexKey: randomBytes(32),
  searchKey: randomBytes(32),
  now: () => START,
});
const sql = (text: string, values: readonly unknown[] = []) => db.run({ text }, values);
const KEYS = SEALED.find(({ table }) => table === 'data_keys');
assert.ok(KEYS?.former);
const FORMER = KEYS.former;

beforeEach(() => deleteAccounts(db));

test('a deleted account’s key is gone, and its id alone is kept; the keys of others stay', async () => {
  const { id } = await accounts.create({ email: 'ada@example.com' });
  const { id: other } = await accounts.create({ email: 'grace@example.com' });
  const [key] = await sql('SELECT key_id FROM data_keys WHERE account_id = $1', [id]);
  assert.notEqual(key?.key_id, id);
  await db.query(accounts.plans.deleting(id));
  const [noted] = await sql('SELECT * FROM destroyed_data_keys WHERE key_id = $1', [key?.key_id]);
  assert.deepEqual(Object.keys(noted ?? {}), ['key_id', 'destroyed_at']);
  assert.deepEqual(
    (await sql('SELECT account_id FROM data_keys')).map((row) => row.account_id),
    [other],
  );
});

test('a deletion that is rolled back destroys nothing', async () => {
  const { id } = await accounts.create({ email: 'ada@example.com' });
  const [key] = await sql('SELECT key_id FROM data_keys WHERE account_id = $1', [id]);
  const missing = accounts.plans.requireVersion({ id, version: 7, createdAt: new Date(0) });
  await assert.rejects(db.transact([accounts.plans.deleting(id), missing]));
  assert.deepEqual(await sql('SELECT 1 FROM destroyed_data_keys WHERE key_id = $1', [key?.key_id]), []);
  assert.equal((await accounts.findById(id))?.email, 'ada@example.com');
});

test('the ids of destroyed keys are only added', async () => {
  const { id } = await accounts.create({ email: 'ada@example.com' });
  await db.query(accounts.plans.deleting(id));
  for (const change of ['UPDATE destroyed_data_keys SET destroyed_at = now()', 'DELETE FROM', 'TRUNCATE']) {
    const text = change.includes(' SET ') ? change : `${change} destroyed_data_keys`;
    await assert.rejects(sql(text), /only added/, change);
  }
  assert.notDeepEqual(await sql('SELECT 1 FROM destroyed_data_keys'), []);
});

test('an account whose key is gone counts as gone, also while the rest of it is there', async () => {
  const { id } = await accounts.create({ email: 'ada@example.com', username: 'ada', groups: ['staff'] });
  await accounts.findById(id); // its key was opened before
  await sql('DELETE FROM data_keys WHERE account_id = $1', [id]);
  assert.equal(await accounts.findById(id), undefined);
  assert.equal(await accounts.findByIdentifier('ada'), undefined);
  assert.deepEqual((await accounts.listing.read({ filter: 'groups eq "staff"' })).items, []);
});

test('keys that the migration moved open, and are sealed again for their new place', async () => {
  // The schema of before: nothing undoes a migration.
  await sql('DROP TABLE data_keys, destroyed_data_keys');
  await sql('DROP FUNCTION note_destroyed_data_key, refuse_other_than_insert');
  await sql('ALTER TABLE accounts ADD COLUMN sealed_key bytea');
  const id = '0190d7a0-0000-7000-8000-000000000001';
  const dataKey = randomBytes(32);
  const profile = { email: 'ada@example.com', emailVerified: false };
  const sealedKey = sealer.seal({ ...FORMER, row: id }, dataKey);
  const sealedProfile = createSealer([dataKey]).seal(
    { table: 'accounts', column: 'sealed_profile', row: id },
    Buffer.from(JSON.stringify(profile)),
  );
  await sql(
    'INSERT INTO accounts (id, sealed_key, sealed_profile, created_at, updated_at) VALUES ($1, $2, $3, now(), now())',
    [id, sealedKey, sealedProfile],
  );
  await db.kysely.transaction().execute((transaction) => dataKeysMigration.up(transaction));

  const stored = async () => (await sql('SELECT sealed_key FROM data_keys'))[0]?.sealed_key as Buffer;
  assert.deepEqual(await stored(), sealedKey);
  assert.equal((await accounts.findById(id))?.email, profile.email);
  const counts = async () => {
    let last = {};
    for await (last of reseal(db, sealer, KEYS));
    return last;
  };
  assert.deepEqual(await counts(), { seen: 1, resealed: 1, unreadable: 0 });
  assert.deepEqual(sealer.open({ table: 'data_keys', column: 'sealed_key', row: id }, await stored()), dataKey);
  assert.equal((await accounts.findById(id))?.email, profile.email);
  assert.deepEqual(await counts(), { seen: 1, resealed: 0, unreadable: 0 });
});
