import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { LOG_STATEMENTS } from '../../server/audit/log_store.ts';
import { createSealing } from '../../server/audit/seal.ts';
import { noteRun } from '../../server/backup/runs.ts';
import { uuidv7 } from '../../server/platform/ids.ts';
import { auditOf, event } from '../helpers/audit.ts';
import { makeIdentity, writeFiles } from '../helpers/certificates.ts';
import { deployment } from '../helpers/deployment.ts';
import { type Scrape, scrape } from '../helpers/metrics.ts';
import { authorizeUrl } from '../helpers/relying_party.ts';
import { freePort, until } from '../helpers/waiting.ts';

/** Each test compares the value of a metric before and after the event that changes it. */

const scope = { after };
const HOUR = 3_600;
let skew = 0;
let passed = 0;
const now = () => Date.now() + skew;

const port = String(await freePort());
const app = await deployment(scope, {
  env: { CARDEA_METRICS_PORT: port, CARDEA_LIMITS: 'revocation.address=1/1d' },
  now,
  uptime: () => performance.now() + passed,
});
const { db, issuer } = app;
const party = await app.seed.party();
const audit = await auditOf(app, now);
const sealing = createSealing({ db, keys: audit.keys, issuer, now, headEveryMs: 0 });

const identity = await makeIdentity({ names: [{ type: 'dns', value: 'localhost' }], validDays: [-1, 9] });
const files = writeFiles(scope, { cert: identity.pem, key: identity.keyPem });
const tlsPort = String(await freePort());
await deployment(scope, {
  env: { CARDEA_TLS_CERT: files.cert, CARDEA_TLS_KEY: files.key, CARDEA_METRICS_PORT: tlsPort },
});

/** A scrape with a new reading of what all nodes share. Afterwards the node has not asked for its keys for too long, and serves nothing. */
function fresh(): Promise<Scrape> {
  passed += 60_000;
  return scrape(port);
}

const run = (text: string, values: readonly unknown[] = []) => db.run({ text }, values);
const at = (seconds: number) => new Date(now() + seconds * 1_000);

/** The time that a test needs passes too. */
function isAbout(value: number | undefined, seconds: number, name: string): void {
  assert.ok(value !== undefined && value >= seconds && value < seconds + 60, `${name} is ${value}, not ${seconds}`);
}

/** The value of a metric now, and its value when the clock is an hour later. */
async function inAnHour(name: string): Promise<readonly [number | undefined, number | undefined]> {
  const before = (await fresh()).get(name);
  skew += HOUR * 1_000;
  return [before, (await fresh()).get(name)];
}

test('requests that a limit refuses are counted by its name', async () => {
  const name = 'cardea_limit_refusals_total{limit="revocation.address"}';
  const revoke = () => fetch(new URL('/revoke', issuer), { method: 'POST', body: new URLSearchParams({ token: 'x' }) });
  await revoke();
  assert.equal((await scrape(port)).has(name), false);
  assert.equal((await revoke()).status, 429);
  assert.equal((await scrape(port)).get(name), 1);
  assert.equal((await revoke()).status, 429);
  assert.equal((await scrape(port)).get(name), 2);
});

test('the first reading of a client is a miss, the next one a hit', async () => {
  const read = async () => {
    await fetch(authorizeUrl({ issuer, party }, 'v'.repeat(43)), { redirect: 'manual' });
    const all = await scrape(port);
    return ['hits', 'misses', 'entries'].map((kind) => {
      const suffix = kind === 'entries' ? kind : `${kind}_total`;
      return all.get(`cardea_cache_${suffix}{cache="clients"}`) ?? Number.NaN;
    });
  };
  const all = await scrape(port);
  const before = all.get('cardea_cache_misses_total{cache="clients"}') ?? Number.NaN;
  const [hits = 0, misses = 0, entries = 0] = await read();
  assert.equal(misses, before + 1);
  assert.ok(entries > (all.get('cardea_cache_entries{cache="clients"}') ?? Number.NaN), `${entries} entries`);
  const [hitsLater = 0, missesLater] = await read();
  assert.ok(hitsLater > hits);
  assert.equal(missesLater, misses);
});

test('a key gets older', async () => {
  const [young, old] = await inAnHour('cardea_key_age_seconds{ring="RS256",state="active"}');
  isAbout(old, (young ?? Number.NaN) + HOUR, 'the age of the key');
});

test('mails and deliveries that wait, were tried and are overdue are counted', async () => {
  // Due from now on, and given up before the time at which the jobs look next.
  const mail = (tries: number) =>
    run('INSERT INTO mails (id, sealed, tries, due_at, expires_at) VALUES ($1, $2, $3, $4, $5)', [
      randomUUID(),
      Buffer.from('x'),
      tries,
      at(600),
      at(601),
    ]);
  const delivery = (attempts: number) =>
    run(
      'INSERT INTO deliveries (id, kind, client_id, attempts, next_attempt_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)',
      [randomUUID(), 'unknown', 'gone', attempts, at(600), at(601)],
    );
  const values = async () => {
    const all = await fresh();
    const of = (kind: string) =>
      ['waiting', 'tried', 'overdue_seconds'].map((name) => all.get(`cardea_${kind}_${name}`));
    return { mails: of('mails'), deliveries: of('deliveries') };
  };
  assert.deepEqual(await values(), { mails: [0, 0, 0], deliveries: [0, 0, 0] });
  await mail(0);
  await delivery(0);
  await delivery(0);
  assert.deepEqual(await values(), { mails: [1, 0, 0], deliveries: [2, 0, 0] });
  await mail(1);
  await mail(3);
  await delivery(1);
  assert.deepEqual(await values(), { mails: [3, 2, 0], deliveries: [3, 1, 0] });
  skew += (HOUR + 600) * 1_000;
  const { mails, deliveries } = await values();
  isAbout(mails[2], HOUR, 'the first mail');
  isAbout(deliveries[2], HOUR, 'the first delivery');
});

test('entries of the audit wait for their place, get it, and the head that is signed then gets older', async () => {
  const seal = () => until('the log is sealed', async () => (await sealing.run()) !== undefined);
  await seal();
  const before = await fresh();
  const entries = before.get('cardea_audit_log_entries') ?? Number.NaN;
  assert.equal(before.get('cardea_audit_unsealed_entries'), 0);
  assert.equal(before.get('cardea_audit_unsealed_age_seconds'), 0);
  // The job of the server leaves them alone while another has the lock.
  await db.transaction(async (send) => {
    await send([LOG_STATEMENTS.waitForLock.bind()]);
    await db.transact([event(audit, 1), event(audit, 2)]);
    assert.equal((await fresh()).get('cardea_audit_unsealed_entries'), 2);
    isAbout((await inAnHour('cardea_audit_unsealed_age_seconds'))[1], HOUR, 'the first entry');
  });
  await seal();
  const later = await fresh();
  assert.equal(later.get('cardea_audit_unsealed_entries'), 0);
  assert.equal(later.get('cardea_audit_log_entries'), entries + 2);
  assert.equal(later.get('cardea_audit_head_entries'), entries + 2);
  const [young, old] = await inAnHour('cardea_audit_head_age_seconds');
  isAbout(young, 0, 'the new head');
  isAbout(old, HOUR, 'the head after an hour');
});

test('an entry that Cardea did not write is counted as refused', async () => {
  assert.equal((await fresh()).get('cardea_audit_refused_entries'), 0);
  await run(
    `INSERT INTO audit (id, at, actor_kind, actor_id, action, target_kind, target_id, outcome, request_id)
     VALUES ($1, now(), 'system', '', 'users.disable', 'user', '', 'done', '')`,
    [uuidv7(now())],
  );
  await until('the log is sealed', async () => (await sealing.run()) !== undefined);
  assert.equal((await fresh()).get('cardea_audit_refused_entries'), 1);
});

test('a destination that is behind, and what could not be delivered to it, are told by its name', async () => {
  const lag = (name: string) => `cardea_audit_destination_lag_seconds{destination="${name}"}`;
  const dead = (name: string) => `cardea_audit_dead_letters{destination="${name}"}`;
  const size = (await fresh()).get('cardea_audit_log_entries') ?? Number.NaN;
  const destination = async (name: string, position: number, enabled = true) => {
    const id = randomUUID();
    // Leased for longer than the test, so that no job sends to it.
    await run(
      `INSERT INTO audit_destinations (id, name, kind, settings, actions, outcomes, everybody, heads, position, head_position,
                                       enabled, next_attempt_at, lease_id, leased_until, created_at, updated_at)
       VALUES ($1, $2, 'webhook', '{}', '{}', '{}', false, false, $3, 0, $4, $5, $1, $5, now(), now())`,
      [id, name, position, enabled, at(1_000 * HOUR)],
    );
    return id;
  };
  const behind = await destination('behind', size - 1);
  await destination('level', size);
  await destination('off', size - 1, false);
  const before = await fresh();
  assert.deepEqual([before.get(lag('level')), before.get(lag('off'))], [0, undefined]);
  assert.deepEqual([before.get(dead('behind')), before.get(dead('off'))], [0, 0]);
  const [young, old] = await inAnHour(lag('behind'));
  isAbout(old, (young ?? Number.NaN) + HOUR, 'the lag');
  for (const index of [0, 1]) {
    await run(
      `INSERT INTO audit_dead_letters (id, destination_id, first_index, last_index, is_head, reason, attempts, created_at)
       VALUES ($1, $2, $3, $3, false, 'test', 1, now())`,
      [randomUUID(), behind, index],
    );
  }
  const later = await fresh();
  assert.deepEqual([later.get(dead('behind')), later.get(dead('level'))], [2, 0]);
});

test('the last good backup gets older, and the newest may have failed', async () => {
  const age = 'cardea_backup_age_seconds';
  // Backups later than the database's clock are not looked at.
  const note = (minutes: number, failure: string | null) => {
    const began = new Date(Date.now() - minutes * 60_000);
    const [name, bytes] = failure === null ? [`backup-${minutes}`, 1] : [null, null];
    return noteRun(db, { id: randomUUID(), name, began_at: began, ended_at: began, bytes, failure });
  };
  const none = await fresh();
  assert.deepEqual([none.get(age), none.get('cardea_backup_failed')], [undefined, 0]);
  await note(30, null);
  const [young, old] = await inAnHour(age);
  isAbout(young, 1_800 + (skew / 1_000 - HOUR), 'the age of the backup');
  isAbout(old, (young ?? Number.NaN) + HOUR, 'the age of the backup after an hour');
  await note(20, 'backup_failed');
  assert.equal((await fresh()).get('cardea_backup_failed'), 1);
  await note(10, null);
  const good = await fresh();
  assert.equal(good.get('cardea_backup_failed'), 0);
  assert.ok((good.get(age) ?? Number.NaN) < (old ?? Number.NaN) - 1_000, 'the age is of the newer one');
});

test('the expiry of the certificate is told where TLS ends at the node', async () => {
  const name = 'cardea_tls_certificate_expiry_timestamp_seconds';
  assert.equal((await fresh()).has(name), false);
  assert.equal((await scrape(tlsPort)).get(name), Date.parse(identity.certificate.validTo) / 1_000);
});
