import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { strFromU8, unzipSync } from 'fflate';
import { fromBase32 } from '../../server/accounts/one_time_password.ts';
import { createSealing } from '../../server/audit/seal.ts';
import { verifyAudit } from '../../server/audit/verify.ts';
import { SEALED } from '../../server/operations/sealed_columns.ts';
import { users } from '../../server/operations/users.ts';
import { createDb, type Db } from '../../server/platform/db.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { tokensFor } from '../flows/support.ts';
import { isSignIn, openAccount } from '../helpers/account.ts';
import { apiOf, bearer, machine, machineToken } from '../helpers/admin_api.ts';
import { auditOf } from '../helpers/audit.ts';
import { softPasskey } from '../helpers/authenticator.ts';
import { browserSession } from '../helpers/browser_session.ts';
import { askPerson, cibaMetadata } from '../helpers/ciba.ts';
import { deployment, PASSWORD } from '../helpers/deployment.ts';
import { createFactorSeeder } from '../helpers/factors.ts';
import { actor, operationsOf } from '../helpers/operations.ts';
import { copiedDatabaseUrl } from '../helpers/postgres.ts';
import { refresh } from '../helpers/relying_party.ts';
import { defer } from '../helpers/scope.ts';
import { dumpDatabase } from '../helpers/secrets.ts';
import { told } from '../helpers/told.ts';

/**
 * A backup of everything, taken before a person was erased, is restored elsewhere, and only the keys that were destroyed since are left
 * out: then nothing tells of the person, in any encoding, also not to the holder of the master key. The live database and the logs
 * tell nothing either.
 */
const scope = { after };
const BEHIND_PROXY = { CARDEA_TRUSTED_PROXIES: '127.0.0.1,::1' };
const app = await deployment(scope, { env: BEHIND_PROXY });
const party = await app.seed.party({
  firstParty: true,
  metadata: { grant_types: ['authorization_code', 'refresh_token'] },
});

const callCentre = await app.seed.party({ name: 'Call Centre', metadata: cibaMetadata() });
const SCOPE = 'cardea:users:write cardea:users:read:pii cardea:privacy:write';
const script = await machine(app, SCOPE);

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

/** Data of the person that is not in the profile. */
const ZELDAS = {
  passkey: 'Zeldoushka Moonstone key',
  userAgent: 'Mozilla/5.0 (X11; Quaylinux 77) Zeldabrowse/77.4',
  address: '203.0.113.177',
  message: 'Quayside call 4471-Z',
};
const OTHERS = { passkey: 'A key', userAgent: 'Harbourbrowse/1.0', address: '198.51.100.9', message: 'Call 12' };

const texts = (of: object): string[] =>
  Object.values(of).flatMap((value) => (typeof value === 'object' ? texts(value) : [String(value)]));
const call = (idempotencyKey: string) => ({ actor: actor({ kind: 'cli' }), requestId: 'a request', idempotencyKey });

/** It waits throughout the test. */
const later = () => ({ id: randomUUID(), afterMs: 3_600_000 });

interface Known {
  readonly id: string;
  /** Texts about the person that an export has. */
  readonly shown: readonly string[];
  /** All that is known of the person: texts, and bytes in latin1. */
  readonly values: readonly string[];
  readonly refreshToken: string;
}

/** Somebody who has used all that stores something. */
async function livedIn(profile: typeof OTHER, traces: typeof OTHERS): Promise<Known> {
  const { runner, services } = await operationsOf(scope, app);
  const { accounts, mails, links } = await services.accountStores();
  const factors = await createFactorSeeder(app);
  const seeded = await app.seed.person();
  const { id } = seeded;
  const body = { ...profile, email_verified: true };
  await runner.run(users.update, { params: { id }, query: undefined, body }, call(`update ${id}`));
  const person = { ...seeded, email: profile.email };
  const browser = browserSession(app.issuer, app.issuer, [], {
    'user-agent': traces.userAgent,
    'x-forwarded-for': traces.address,
  });
  const params = { scope: 'openid offline_access', prompt: 'consent' };
  const { tokens } = await tokensFor(app, party, person, { params, browser });
  await openAccount(app, person, '/account', browser);
  const asked = { login_hint: profile.email, binding_message: traces.message };
  assert.equal((await askPerson(app.issuer, callCentre, asked)).status, 200);
  const account = await accounts.resolve(id);
  const email = `next-${profile.email}`;
  await app.db.transact([
    mails.enqueue({ kind: 'unlocked', accountId: id, details: { app: email } }, account, later()),
    links.create('change_email', { account, payload: { email, epoch: account.epoch } }).bound,
  ]);
  const secret = await factors.totp(id);
  await factors.passkey(id, softPasskey(), traces.passkey);
  await factors.recoveryCodes(id);
  const { message, ...exportedTraces } = traces;
  const shown = [...texts(profile), ...texts(exportedTraces)];
  const values = [...shown, message, secret, fromBase32(secret)?.toString('latin1') ?? ''];
  return { id, shown, values, refreshToken: tokens.refresh_token ?? '' };
}

/** Parameters that apps sent in requests which end within minutes: no key of a person seals them (data-at-rest.md). */
const isUnderWay = ({ table }: { readonly table: string }) => table === 'records';

/** All that the master key opens, in these columns of a database. */
async function openedBy(masterKey: string, db: Db, columns = SEALED): Promise<string> {
  const sealer = createSealer([Buffer.from(masterKey, 'base64')]);
  let all = '';
  for (const { table, column, key, keyType } of columns) {
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

const zelda = await livedIn(ZELDA, ZELDAS);
const other = await livedIn(OTHER, OTHERS);
const logs = app.logLines;
// A database is copied while nobody is connected to it.
await app.close();
const backupUrl = await copiedDatabaseUrl(scope, app.databaseUrl);
const [live, backup] = [opened(app.databaseUrl), opened(backupUrl)];
const storesIn = async (db: Db) =>
  (await (await operationsOf(scope, { ...app, db })).services.accountStores()).accounts;
const before = await (await storesIn(live)).findById(other.id);
// The same server starts again, and leaves the mails that wait: in production without a mail server it sends none.
const { port } = new URL(app.issuer);
const again = await deployment(scope, {
  databaseUrl: app.databaseUrl,
  masterKey: app.masterKey,
  env: { ...BEHIND_PROXY, CARDEA_ISSUER: app.issuer, CARDEA_PORT: port, NODE_ENV: 'production' },
});
const headers = { ...bearer(await machineToken(app, script, SCOPE)), 'if-match': '*' };
const post = (path: string) => fetch(`${apiOf(app)}/users/${zelda.id}/${path}`, { method: 'POST', headers });
const exported = await post('data-export');
const zip = new Uint8Array(await exported.arrayBuffer());
const erased = await post('erase');
// Requests of the person after the erasure are in the log as well.
const refreshed = await refresh(app.issuer, party, zelda.refreshToken);
const { page } = await openAccount(app, { id: zelda.id, email: ZELDA.email, password: PASSWORD });
await again.close();

test('with the key, the backup still has everything of the person: what follows proves something', async () => {
  const account = await (await storesIn(backup)).findById(zelda.id);
  assert.deepEqual([account?.email, account?.phoneNumber], [ZELDA.email, ZELDA.phone_number]);
  assert.deepEqual(told(JSON.stringify(account), [ZELDA.email, ZELDA.birthdate]), [ZELDA.email, ZELDA.birthdate]);
  const encoded = `x${Buffer.from(`{"name":"${ZELDA.name}"}`).toString('base64')}`;
  assert.deepEqual(told(encoded, [ZELDA.name]), [ZELDA.name]);
  assert.deepEqual(told(Buffer.from(ZELDA.email).toString('hex'), [ZELDA.email]), [ZELDA.email]);
});

test('the export had all that the others look for, and then the person was gone', () => {
  assert.deepEqual([exported.status, erased.status], [200, 200]);
  const files = unzipSync(zip);
  const text = strFromU8(files['personal-data.json'] ?? new Uint8Array());
  assert.deepEqual(told(text, zelda.shown), zelda.shown);
  assert.deepEqual([refreshed.status, isSignIn(page)], [400, true]);
});

test('the backup without the destroyed keys tells nothing of the person, also with the master key', async () => {
  const destroyed = await live.run<{ key_id: string }>({ text: 'SELECT key_id FROM destroyed_data_keys' }, []);
  assert.equal(destroyed.length, 1);
  const removed = await backup.run({ text: 'DELETE FROM data_keys WHERE key_id = ANY($1) RETURNING account_id' }, [
    destroyed.map(({ key_id }) => key_id),
  ]);
  assert.deepEqual(removed, [{ account_id: zelda.id }]);
  assert.deepEqual(told(await dumpDatabase(backupUrl), zelda.values), []);
  const [underWay, rest] = [SEALED.filter(isUnderWay), SEALED.filter((one) => !isUnderWay(one))];
  assert.deepEqual(told(await openedBy(app.masterKey, backup, rest), zelda.values), []);
  assert.deepEqual(told(await openedBy(app.masterKey, backup, underWay), zelda.values), [ZELDA.email, ZELDAS.message]);
  assert.equal(await (await storesIn(backup)).findById(zelda.id), undefined);
  assert.equal((await (await storesIn(backup)).findById(other.id))?.email, OTHER.email, 'others are there');
});

test('the live database and the logs tell nothing of the person, not even the id but where it must stay', async () => {
  const dump = await dumpDatabase(app.databaseUrl);
  assert.deepEqual(told(dump, zelda.values), []);
  assert.deepEqual(told(await openedBy(app.masterKey, live), zelda.values), []);
  assert.deepEqual(told([...logs, ...again.logLines].join('\n'), zelda.values), []);
  assert.ok(
    again.logLines.some((line) => line.includes('/api/v1/users/:id/erase')),
    'the log of the erasure is there',
  );
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
