import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { fromBase32 } from '../../server/accounts/one_time_password.ts';
import { createSealing } from '../../server/audit/seal.ts';
import { verifyAudit } from '../../server/audit/verify.ts';
import { SEALED } from '../../server/operations/sealed_columns.ts';
import { userDeletion } from '../../server/operations/user_deletion.ts';
import { users } from '../../server/operations/users.ts';
import { createDb, type Db } from '../../server/platform/db.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { tokensFor } from '../flows/support.ts';
import { openAccount } from '../helpers/account.ts';
import { auditOf } from '../helpers/audit.ts';
import { softPasskey } from '../helpers/authenticator.ts';
import { deployment } from '../helpers/deployment.ts';
import { createFactorSeeder } from '../helpers/factors.ts';
import { actor, operationsOf } from '../helpers/operations.ts';
import { copiedDatabaseUrl } from '../helpers/postgres.ts';
import { defer } from '../helpers/scope.ts';
import { dumpDatabase } from '../helpers/secrets.ts';
import { told } from '../helpers/told.ts';

/**
 * A backup of everything, taken before a person was erased, is restored elsewhere, and only the keys that were destroyed since are left
 * out: then nothing tells of the person, in any encoding, also not to the holder of the master key. The live database and the logs
 * tell nothing either.
 */
const scope = { after };
const app = await deployment(scope);
const party = await app.seed.party({
  firstParty: true,
  metadata: { grant_types: ['authorization_code', 'refresh_token'] },
});

const ZELDA = {
  email: 'zelda.fitzgerald@lighthouse-quay.example',
  username: 'zfhale77',
  name: 'Zelda Fitzgerald-Hale',
  given_name: 'Zeldarina',
  family_name: 'Fitzgerald-Hale',
  middle_name: 'Quennell',
  nickname: 'Zeldoushka',
  website: 'https://zelda-hale.example/me',
  birthdate: '1971-03-29',
  phone_number: '+44 20 7946 0777',
  address: { street_address: '17 Quayside Passage', locality: 'Portmerrow' },
};
const OTHER = { email: 'quentin.ashby@harbour.example', username: 'qashby', name: 'Quentin Ashby' };

const texts = (of: object): string[] =>
  Object.values(of).flatMap((value) => (typeof value === 'object' ? texts(value) : [String(value)]));
const inputOf = (id: string) => ({ params: { id }, query: undefined, body: undefined });
const call = (idempotencyKey: string) => ({ actor: actor({ kind: 'cli' }), requestId: 'a request', idempotencyKey });

/** It waits throughout the test. */
const later = () => ({ id: randomUUID(), afterMs: 3_600_000 });

interface Known {
  readonly id: string;
  /** What is known of the person: texts, and bytes in latin1. */
  readonly values: readonly string[];
}

/** Somebody who has used all that stores something. */
async function livedIn(profile: typeof OTHER): Promise<Known> {
  const { runner, services } = await operationsOf(scope, app);
  const { accounts, mails, links } = await services.accountStores();
  const factors = await createFactorSeeder(app);
  const seeded = await app.seed.person();
  const { id } = seeded;
  const body = { ...profile, email_verified: true };
  await runner.run(users.update, { params: { id }, query: undefined, body }, call(`update ${id}`));
  const person = { ...seeded, email: profile.email };
  await tokensFor(app, party, person, { params: { scope: 'openid offline_access', prompt: 'consent' } });
  await openAccount(app, person);
  const account = await accounts.resolve(id);
  const email = `next-${profile.email}`;
  await app.db.transact([
    mails.enqueue({ kind: 'unlocked', accountId: id, details: { app: email } }, account, later()),
    links.create('change_email', { account, payload: { email, epoch: account.epoch } }).bound,
  ]);
  const secret = await factors.totp(id);
  await factors.passkey(id, softPasskey());
  await factors.recoveryCodes(id);
  return { id, values: [...texts(profile), secret, fromBase32(secret)?.toString('latin1') ?? ''] };
}

/** All that the master key opens, in a database. */
async function openedBy(masterKey: string, db: Db): Promise<string> {
  const sealer = createSealer([Buffer.from(masterKey, 'base64')]);
  let all = '';
  for (const { table, column, key, keyType } of SEALED) {
    const row = keyType === 'bytea' ? `encode(${key}, 'hex')` : `${key}::text`;
    const text = `SELECT ${row} AS row, ${column} AS sealed FROM ${table} WHERE ${column} IS NOT NULL`;
    for (const one of await db.run<{ row: string; sealed: Buffer }>({ text }, [])) {
      if (one.sealed.length > 0)
        all += `${sealer.open({ table, column, row: one.row }, one.sealed).toString('latin1')}\n`;
    }
  }
  return all;
}

const opened = (url: string): Db => {
  const db = createDb({ url });
  defer(scope, () => db.close());
  return db;
};

const zelda = await livedIn(ZELDA);
const other = await livedIn(OTHER);
const logs = app.logLines;
// A database is copied while nobody is connected to it.
await app.close();
const backupUrl = await copiedDatabaseUrl(scope, app.databaseUrl);
const [live, backup] = [opened(app.databaseUrl), opened(backupUrl)];
const storesIn = async (db: Db) =>
  (await (await operationsOf(scope, { ...app, db })).services.accountStores()).accounts;
const before = await (await storesIn(live)).findById(other.id);
const { runner } = await operationsOf(scope, { ...app, db: live });
await runner.run(userDeletion.erase, inputOf(zelda.id), { actor: actor({ kind: 'cli' }), requestId: 'a request' });

test('with the key, the backup still has everything of the person: what follows proves something', async () => {
  const account = await (await storesIn(backup)).findById(zelda.id);
  assert.deepEqual([account?.email, account?.phoneNumber], [ZELDA.email, ZELDA.phone_number]);
  assert.deepEqual(told(JSON.stringify(account), [ZELDA.email, ZELDA.birthdate]), [ZELDA.email, ZELDA.birthdate]);
  const encoded = `x${Buffer.from(`{"name":"${ZELDA.name}"}`).toString('base64')}`;
  assert.deepEqual(told(encoded, [ZELDA.name]), [ZELDA.name]);
  assert.deepEqual(told(Buffer.from(ZELDA.email).toString('hex'), [ZELDA.email]), [ZELDA.email]);
});

test('the backup without the destroyed keys tells nothing of the person, also with the master key', async () => {
  const destroyed = await live.run<{ key_id: string }>({ text: 'SELECT key_id FROM destroyed_data_keys' }, []);
  assert.equal(destroyed.length, 1);
  const removed = await backup.run({ text: 'DELETE FROM data_keys WHERE key_id = ANY($1) RETURNING account_id' }, [
    destroyed.map(({ key_id }) => key_id),
  ]);
  assert.deepEqual(removed, [{ account_id: zelda.id }]);
  assert.deepEqual(told(await dumpDatabase(backupUrl), zelda.values), []);
  assert.deepEqual(told(await openedBy(app.masterKey, backup), zelda.values), []);
  assert.equal(await (await storesIn(backup)).findById(zelda.id), undefined);
  assert.equal((await (await storesIn(backup)).findById(other.id))?.email, OTHER.email, 'others are there');
});

test('the live database and the logs tell nothing of the person, not even the id but where it must stay', async () => {
  const dump = await dumpDatabase(app.databaseUrl);
  assert.deepEqual(told(dump, zelda.values), []);
  assert.deepEqual(told(await openedBy(app.masterKey, live), zelda.values), []);
  assert.deepEqual(told(logs.join('\n'), zelda.values), []);
  const tables = new Set(
    dump
      .split('\n')
      .filter((line) => line.includes(zelda.id))
      .map((line) =>
        line
          .split('\t')[0]
          ?.replace(/^public\./, '')
          .split('.')[0]
          ?.replace(/^audit_.*/, 'audit'),
      ),
  );
  assert.deepEqual([...tables].toSorted(), ['audit', 'erased_accounts']);
});

test('the audit verifies, and still tells what was done to the person, by the id alone', async () => {
  const { keys } = await auditOf({ db: live, masterKey: app.masterKey });
  const sealing = createSealing({ db: live, keys, issuer: app.issuer, now: Date.now, headEveryMs: 0 });
  for (let more = true; more; ) more = (await sealing.run())?.more ?? false;
  const verification = verifyAudit(live, keys);
  const findings: unknown[] = [];
  let step = await verification.next();
  for (; !step.done; step = await verification.next()) findings.push(...step.value.findings);
  assert.deepEqual(findings, []);
  assert.ok(step.value.events > 0);
  const text = "SELECT 1 FROM audit WHERE target_id = $1 AND action = 'users.erase' AND outcome = 'done'";
  assert.equal((await live.run({ text }, [zelda.id])).length, 1);
});

test('others are as they were', async () => {
  assert.deepEqual(await (await storesIn(live)).findById(other.id), before);
  const rowsOf = async (db: Db) =>
    Promise.all(
      ['sessions', 'grants', 'totp', 'passkeys', 'recovery_codes', 'devices', 'security_events', 'links', 'mails'].map(
        async (table) => {
          const text = `SELECT count(*)::int AS count FROM ${table} WHERE account_id = $1`;
          const [row] = await db.run<{ count: number }>({ text }, [other.id]);
          return [table, row?.count];
        },
      ),
    );
  const rows = await rowsOf(live);
  assert.deepEqual(rows, await rowsOf(backup));
  assert.deepEqual(
    rows.filter(([, count]) => count === 0),
    [],
  );
});
