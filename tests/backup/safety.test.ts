import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createBackup } from '../../server/backup/create.ts';
import { erasuresSince, goOnBehind, listHeadOf, writeErasureLists } from '../../server/backup/erasure_lists.ts';
import { createFolderStorage } from '../../server/backup/folder_storage.ts';
import { lastRuns, noteRun } from '../../server/backup/runs.ts';
import { SEALED } from '../../server/operations/sealed_columns.ts';
import { type BoundStatement, createDb } from '../../server/platform/db.ts';
import { AppError } from '../../server/platform/errors.ts';
import { exclusively } from '../../server/platform/exclusive.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { setUpCli } from '../cli/run_cli.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { defer } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';
import { until } from '../helpers/waiting.ts';
import { backupWorld, emptyDatabase, placeFor } from './world.ts';

/** Backups and their commands destroy nothing that they were not told to. */

const scope = { after };
const { cardea, url, db, masterKey } = await setUpCli(scope);
await cardea(['groups', 'create', 'staff']);
const { backup, folder, identity, recipient, to } = await backupWorld(scope, masterKey);
const made = (await backup(url, ['create', '--json'])).json.name as string;
const others = await emptyDatabase(scope, url);
const ofOthers = createDb({ url: others, name: 'test' });
defer(scope, () => ofOthers.close());
await ofOthers.run({ name: '', text: 'CREATE TABLE orders (id int)' }, []);
const groups = async () =>
  (await db.run<{ name: string }>({ name: '', text: 'SELECT name FROM groups' }, [])).map(({ name }) => name);
const namesIn = (place: string) =>
  readdirSync(place)
    .filter((name) => name.endsWith('.age'))
    .map((name) => name.slice(0, -'.age'.length));

test('a database that is refused for a trial keeps what it has, also one of others', async () => {
  for (const [scratch, code] of [
    [url, 'database_not_empty'],
    [others, 'database_not_empty'],
    ['nonsense', 'invalid_input'],
  ] as const) {
    const { code: exit, stderr } = await backup(url, ['verify', '--identity', identity, '--scratch', scratch]);
    assert.equal(exit, 1, `${code} ${stderr}`);
  }
  const absent = Object.assign(new URL(url), { pathname: '/absent' }).href;
  const { stderr } = await backup(url, ['verify', '--identity', identity, '--scratch', absent]);
  assert.match(stderr, /no database "absent" at .*: create it .* or correct --scratch \(3D000\)/);
  assert.deepEqual(await groups(), ['staff']);
  await ofOthers.run({ name: '', text: 'SELECT id FROM orders' }, []);
});

test('the databases of trials that were killed are removed by the next backup: those of this role that are old and unused; one that cannot be is no error', async () => {
  const id = () => randomBytes(6).toString('hex');
  const seconds = Math.floor(Date.now() / 1_000);
  const killed = `cardea_verify_${seconds - 7_200}_${id()}`;
  const inUse = `cardea_verify_${seconds - 7_201}_${id()}`;
  const [young, other] = [`cardea_verify_${seconds - 60}_${id()}`, `cardea_verify_mine_${id()}`];
  const ofAnother = `cardea_verify_${seconds - 7_202}_${id()}`;
  // Postgres removes no template, and the error is none that is known here.
  const template = `cardea_verify_${seconds - 7_203}_${id()}`;
  // A role of its own, as backups of other tests on the same cluster remove what is of their role.
  const role = `test_${id()}`;
  const password = remember('password', randomBytes(12).toString('base64url'));
  const own = Object.assign(new URL(url), { username: role, password });
  await db.run({ name: '', text: `CREATE ROLE ${role} SUPERUSER LOGIN PASSWORD '${password}'` }, []);
  const owner = createDb({ url: own.href, name: 'test' });
  const sql = (text: string) => owner.run({ name: '', text }, []);
  const all = [killed, inUse, young, other, ofAnother, template];
  for (const name of all) await sql(`CREATE DATABASE ${name}`);
  await sql(`ALTER DATABASE ${ofAnother} OWNER TO pg_monitor`);
  await sql(`ALTER DATABASE ${template} IS_TEMPLATE true`);
  const using = createDb({ url: Object.assign(new URL(own), { pathname: `/${inUse}` }).href, name: 'test' });
  await using.run({ name: '', text: 'SELECT 1' }, []);
  const made = await backup(own.href, ['create']);
  assert.equal(made.code, 0, made.stderr);
  const left = await db.run<{ datname: string }>(
    { name: '', text: "SELECT datname FROM pg_database WHERE datname LIKE 'cardea\\_verify\\_%'" },
    [],
  );
  const names = left.map(({ datname }) => datname);
  await using.close();
  await sql(`ALTER DATABASE ${template} IS_TEMPLATE false`);
  for (const name of all) await sql(`DROP DATABASE IF EXISTS ${name}`);
  await owner.close();
  assert.deepEqual(
    all.filter((name) => names.includes(name)),
    all.slice(1),
  );
});

test('a restore never takes a database of others, even when it may replace rows', async () => {
  const { code, stderr } = await backup(others, ['restore', '--identity', identity, '--replace']);
  assert.deepEqual([code, /used by others \(orders\)/.test(stderr)], [1, true], stderr);
  await ofOthers.run({ name: '', text: 'SELECT id FROM orders' }, []);
});

test('tables cannot be rewritten, emptied or dropped while a backup reads them', async () => {
  const changing = createDb({ url, name: 'test' });
  const tried: unknown[] = [];
  const sealer = createSealer([Buffer.from(masterKey, 'base64')]);
  let asked: Promise<void> | undefined;
  const change = async () => {
    const client = await changing.connect();
    await client.query("SET lock_timeout = '50ms'");
    for (const text of ['TRUNCATE roles', 'ALTER TABLE roles ADD COLUMN probe uuid DEFAULT gen_random_uuid()'])
      await client.query(text).catch(({ code }: { code?: string }) => tried.push(code));
    await client.end();
  };
  const slow = createFolderStorage(placeFor(folder, 'slow'));
  const storage = {
    remove: slow.remove,
    async put(name: string, bytes: AsyncIterable<Uint8Array>) {
      asked ??= change();
      await asked;
      return slow.put(name, bytes);
    },
  };
  const client = await db.connect();
  await createBackup({ sealer, version: '0.1.0', sealed: SEALED }, client, storage, {
    recipients: [recipient],
  });
  await client.end();
  await changing.close();
  assert.deepEqual(tried, ['55P03', '55P03']);
});

for (const [when, isAt] of [
  ['before its rows are read', (_name: string, isOver: boolean) => !isOver],
  ['while its last bytes are written', (_name: string, isOver: boolean) => isOver],
] as const) {
  test(`a backup whose connection, which has its lock, is ended ${when} ends with an error and has no label`, async () => {
    const sealer = createSealer([Buffer.from(masterKey, 'base64')]);
    const place = createFolderStorage(placeFor(folder, when));
    const client = await db.connect();
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const end = async () => {
      const lost = new Promise((done) => client.once('error', done));
      await db.run({ name: '', text: `SELECT pg_terminate_backend(${rows[0]?.pid})` }, []);
      await lost;
    };
    const storage = {
      remove: place.remove,
      async put(name: string, bytes: AsyncIterable<Uint8Array>) {
        if (name.endsWith('.age') && isAt(name, false)) await end();
        await place.put(name, bytes);
        if (name.endsWith('.age') && isAt(name, true)) await end();
      },
    };
    const parts = { sealer, version: '0.1.0', sealed: SEALED };
    await assert.rejects(createBackup(parts, client, storage, { recipients: [recipient] }), {
      code: 'temporarily_unavailable',
    });
    assert.deepEqual(await place.list(''), [], 'nor a file that would fill the storage');
  });
}

test('a backup whose connection is ended while it waits for a table says that the database is away', async () => {
  const sealer = createSealer([Buffer.from(masterKey, 'base64')]);
  const [holder, client] = [await db.connect(), await db.connect()];
  await holder.query('BEGIN; LOCK TABLE groups IN ACCESS EXCLUSIVE MODE');
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const pid = rows[0]?.pid;
  const waits = `SELECT FROM pg_stat_activity WHERE pid = ${pid} AND wait_event_type = 'Lock'`;
  const parts = { sealer, version: '0.1.0', sealed: SEALED };
  const making = createBackup(parts, client, createFolderStorage(to), { recipients: [recipient] });
  const ended = assert.rejects(making, { code: 'temporarily_unavailable' });
  client.on('error', () => {});
  try {
    await until('it waits', async () => (await db.run({ name: '', text: waits }, [])).length > 0);
    await db.run({ name: '', text: `SELECT pg_terminate_backend(${pid})` }, []);
    await ended;
  } finally {
    await holder.end();
  }
});

test('a backup whose label cannot be written leaves no file, which would fill the storage with each attempt', async () => {
  const sealer = createSealer([Buffer.from(masterKey, 'base64')]);
  const place = createFolderStorage(placeFor(folder, 'full'));
  const storage = {
    remove: place.remove,
    async put(name: string, bytes: AsyncIterable<Uint8Array>) {
      await place.put(name, bytes);
      if (name.endsWith('.json')) throw new AppError('backup_storage', 'it was written, and the answer was lost');
    },
  };
  const parts = { sealer, version: '0.1.0', sealed: SEALED };
  await exclusively(
    db,
    'backup',
    () => new AppError('backup_under_way', ''),
    async (client) => {
      const { rows } = await client.query('SHOW tcp_keepalives_idle');
      assert.equal(rows[0]?.tcp_keepalives_idle, '30', 'a machine that is gone keeps no lock');
      await assert.rejects(createBackup(parts, client, storage, { recipients: [recipient] }), {
        code: 'backup_storage',
      });
    },
  );
  assert.deepEqual(await place.list(''), []);
});

test('the runbook finds the connection of a process that hangs with the lock of backups, and ends it', async () => {
  const [, runbook = ''] = readFileSync(join(ROOT, 'ops/docs/runbooks.md'), 'utf8').split('## CardeaBackupTooOld');
  const [, find = ''] = /```sql\n(.*?)```/s.exec(runbook) ?? [];
  const [end = ''] = /SELECT pg_terminate_backend\(PID\);/.exec(runbook) ?? [];
  const busy = () => new AppError('backup_under_way', '');
  const holding = exclusively(db, 'backup', busy, async (client) => {
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const lost = new Promise((done) => client.once('error', done));
    const found = await db.run<{ pid: number }>({ name: '', text: find }, []);
    assert.deepEqual(
      found.map(({ pid }) => pid),
      rows.map(({ pid }) => pid),
    );
    await db.run({ name: '', text: end.replace('PID', String(found[0]?.pid)) }, []);
    await lost;
  });
  await holding;
  await until('the lock is free', async () => (await db.run({ name: '', text: find }, [])).length === 0);
  await exclusively(db, 'backup', busy, async () => {});
});

test('retention counts whole backups of this installation alone', async () => {
  const place = placeFor(folder, 'kept');
  const kept = { CARDEA_BACKUP_TO: place, CARDEA_BACKUP_KEPT: '1s' };
  const own: string[] = [];
  for (let n = 0; n < 2; n += 1) own.push((await backup(url, ['create', '--json'], kept)).json.name);
  for (const n of [1, 2, 3]) writeFileSync(join(place, `cardea-2099010${n}T000000Z-0000000${n}.json`), '{}');
  const last = await backup(url, ['create', '--json'], kept);
  assert.deepEqual([last.code, last.json.removed], [0, []], last.stderr);
  assert.deepEqual(namesIn(place).toSorted(), [...own, last.json.name].toSorted());
  const refused = await backup(url, ['verify', '--identity', identity], kept);
  assert.equal(refused.code, 1, 'an older one is not taken for the newest');
  assert.match(refused.stderr, /cardea-20990103T000000Z-00000003\.json, which is newer .*and 2 more\. Name the backup/);
  assert.ok(refused.stderr.includes(last.json.name), refused.stderr);
  // As of other installations that share the place.
  for (const n of [1, 2, 3])
    writeFileSync(join(place, `cardea-2099010${n}T000000Z-0000000${n}.json`), '{"issuer":"https://other.example"}');
  const chosen = await backup(url, ['verify', '--identity', identity, '--json'], kept);
  assert.deepEqual([chosen.code, chosen.json.name], [0, last.json.name], chosen.stderr);
});

test('a file of one backup under the name of another is refused', async () => {
  const place = placeFor(folder, 'renamed');
  const other = (await backup(url, ['create', '--json'], { CARDEA_BACKUP_TO: place })).json.name as string;
  writeFileSync(join(place, `${made}.age`), readFileSync(join(place, `${other}.age`)));
  const { code, stderr } = await backup(url, ['verify', made, '--identity', identity, '--from', place]);
  assert.deepEqual([code, stderr.includes(`it is ${other} under another name`)], [1, true], stderr);
});

test('a backup of a time to come stops neither the schedule nor the alarm', async () => {
  const began_at = new Date(Date.now() + 400 * 86_400_000);
  await noteRun(db, { id: crypto.randomUUID(), name: made, began_at, ended_at: began_at, bytes: 1, failure: null });
  const { good } = await lastRuns(db);
  assert.ok(good && good.began_at.getTime() < Date.now());
});

test('lists of erased people follow one another, also when their writer is ended, or the database is older than they are', async () => {
  const sealer = createSealer([Buffer.from(masterKey, 'base64')]);
  const storage = createFolderStorage(placeFor(folder, 'lists'));
  const parts = { db, sealer, now: Date.now };
  const start = await listHeadOf(db);
  // Only an erasure adds one, and what is tested begins behind it.
  const erase = () =>
    db.run({ name: '', text: 'INSERT INTO unlisted_destroyed_keys (key_id) VALUES (gen_random_uuid())' }, []);
  const newest = async () => (await erasuresSince([storage], start, [], sealer, undefined)).newest;
  await erase();
  assert.equal(await writeErasureLists(parts, storage), 1);
  await erase();
  const ended = {
    async query<R>(bound: BoundStatement<R>): Promise<R[]> {
      if (bound.statement.name === 'erasure_lists.listed') throw new Error('ended');
      return db.query(bound);
    },
  };
  await assert.rejects(writeErasureLists({ ...parts, db: ended }, storage));
  assert.equal((await newest())?.number, start.number + 2);
  assert.equal(await writeErasureLists(parts, storage), 1);
  assert.deepEqual(await listHeadOf(db), await newest());
  // As after a recovery to a point in time.
  await db.query(goOnBehind(start));
  await erase();
  await writeErasureLists(parts, storage);
  assert.deepEqual([(await newest())?.number, await listHeadOf(db)], [start.number + 4, await newest()]);
});

test('two nodes that list erased people at once leave no gap', async () => {
  const sealer = createSealer([Buffer.from(masterKey, 'base64')]);
  const storage = createFolderStorage(placeFor(folder, 'two'));
  const start = await listHeadOf(db);
  await db.run({ name: '', text: 'INSERT INTO unlisted_destroyed_keys (key_id) VALUES (gen_random_uuid())' }, []);
  const write = () => writeErasureLists({ db, sealer, now: Date.now }, storage);
  await Promise.all([write(), write(), write()]);
  const { newest } = await erasuresSince([storage], start, [await listHeadOf(db)], sealer, undefined);
  assert.ok(newest && newest.number > start.number);
});

test('the role of servers can make a backup', async () => {
  const superuser = await db.connect();
  await superuser.query(readFileSync(join(ROOT, 'ops/postgres/roles.sql'), 'utf8'));
  const password = remember('other', randomBytes(16).toString('hex'));
  await superuser.query(`ALTER ROLE cardea_server PASSWORD '${password}'`);
  await superuser.end();
  const asServer = Object.assign(new URL(url), { username: 'cardea_server', password }).href;
  const { code, stderr } = await backup(asServer, ['create'], { CARDEA_BACKUP_TO: to });
  assert.equal(code, 0, stderr);
});
