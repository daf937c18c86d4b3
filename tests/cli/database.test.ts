import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import pg from 'pg';
import { createDeparted } from '../../server/accounts/departed.ts';
import { createLinks } from '../../server/accounts/links.ts';
import { createMails } from '../../server/accounts/mails.ts';
import { createDestinations } from '../../server/audit/destinations.ts';
import { createResults } from '../../server/operations/results.ts';
import { SEALED } from '../../server/operations/sealed_columns.ts';
import { createDb, type Db } from '../../server/platform/db.ts';
import { migrateUp, migrationStatus } from '../../server/platform/migrate.ts';
import { keyText } from '../../server/platform/reseal.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { createDeliveries } from '../../server/records/deliveries.ts';
import { createUserCodes } from '../../server/records/user_codes.ts';
import { createWaitingRequests } from '../../server/records/waiting_requests.ts';
import { createSeeder } from '../helpers/deployment.ts';
import { on } from '../helpers/postgres.ts';
import { createRecordSeeder } from '../helpers/records.ts';
import { defer } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';
import { setUpCli } from './run_cli.ts';

const query = (db: Db, text: string, values: readonly unknown[] = []) => db.run({ name: '', text }, values);

/** What an entry of the audit tells, besides when. */
function toldOf(entry: Readonly<Record<string, unknown>>): unknown[] {
  assert.match(String(entry.request_id), /^[0-9a-f-]{36}$/);
  return ['actor_kind', 'action', 'target_kind', 'target_id', 'outcome', 'changes'].map((name) => entry[name]);
}

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

describe('migrate', () => {
  test('is required when an operator’s schema is out of date, and updates it', async (t) => {
    const { cardea, url } = await setUpCli(t);
    const env = { CARDEA_DATABASE_URL: await emptyDatabase(t, url) };
    const behind = await cardea(['users', 'list'], { env });
    assert.equal(behind.code, 1);
    assert.match(behind.stderr, /run "cardea migrate up"/);

    const pending = await cardea(['migrate', 'status', '--json'], { env });
    assert.equal(pending.code, 0);
    assert.deepEqual(pending.json[0], { name: '0001-initial', state: 'pending', executed_at: null });

    const tried = await cardea(['migrate', 'up', '--dry-run', '--json'], { env });
    assert.deepEqual(tried.json, pending.json);
    const up = await cardea(['migrate', 'up', '--json'], { env });
    assert.equal(up.code, 0);
    assert.equal(up.json[0].name, '0001-initial');
    assert.ok(Date.parse(up.json[0].executed_at));

    const again = await cardea(['migrate', 'up'], { env });
    assert.deepEqual([again.code, again.stdout], [0, 'The schema is up to date.\n']);
    assert.deepEqual((await cardea(['migrate', 'up', '--json'], { env })).json, []);
    const names = up.json.map(({ name }: { name: string }) => name);
    const { json: entries } = await cardea(['audit', 'list', '--json'], { env });
    assert.deepEqual(entries.map(toldOf), [
      ['cli', 'migrations.up', 'schema', names.at(-1), 'done', { migrations: { after: names } }],
    ]);
    assert.match((await cardea(['migrate', 'status'], { env })).stdout, /^0001-initial +done +\d{4}-/m);
    assert.equal((await cardea(['users', 'list'], { env })).code, 0);
  });
});

describe('a migration that fails', () => {
  test('is rolled back with its entry in the audit, and so is one whose entry fails', async (t) => {
    const { url } = await setUpCli(t);
    const db = createDb({ url: await emptyDatabase(t, url) });
    defer(t, () => db.close());
    const refused = migrateUp(db, async () => {
      throw new Error('no entry');
    });
    await assert.rejects(refused, { code: 'migration_failed' });
    assert.ok((await migrationStatus(db)).every(({ state }) => state === 'pending'));
  });
});

describe('master-key rotate', () => {
  const newKey = () => remember('master_key', randomBytes(32).toString('base64'));
  const sealerOf = (key: string) => createSealer([Buffer.from(key, 'base64')]);

  /** Adds a row to every table with sealed values, beside those that the CLI made. */
  async function fill(db: Db, masterKey: string): Promise<void> {
    const sealer = sealerOf(masterKey);
    const seed = await createSeeder(db, masterKey);
    const people = seed.accounts;
    const parts = { db, sealer, people, now: Date.now };
    const { id: accountId } = await people.resolve('ada@example.com');
    const { id: clientId } = await seed.party();
    const records = createRecordSeeder({ db, masterKey });
    const grantId = await records.grant(accountId, clientId);
    await records.session(accountId);
    await records.records('AccessToken', Array(1_203).fill({ accountId, clientId, grantId }));
    const expiresAt = new Date(Date.now() + 3_600_000);
    await db.transact([
      createLinks(parts).create('sign_up', { payload: {} }).bound,
      createMails(parts).enqueue({ kind: 'sign_up', email: 'new@example.com', locale: 'en' }, undefined),
      ...createDeparted(parts).noting({ id: accountId, subject: 'a subject' }),
      createDeliveries(parts).enqueue({ kind: 'ping', clientId, content: {}, expiresAt }),
      createWaitingRequests(parts).register({ authReqId: 'an id', accountId, clientId, lifetime: 3_600 }),
      createUserCodes({ ...parts, key: randomBytes(32) }).register('BCDFGHJK', 'a device code', 3_600),
    ]);
    const input = {
      name: 'a',
      actions: [],
      outcomes: [],
      everybody: false,
      heads: false,
      details: false,
      clientId: undefined,
    };
    const webhook = { ...input, kind: 'webhook', settings: { url: 'https://siem.example.com/' } } as const;
    await db.transact((await createDestinations(parts).creating(webhook, undefined)).statements);
    const results = createResults({ ...parts, secret: async () => randomBytes(32), people: async () => people });
    const call = await results.repeatable(['tests'], 'a key', {});
    await db.transact([...results.claim(call), results.store(call, {}, undefined)]);
    // In SQL, because a key retires weeks after its last signature.
    const retired = { table: 'signing_keys', column: 'sealed_public', row: 'retired' };
    await query(
      db,
      `INSERT INTO signing_keys (kid, ring, alg, state, sealed_public, created_at, retired_at, signs_for, published_in)
       VALUES ('retired', 'RS256', 'RS256', 'retired', $1, now(), now(), 1, 0)`,
      [sealer.seal(retired, Buffer.from('signing_keys secret'))],
    );
  }

  test('seals everything again under the first key, so that the old key can be removed', async (t) => {
    const { cardea, db, masterKey: oldKey } = await setUpCli(t);
    const key = newKey();
    await cardea(['users', 'create', '--email', 'ada@example.com', '--name', 'Ada', '--no-password']);
    await cardea(['keys', 'rotate']);
    await fill(db, oldKey);

    const keys = { env: { CARDEA_MASTER_KEY: `${key},${oldKey}` } };
    const tried = await cardea(['master-key', 'rotate', '--dry-run', '--json'], keys);
    const rotated = await cardea(['master-key', 'rotate', '--json'], keys);
    assert.equal(rotated.code, 0, rotated.stderr);
    assert.deepEqual(tried.json, rotated.json, 'a dry run counts the same, and leaves it to be done');
    const counts = Object.fromEntries(
      rotated.json.map((one: { table: string; column: string; seen: number; resealed: number }) => [
        `${one.table}.${one.column}`,
        [one.seen, one.resealed],
      ]),
    );
    assert.deepEqual(counts, {
      'server_secrets.sealed': [5, 5],
      'signing_keys.sealed': [2, 2],
      'signing_keys.sealed_public': [1, 1],
      'data_keys.sealed_key': [1, 1],
      'audit_destinations.sealed_secret': [1, 1],
      'departed_subjects.sealed': [1, 1],
      'grants.sealed': [1, 1],
      'sessions.sealed': [1, 1],
      'records.sealed': [1_203, 1_203],
      'user_codes.sealed': [1, 1],
      'waiting_requests.sealed': [1, 1],
      'links.sealed': [1, 1],
      'deliveries.sealed': [1, 1],
      'mails.sealed': [1, 1],
      'operation_results.sealed': [1, 1],
    });
    assert.match(rotated.stderr, /^records\.sealed: 1203 looked at, 1203 encrypted again$/m);
    assert.match(tried.stderr, /^records\.sealed: 1203 looked at, 1203 to encrypt again$/m);
    const shown = rotated.stderr.split('\n').filter((line) => line !== '');
    assert.equal(new Set(shown).size, shown.length, 'each line tells of another column');

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
    const audit = ['audit', 'list', '--filter', 'action eq "master_key.rotate"', '--json'];
    const { json: entries } = await cardea(audit, keys);
    const told = (changes: object) => [
      'cli',
      'master_key.rotate',
      'master_key',
      entries[0].request_id,
      'done',
      changes,
    ];
    const [seen, resealed] = [0, 1].map((i) =>
      Object.values<number[]>(counts).reduce((sum, one) => sum + (one[i] ?? 0), 0),
    );
    const total = { seen: { after: seen }, resealed: { after: resealed }, unreadable: { after: 0 } };
    assert.deepEqual(entries.map(toldOf), [
      told({ ...total, complete: { after: true } }),
      told({ complete: { after: false } }),
    ]);

    const alone = await cardea(['users', 'show', 'ada@example.com', '--full', '--json'], {
      env: { CARDEA_MASTER_KEY: key },
    });
    assert.equal(alone.json.name, 'Ada');
    assert.equal((await cardea(['users', 'show', 'ada@example.com'])).code, 1);

    const nothing =
      /^There was nothing to do: everything is encrypted under the first key of CARDEA_MASTER_KEY, (\w{8}), already\./m;
    const again = await cardea(['master-key', 'rotate'], keys);
    assert.deepEqual([again.code, nothing.exec(again.stderr)?.[1]], [0, sealer.keyIds[0]], again.stderr);
    assert.match(again.stdout, /^records +sealed +1203 +0 +0$/m);
    // Under the other key first there is.
    const early = await cardea(['master-key', 'rotate', '--dry-run'], {
      env: { CARDEA_MASTER_KEY: `${oldKey},${key}` },
    });
    assert.doesNotMatch(early.stderr, nothing);
  });

  test('leaves values that it cannot decrypt, and says that the key is still needed', async (t) => {
    const { cardea, db } = await setUpCli(t);
    await cardea(['users', 'create', '--email', 'ada@example.com', '--no-password']);
    const alone = await cardea(['master-key', 'rotate', '--json'], { env: { CARDEA_MASTER_KEY: newKey() } });
    assert.equal(alone.code, 1, 'without the key that the audit needs nothing begins');
    assert.match(alone.stderr, /CARDEA_MASTER_KEY/);
    assert.equal((await cardea(['users', 'show', 'ada@example.com'])).code, 0);
    const otherKey = 'UPDATE data_keys SET sealed_key = set_byte(sealed_key, 1, get_byte(sealed_key, 1) # 1)';
    await query(db, otherKey);
    const { code, stdout, stderr } = await cardea(['master-key', 'rotate', '--json']);
    assert.equal(code, 1);
    assert.equal(JSON.parse(stdout).find((one: { table: string }) => one.table === 'data_keys').unreadable, 1);
    assert.match(stderr, /^cardea: 1 value/m);
  });
});
