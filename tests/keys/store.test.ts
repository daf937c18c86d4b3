import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { calculateJwkThumbprint } from 'jose';
import { sql } from 'kysely';
import type { KeyTables, LoadedKey } from '../../keys/store.ts';
import { bench, keyDatabase, QUICK, RINGS } from './fixtures.ts';

const { empty } = await keyDatabase({ after });

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi'] as const;

/** Everything in a loaded key that must not be found in the database, as bytes. */
function secretsOf(key: LoadedKey): Buffer[] {
  if ('secret' in key) return [key.secret];
  return PRIVATE_MEMBERS.flatMap((member) => key.privateJwk[member] ?? []).flatMap((value) => [
    Buffer.from(value, 'base64url'),
    Buffer.from(value),
  ]);
}

test('returns what was created, by the RFC 7638 thumbprint', async () => {
  const db = await empty();
  const { ring } = bench(db);
  await ring.maintain();
  const { keys, version } = await ring.load();
  assert.equal(version, 1);
  assert.deepEqual(
    keys.map((key) => [key.ring, key.alg, key.state]),
    RINGS.rings.map((one) => [one.name, one.alg, 'active']),
  );
  for (const key of keys) {
    if ('secret' in key) assert.equal(key.secret.length, 32);
    else {
      assert.equal(key.kid, await calculateJwkThumbprint(key.publicJwk));
      assert.equal(key.publicJwk.kid, key.kid);
      assert.equal(key.privateJwk.kid, key.kid);
    }
  }
});

test('stores nothing in clear that could sign', async () => {
  const db = await empty();
  const { ring } = bench(db);
  await ring.maintain();
  await ring.rotate();
  const { rows } = await sql<{
    row: string;
    sealed: Buffer;
  }>`SELECT k::text AS row, sealed FROM signing_keys k`.execute(db.kysely);
  const stored = Buffer.concat(rows.flatMap((row) => [Buffer.from(row.row), row.sealed]));
  const { keys } = await ring.load();
  assert.equal(keys.length, 2 * RINGS.rings.length);
  for (const key of keys) {
    const secrets = secretsOf(key);
    assert.ok(secrets.length > 0);
    for (const secret of secrets) assert.equal(stored.includes(secret), false, key.ring);
    for (const secret of secrets) assert.equal(stored.includes(secret.toString('hex')), false, key.ring);
  }
  const listed = JSON.stringify(await ring.list());
  for (const key of keys) for (const secret of secretsOf(key)) assert.equal(listed.includes(secret.toString()), false);
});

test('destroys the private half of a withdrawn key, and keeps its public half', async () => {
  const db = await empty();
  const { ring } = bench(db, QUICK);
  await ring.maintain();
  const [key] = (await ring.load()).keys;
  await ring.revoke(key?.kid ?? '');
  const row = await db.kysely
    .withTables<KeyTables>()
    .selectFrom('signing_keys')
    .select(['sealed', 'public_jwk'])
    .where('kid', '=', key?.kid ?? '')
    .executeTakeFirstOrThrow();
  assert.equal(row.sealed, null);
  assert.equal(row.public_jwk?.kid, key?.kid);
});

test('does not publish a public key that was written into the database', async () => {
  const db = await empty();
  const { ring } = bench(db);
  await ring.maintain();
  const before = await ring.load();
  await sql`UPDATE signing_keys SET public_jwk = jsonb_set(public_jwk, '{n}', '"AQAB"') WHERE ring = 'RS256'`.execute(
    db.kysely,
  );
  assert.deepEqual(await ring.load(), before);
});

test('does not open a private half that was copied to another key', async () => {
  const db = await empty();
  const { ring } = bench(db, QUICK);
  await ring.maintain();
  await sql`UPDATE signing_keys SET sealed = (SELECT sealed FROM signing_keys WHERE ring = 'EdDSA') WHERE ring = 'ES256'`.execute(
    db.kysely,
  );
  await assert.rejects(ring.load(), { code: 'sealed_value_unreadable' });
});

test('the database refuses impossible states', async () => {
  const db = await empty();
  const { ring } = bench(db, QUICK);
  await ring.maintain();
  await ring.rotate();
  const refused = [
    sql`UPDATE signing_keys SET state = 'active' WHERE ring = 'ES256'`,
    sql`UPDATE signing_keys SET state = 'pending' WHERE ring = 'ES256'`,
    sql`UPDATE signing_keys SET sealed = NULL WHERE ring = 'ES256'`,
    sql`UPDATE signing_keys SET state = 'retired' WHERE ring = 'ES256'`,
  ];
  for (const statement of refused) await assert.rejects(statement.execute(db.kysely), /violates/);
});
