import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { copyFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createBackups, type Made } from '../../server/backup/backups.ts';
import { nameOf } from '../../server/backup/create.ts';
import { type Label, sealedText } from '../../server/backup/manifest.ts';
import { openStorage } from '../../server/backup/open_storage.ts';
import { lastRuns, noteRun } from '../../server/backup/runs.ts';
import { type Storage, storageFailed } from '../../server/backup/storage.ts';
import { createBackupJob } from '../../server/jobs/backups.ts';
import { SEALED } from '../../server/operations/sealed_columns.ts';
import type { Logger } from '../../server/platform/log.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { setUpCli } from '../cli/run_cli.ts';
import { deployment } from '../helpers/deployment.ts';
import { backupWorld, placeFor } from './world.ts';

/** When backups are made and removed by themselves, on nodes whose clocks are wrong and with a storage that fails. */
const scope = { after };
const { db, masterKey } = await setUpCli(scope);
const { folder, recipient } = await backupWorld(scope, masterKey);
const DAY_MS = 86_400_000;
const sealer = createSealer([Buffer.from(masterKey, 'base64')]);

/** A node with a place of its own. @param ahead milliseconds by which its clock is wrong */
function node(to: string, ahead = 0, storages = openStorage, stopping?: AbortSignal) {
  const settings = {
    to,
    recipients: [recipient],
    everySeconds: 86_400,
    keptSeconds: 30 * 86_400,
    s3Endpoint: undefined,
  };
  const inspect = async () => ({ audit: 0, auditEvents: 0 });
  const now = () => Date.now() + ahead;
  return createBackups({ db, sealer, now, version: '0.1.0', sealed: SEALED, inspect, storages, settings, stopping });
}

const namesIn = (place: string) =>
  readdirSync(place)
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))
    .toSorted();
const due = async (backups: ReturnType<typeof node>): Promise<number> => (await backups.dueIn()) ?? Number.NaN;
const create = (backups: ReturnType<typeof node>) => backups.create(() => {});
const forgetAll = () => db.run({ text: 'DELETE FROM backups' }, []);
const note = (began: number, ended: number, failure: string | null) =>
  noteRun(db, {
    id: randomUUID(),
    name: failure === null ? 'cardea-20260101T000000Z-00000000' : null,
    began_at: new Date(Date.now() + began),
    ended_at: new Date(Date.now() + ended),
    bytes: failure === null ? 1 : null,
    failure,
  });

/** As if the same had been made before, by another installation where it says so. @returns its name */
function madeBefore(place: string, { name, label }: Made, daysAgo: number, says: Partial<Label> = {}, by = sealer) {
  const about = {
    id: randomUUID(),
    created_at: new Date(Date.parse(label.created_at) - daysAgo * DAY_MS).toISOString(),
  };
  const copy = nameOf(about);
  copyFileSync(join(place, `${name}.age`), join(place, `${copy}.age`));
  const older = { ...label, ...says, ...about, file: { ...label.file, name: `${copy}.age` } };
  writeFileSync(join(place, `${copy}.json`), sealedText(by, 'label', older));
  return copy;
}

test('a node whose clock is 40 days ahead makes one backup a day, names it by the time there is, and removes none early', async () => {
  const place = placeFor(folder, 'ahead');
  const first = await create(node(place));
  const before = [29, 20, 10, 5].map((days) => madeBefore(place, first, days));
  const tooOld = madeBefore(place, first, 31);
  await forgetAll();
  const wrong = node(place, 40 * DAY_MS);
  assert.ok((await due(wrong)) <= 0);
  const { label, name, removed } = await create(wrong);
  assert.ok(Math.abs(Date.parse(label.created_at) - Date.now()) < 60_000, label.created_at);
  assert.deepEqual(removed, [tooOld]);
  assert.deepEqual(namesIn(place), [...before, first.name, name].toSorted());
  for (const backups of [wrong, node(place)]) assert.ok(Math.abs((await due(backups)) - DAY_MS) < 60_000);
});

test('backups of a master key that was dropped are removed by their age and are none of the newest that stay; those of others are never removed', async () => {
  const early = placeFor(folder, 'before the first start');
  const one = await create(node(early));
  const ofEarlyKey = madeBefore(early, one, 31, {}, createSealer([randomBytes(32)]));
  assert.deepEqual([one.label.issuer, (await create(node(early))).removed], [null, [ofEarlyKey]]);
  await db.run({ text: "INSERT INTO installation (issuer, since) VALUES ('https://id.example.com', now())" }, []);
  const place = placeFor(folder, 'old key');
  const first = await create(node(place));
  const dropped = createSealer([randomBytes(32)]);
  const ofOldKey = (daysAgo: number, says: Partial<Label> = {}) => madeBefore(place, first, daysAgo, says, dropped);
  const old = [ofOldKey(31), ofOldKey(50)];
  const kept = [
    ofOldKey(29),
    ofOldKey(40, { issuer: 'https://other.example.com' }),
    ofOldKey(40, { issuer: null }),
    ofOldKey(40, { erasures: { installation: randomUUID(), number: 0, sha256: null } }),
    ofOldKey(40, { erasures: null }),
    // With the two that are made here the newest three of the key that there is.
    madeBefore(place, first, 60),
  ];
  const fourth = madeBefore(place, first, 61);
  const { name, removed } = await create(node(place));
  assert.deepEqual(removed.toSorted(), [...old, fourth].toSorted());
  assert.deepEqual(namesIn(place), [...kept, first.name, name].toSorted());
});

test('of nodes that find a backup due at the same moment one makes it', async () => {
  await forgetAll();
  const place = placeFor(folder, 'nodes');
  const nodes = [node(place), node(place), node(place)];
  for (const one of nodes) assert.ok((await due(one)) <= 0);
  const made = await Promise.allSettled(nodes.map((one) => one.createDue(() => {})));
  for (const one of made) if (one.status === 'rejected') assert.equal(one.reason.code, 'backup_under_way');
  // One that comes when the others are done.
  assert.equal(await nodes[0]?.createDue(() => {}), undefined);
  assert.equal(namesIn(place).length, 1);
});

test('while the storage is gone a backup fails and is tried again, and the first that succeeds ends the alarm', async () => {
  await forgetAll();
  const place = placeFor(folder, 'gone');
  const backups = node(place);
  const { name } = await create(backups);
  renameSync(place, `${place} away`);
  await assert.rejects(create(backups), { code: 'backup_storage' });
  const { good, failed } = await lastRuns(db);
  assert.deepEqual([good?.name, failed?.failure], [name, 'backup_storage']);
  renameSync(`${place} away`, place);
  await create(backups);
  assert.equal((await lastRuns(db)).failed, undefined);
  assert.equal(namesIn(place).length, 2);
});

test('a backup that took an hour to fail is tried ten minutes later, not at once', async () => {
  await forgetAll();
  await note(-3_600_000, -60_000, 'backup_storage');
  const wait = await due(node(folder));
  assert.ok(wait > 500_000 && wait < 600_000, String(wait));
});

test('failures of a week leave what is known of the last good backup', async () => {
  await forgetAll();
  await note(-30 * DAY_MS, -30 * DAY_MS, null);
  // More than are kept.
  await db.run(
    {
      text: `INSERT INTO backups (id, began_at, ended_at, failure)
             SELECT gen_random_uuid(), now() - n * interval '10 minutes', now(), 'backup_storage' FROM generate_series(1, 1200) n`,
    },
    [],
  );
  await note(-1, 0, 'backup_storage');
  const { good, failed } = await lastRuns(db);
  assert.deepEqual([good?.failure, failed?.failure], [null, 'backup_storage']);
  const rows = await db.run({ text: 'SELECT FROM backups' }, []);
  assert.equal(rows.length, 1_001);
});

test('a server that stops gives up the backup that waits for its storage, which is no failure', async () => {
  await forgetAll();
  const place = placeFor(folder, 'stopping');
  const [stopping, writing] = [new AbortController(), Promise.withResolvers<void>()];
  const storages = async (...given: Parameters<typeof openStorage>): Promise<Storage> => ({
    ...(await openStorage(...given)),
    put: () => {
      writing.resolve();
      return new Promise(() => {});
    },
  });
  const backups = node(place, 0, storages, stopping.signal);
  const said: string[] = [];
  const log = { error: (_about: unknown, text: string) => void said.push(text) } as Logger;
  const job = createBackupJob({
    backups,
    create: async () => backups.createDue(() => {}).then(() => undefined),
    log,
    stopping,
  });
  const run = job.run();
  await writing.promise;
  await job.stop?.();
  await run;
  assert.deepEqual([said, await lastRuns(db)], [[], { good: undefined, failed: undefined }]);
  await assert.rejects(
    backups.create(() => {}),
    { code: 'temporarily_unavailable' },
    'nor does one begin after that',
  );
  assert.ok(await node(place).createDue(() => {}), 'another node makes it');
});

test('a backup is good when old ones cannot be removed, which is told apart', async () => {
  await forgetAll();
  const place = placeFor(folder, 'cannot remove');
  const storages = async (...given: Parameters<typeof openStorage>): Promise<Storage> => ({
    ...(await openStorage(...given)),
    remove: async (name) => {
      throw storageFailed(place, `remove ${name}`, 'it is denied', undefined);
    },
  });
  // Of a backup that was interrupted.
  writeFileSync(join(place, 'cardea-20200101T000000Z-00000000.age'), '');
  const backups = node(place, 0, storages);
  const said: unknown[] = [];
  const log = (level: string) => (_about: unknown, text: string) => void said.push(`${level}: ${text}`);
  const job = createBackupJob({
    backups,
    create: async () => {
      const made = await backups.createDue(() => {});
      return made && { name: made.name, bytes: made.label.file.bytes, notRemoved: made.failure?.message };
    },
    log: { info: log('info'), error: log('error') } as Logger,
    stopping: new AbortController(),
  });
  await job.run();
  assert.deepEqual(said, ['info: a backup was made', 'error: old backups could not be removed']);
  const { good, failed } = await lastRuns(db);
  assert.deepEqual([good?.failure, failed], [null, undefined]);
});

test('a server that has a place for backups and no recipients says so at its start', async (t) => {
  const warning = 'no backups are made: CARDEA_BACKUP_RECIPIENTS is not set';
  const saysSo = async (env: Readonly<Record<string, string>>) =>
    (await deployment(t, { env })).logLines.some((line) => line.includes(warning));
  const to = placeFor(folder, 'nobody');
  assert.equal(await saysSo({ CARDEA_BACKUP_TO: to }), true);
  assert.equal(await saysSo({ CARDEA_BACKUP_TO: to, CARDEA_BACKUP_RECIPIENTS: recipient }), false);
});
