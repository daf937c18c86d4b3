import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import pg from 'pg';
import { SEALED } from '../../server/cli/sealed_columns.ts';
import type { Db } from '../../server/platform/db.ts';
import { keyText } from '../../server/platform/reseal.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { on } from '../helpers/postgres.ts';
import { defer } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';
import { setUpCli } from './run_cli.ts';

const query = (db: Db, text: string, values: readonly unknown[] = []) => db.run({ name: '', text }, values);

describe('migrate', () => {
  /** An empty database on the same cluster. */
  async function emptyDatabase(t: TestContext, beside: string): Promise<string> {
    const name = `${new URL(beside).pathname.slice(1)}_empty`;
    const admin = new pg.Client({ connectionString: on(beside, 'postgres') });
    await admin.connect();
    defer(t, async () => {
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.end();
    });
    await admin.query(`CREATE DATABASE ${name}`);
    return on(beside, name);
  }

  test('is required when an operator’s schema is out of date, and updates it', async (t) => {
    const { cardea, url } = await setUpCli(t);
    const env = { CARDEA_DATABASE_URL: await emptyDatabase(t, url) };
    const behind = await cardea(['users', 'list'], { env });
    assert.equal(behind.code, 1);
    assert.match(behind.stderr, /run "cardea migrate up"/);

    const pending = await cardea(['migrate', 'status', '--json'], { env });
    assert.equal(pending.code, 0);
    assert.deepEqual(pending.json[0], { name: '0001-initial', state: 'pending', executed_at: null });

    const up = await cardea(['migrate', 'up', '--json'], { env });
    assert.equal(up.code, 0);
    assert.equal(up.json[0].name, '0001-initial');
    assert.ok(Date.parse(up.json[0].executed_at));

    const again = await cardea(['migrate', 'up'], { env });
    assert.deepEqual([again.code, again.stdout], [0, 'The schema is up to date.\n']);
    assert.deepEqual((await cardea(['migrate', 'up', '--json'], { env })).json, []);
    assert.match((await cardea(['migrate', 'status'], { env })).stdout, /^0001-initial +done +\d{4}-/m);
    assert.equal((await cardea(['users', 'list'], { env })).code, 0);
  });
});

describe('master-key rotate', () => {
  const newKey = () => remember('master_key', randomBytes(32).toString('base64'));
  const sealerOf = (key: string) => createSealer([Buffer.from(key, 'base64')]);

  /** Adds a row to every table with sealed values, beside those that the CLI made. */
  async function fill(db: Db, masterKey: string): Promise<void> {
    const sealer = sealerOf(masterKey);
    const seal = (table: string, row: string) =>
      sealer.seal({ table, column: 'sealed', row }, Buffer.from(`${table} secret`));
    const [account] = await query(db, 'SELECT id FROM accounts');
    await query(
      db,
      `INSERT INTO clients (id, name, metadata, created_at, updated_at) VALUES ('app', 'App', '{}', now(), now())`,
    );
    await query(
      db,
      `INSERT INTO grants (id, account_id, client_id, sealed, expires_at) VALUES ('g', $1, 'app', $2, now())`,
      [account?.id, seal('grants', 'g')],
    );
    await query(db, `INSERT INTO sessions (uid, id_hash, sealed, expires_at) VALUES ('u', 'x', $1, now())`, [
      seal('sessions', 'u'),
    ]);
    await query(
      db,
      `INSERT INTO links (token_hash, purpose, sealed, created_at, expires_at) VALUES ('x', 'any', $1, now(), now())`,
      [seal('links', Buffer.from('x').toString('hex'))],
    );
    const retired = { table: 'signing_keys', column: 'sealed_public', row: 'retired' };
    await query(
      db,
      `INSERT INTO signing_keys (kid, ring, alg, state, sealed_public, created_at, retired_at, signs_for, published_in)
       VALUES ('retired', 'RS256', 'RS256', 'retired', $1, now(), now(), 1, 0)`,
      [sealer.seal(retired, Buffer.from('signing_keys secret'))],
    );
    const mail = randomUUID();
    await query(db, `INSERT INTO user_codes (lookup, sealed, expires_at) VALUES ('x', $1, now())`, [
      seal('user_codes', Buffer.from('x').toString('hex')),
    ]);
    await query(db, `INSERT INTO mails (id, sealed, due_at, expires_at) VALUES ($1, $2, now(), now())`, [
      mail,
      seal('mails', mail),
    ]);
    const delivery = randomUUID();
    await query(db, `INSERT INTO deliveries (id, kind, client_id, sealed) VALUES ($1, 'any', 'c', $2)`, [
      delivery,
      seal('deliveries', delivery),
    ]);
    const waiting = randomUUID();
    await query(
      db,
      `INSERT INTO waiting_requests (id, id_hash, account_id, client_id, sealed, asked_at, expires_at)
       VALUES ($1, 'x', $2, 'app', $3, now(), now())`,
      [waiting, account?.id, seal('waiting_requests', waiting)],
    );
    for (let i = 0; i < 1_203; i += 1) {
      const hash = randomBytes(32);
      await query(db, `INSERT INTO records (id_hash, model, sealed, expires_at) VALUES ($1, 'X', $2, now())`, [
        hash,
        seal('records', hash.toString('hex')),
      ]);
    }
  }

  test('seals everything again under the first key, so that the old key can be removed', async (t) => {
    const { cardea, db, masterKey: oldKey } = await setUpCli(t);
    const key = newKey();
    await cardea(['users', 'create', '--email', 'ada@example.com', '--name', 'Ada', '--no-password']);
    await cardea(['keys', 'rotate']);
    await fill(db, oldKey);

    const rotated = await cardea(['master-key', 'rotate', '--json'], {
      env: { CARDEA_MASTER_KEY: `${key},${oldKey}` },
    });
    assert.equal(rotated.code, 0, rotated.stderr);
    const counts = Object.fromEntries(
      rotated.json.map((one: { table: string; column: string; seen: number; resealed: number }) => [
        `${one.table}.${one.column}`,
        [one.seen, one.resealed],
      ]),
    );
    assert.deepEqual(counts, {
      'server_secrets.sealed': [1, 1],
      'signing_keys.sealed': [2, 2],
      'signing_keys.sealed_public': [1, 1],
      'accounts.sealed_key': [1, 1],
      'grants.sealed': [1, 1],
      'sessions.sealed': [1, 1],
      'records.sealed': [1_203, 1_203],
      'user_codes.sealed': [1, 1],
      'waiting_requests.sealed': [1, 1],
      'links.sealed': [1, 1],
      'deliveries.sealed': [1, 1],
      'mails.sealed': [1, 1],
    });
    assert.match(rotated.stderr, /^records: 1203 looked at, 1203 re-sealed$/m);

    const sealer = sealerOf(key);
    for (const sealed of SEALED) {
      const { table, column } = sealed;
      const rows = await query(
        db,
        `SELECT ${keyText(sealed)} AS row, ${column} AS sealed FROM ${table} WHERE ${column} IS NOT NULL`,
      );
      assert.notEqual(rows.length, 0, table);
      for (const one of rows) sealer.open({ table, column, row: String(one.row) }, one.sealed as Buffer);
    }
    const alone = await cardea(['users', 'show', 'ada@example.com', '--json'], { env: { CARDEA_MASTER_KEY: key } });
    assert.equal(alone.json.name, 'Ada');
    assert.equal((await cardea(['users', 'show', 'ada@example.com'])).code, 1);

    const again = await cardea(['master-key', 'rotate', '--json'], { env: { CARDEA_MASTER_KEY: `${key},${oldKey}` } });
    for (const { resealed } of again.json) assert.equal(resealed, 0);
  });

  test('leaves values that it cannot decrypt, and says that the key is still needed', async (t) => {
    const { cardea } = await setUpCli(t);
    await cardea(['users', 'create', '--email', 'ada@example.com', '--no-password']);
    const { code, stdout, stderr } = await cardea(['master-key', 'rotate', '--json'], {
      env: { CARDEA_MASTER_KEY: newKey() },
    });
    assert.equal(code, 1);
    assert.equal(JSON.parse(stdout).find((one: { table: string }) => one.table === 'accounts').unreadable, 1);
    assert.match(stderr, /^cardea: 2 values cannot be opened/m);
    assert.equal((await cardea(['users', 'show', 'ada@example.com'])).code, 0);
  });
});
