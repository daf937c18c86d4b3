import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { LOG_STATEMENTS } from '../../server/audit/log_store.ts';
import { createSealing } from '../../server/audit/seal.ts';
import { noteRun } from '../../server/backup/runs.ts';
import type { NodeFacts } from '../../server/monitoring/facts.ts';
import { METRICS } from '../../server/monitoring/metric_table.ts';
import { createSharedFacts } from '../../server/monitoring/shared_facts.ts';
import { createFairQueue } from '../../server/platform/fair_queue.ts';
import { uuidv7 } from '../../server/platform/ids.ts';
import { DELIVERIES_CHANNEL } from '../../server/records/deliveries.ts';
import { ROOT } from '../helpers/artifacts.ts';
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
  env: {
    CARDEA_METRICS_PORT: port,
    CARDEA_LIMITS: 'revocation.address=1/1d',
    CARDEA_DATABASE_POOL: '7',
    CARDEA_KEY_ROTATION: '40d',
    CARDEA_JWKS_MAX_AGE: '30m',
    CARDEA_KEY_POLL: '20s',
    CARDEA_AUDIT_HEAD_INTERVAL: '2h',
  },
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

test('what is configured is told as it is, and as the default where nothing is', async () => {
  const [own, byDefault] = [await scrape(port), await scrape(tlsPort)];
  for (const [name, value, fallback] of [
    ['cardea_database_pool_connections_max', 7, 10],
    ['cardea_key_rotation_seconds', 40 * 24 * HOUR, 30 * 24 * HOUR],
    ['cardea_key_publication_seconds', 1_820, HOUR + 30],
    ['cardea_audit_head_interval_seconds', 2 * HOUR, 60],
  ] as const)
    assert.deepEqual([own.get(name), byDefault.get(name)], [value, fallback], name);
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  assert.equal(own.get(`cardea_build_info{version="${version}",node="${process.versions.node}"}`), 1);
});

test('connections of the pool are busy, idle and waited for', async (t) => {
  const values = async () => {
    const all = await scrape(port);
    const of = (state: string) => all.get(`cardea_database_pool_connections{state="${state}"}`);
    return [of('busy'), of('idle'), all.get('cardea_database_pool_waiting')];
  };
  const isAtRest = async () => {
    const [busy, idle, waiting] = await values();
    return busy === 0 && (idle ?? 0) > 0 && waiting === 0;
  };
  await until('the pool is at rest', isAtRest);
  const release = Promise.withResolvers<void>();
  const held = Array.from({ length: 7 }, () => db.transaction(() => release.promise));
  const waiting = [run('SELECT 1'), run('SELECT 1')];
  t.after(async () => {
    release.resolve();
    await Promise.all([...held, ...waiting]);
  });
  await until('all are busy, and two callers wait', async () => {
    const [busy, idle, waits] = await values();
    return busy === 7 && idle === 0 && (waits ?? 0) >= 2;
  });
  release.resolve();
  await Promise.all([...held, ...waiting]);
  await until('the pool is at rest again', isAtRest);
});

test('passwords that are hashed, that wait and that were refused are counted', async () => {
  const queue = createFairQueue({ name: 'password hashing', concurrency: 2, waiting: 3 });
  const values = () =>
    (['running', 'waiting', 'waiting_max', 'refused_total'] as const).map((name) => {
      const { samples } = METRICS[`cardea_password_hashes_${name}`];
      return samples({ passwordHashing: queue.load } as NodeFacts).map(({ value }) => value);
    });
  assert.deepEqual(values().flat(), [0, 0, 3, 0]);
  const release = Promise.withResolvers<void>();
  const works = Array.from({ length: 6 }, () => queue.run({ shares: ['one'] }, () => release.promise));
  const ended = Promise.allSettled(works);
  assert.deepEqual(values().flat(), [2, 3, 3, 1]);
  release.resolve();
  assert.deepEqual((await ended).filter(({ status }) => status === 'rejected').length, 1);
  assert.deepEqual(values().flat(), [0, 0, 3, 1]);
});

test('a node that does not hear what other nodes change says so until it does again', async () => {
  const name = 'cardea_notifications_connected';
  const is = async (value: number) => (await scrape(port)).get(name) === value;
  assert.ok(await is(1));
  await run(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'`,
  );
  await until('it does not hear', () => is(0));
  await until('it hears again', () => is(1));
});

test('runs of a job are counted by their outcome; how often it runs and how long it has not are told', async () => {
  const runs = (outcome: string) => `cardea_job_runs_total{job_name="deliveries",outcome="${outcome}"}`;
  const grows = async (outcome: string) => {
    const before = (await scrape(port)).get(runs(outcome)) ?? Number.NaN;
    await run('SELECT pg_notify($1, $2)', [DELIVERIES_CHANNEL, '']);
    await until(`a run is ${outcome}`, async () => ((await scrape(port)).get(runs(outcome)) ?? Number.NaN) > before);
  };
  await grows('done');
  await run('ALTER TABLE deliveries RENAME TO deliveries_away');
  await grows('failed');
  await run('ALTER TABLE deliveries_away RENAME TO deliveries');
  await grows('done');
  const all = await scrape(port);
  const every = (job: string) => all.get(`cardea_job_interval_seconds{job_name="${job}"}`);
  assert.deepEqual(['deliveries', 'cleanup', 'months of the audit'].map(every), [10, 60, HOUR]);
});

test('how long a reading took, and whether the database accepts writes, are told', async () => {
  const node = {} as NodeFacts;
  for (const [seconds, ready] of [
    [1, true],
    [3, false],
  ] as const) {
    let clock = 0;
    const read = createSharedFacts({
      db,
      keyRing: app.app.keyRing,
      isReady: async () => (ready ? undefined : assert.fail('read-only')),
      redis: undefined,
      now,
      // It is asked before and after.
      uptime() {
        clock += seconds * 1_000;
        return clock;
      },
    });
    const reading = await read();
    assert.deepEqual(METRICS.cardea_database_reading_seconds.samples(node, reading), [{ value: seconds }]);
    assert.deepEqual(METRICS.cardea_ready.samples(node, reading), [{ value: ready ? 1 : 0 }]);
  }
});

test('a node that has not reached the database for too long may not sign', async () => {
  const name = 'cardea_may_sign';
  assert.equal((await scrape(port)).get(name), 1);
  await until('too much time has passed', async () => (await fresh()).get(name) === 0);
});

test('a job that does not run lags', async () => {
  const [young, old] = await inAnHour('cardea_job_lag_seconds{job_name="months of the audit"}');
  isAbout(old, (young ?? Number.NaN) + HOUR, 'the lag');
});

test('keys are counted by their state', async () => {
  const counts = async () => {
    const all = await fresh();
    return ['pending', 'active', 'retiring'].map((state) => all.get(`cardea_keys{ring="RS256",state="${state}"}`));
  };
  assert.deepEqual(await counts(), [0, 1, 0]);
  await app.app.keyRing.rotate({ ring: 'RS256' });
  assert.deepEqual(await counts(), [1, 1, 0]);
  await app.app.keyRing.rotate({ ring: 'RS256', now: true });
  assert.deepEqual(await counts(), [0, 1, 1]);
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
