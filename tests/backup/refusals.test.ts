import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { headerEntry, manifestEntry, packed, readParts } from '../../server/backup/archive.ts';
import { createBackups } from '../../server/backup/backups.ts';
import { sealedText } from '../../server/backup/manifest.ts';
import { endBytes, entryBytes } from '../../server/backup/tar.ts';
import { SEALED } from '../../server/operations/sealed_columns.ts';
import { createDb } from '../../server/platform/db.ts';
import { migrateUp } from '../../server/platform/migrate.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { finished, setUpCli, startCli } from '../cli/run_cli.ts';
import { databaseUrl } from '../helpers/postgres.ts';
import { defer } from '../helpers/scope.ts';
import { until } from '../helpers/waiting.ts';
import { backupWorld, emptyDatabase, makeIdentity } from './world.ts';

/** What is wrong with a backup is said before anything is touched. */
const scope = { after };
const { cardea, url, masterKey } = await setUpCli(scope);
await cardea(['users', 'create', '--email', 'ada@example.com', '--no-password']);
const { backup, env, folder, identity, recipient, to } = await backupWorld(scope, masterKey);
const one: string = (await backup(url, ['create', '--json'])).json.name;
await cardea(['users', 'create', '--email', 'grace@example.com', '--no-password']);
const other: string = (await backup(url, ['create', '--json'])).json.name;
const target = await emptyDatabase(scope, url);
const db = createDb({ url: target, name: 'test' });
defer(scope, () => db.close());
/** It has a person, and knows of lists of erased people and of a head of the audit that no backup has. */
const killed = await databaseUrl(scope);
const killedDb = createDb({ url: killed, name: 'test' });
defer(scope, () => killedDb.close());
await cardea(['users', 'create', '--email', 'alan@example.com', '--no-password'], {
  env: { CARDEA_DATABASE_URL: killed },
});
await killedDb.run({ text: "UPDATE erasure_lists SET number = 3, sha256 = repeat('a', 64)" }, []);
await killedDb.run({ text: "INSERT INTO audit_heads VALUES (999, $1, '', now())" }, [
  JSON.stringify({ tree_size: 999, root_hash: 'lost' }),
]);
const sealer = createSealer([Buffer.from(masterKey, 'base64')]);
const stranger = await makeIdentity(join(folder, 'stranger'));
const age = readFileSync(join(to, `${one}.age`));
const label = readFileSync(join(to, `${one}.json`), 'utf8');
const fileOf = (name: string) => join(to, name);
const BEGUN = "SELECT to_regclass('unfinished_restore') IS NOT NULL AS begun";
let places = 0;

/** The backups in a folder of their own, with something changed. */
function changed(change: (place: string) => void): { readonly from: string } {
  places += 1;
  const from = join(folder, `changed-${places}`);
  cpSync(to, from, { recursive: true });
  change(from);
  return { from };
}

const write = (ending: string, content: string | Buffer) =>
  changed((at) => writeFileSync(join(at, one + ending), content));

/** A byte of the file is another one. */
function damagedAt(place: number, bytes = age): Buffer {
  const copy = Buffer.from(bytes);
  copy[place] = (copy[place] ?? 0) ^ 0x01;
  return copy;
}

/** The backup, encrypted again by somebody who has the identity and the public key, but not the master key. */
async function madeAgain(edit: (entries: Buffer[][]) => Buffer[][], name = one): Promise<Buffer> {
  const source = async function* () {
    yield readFileSync(fileOf(`${name}.age`));
  };
  const identities = [readFileSync(identity, 'utf8').split('\n')[1] ?? ''];
  const entries: Buffer[][] = [];
  const counts = new Map<string, number>();
  for await (const part of readParts(source(), { identities, sealer })) {
    if ('header' in part) entries.push(headerEntry(sealedText(sealer, 'header', part.header), 0));
    if ('manifest' in part) entries.push(manifestEntry(sealedText(sealer, 'manifest', part.manifest), 0));
    if ('table' in part) {
      const number = (counts.get(part.table) ?? 0) + 1;
      counts.set(part.table, number);
      const path = `tables/${part.table}/${String(number).padStart(6, '0')}`;
      entries.push(entryBytes({ name: path, body: part.rows }, 0));
    }
  }
  const plain = async function* () {
    for (const entry of edit(entries)) yield* entry;
    yield endBytes();
  };
  const chunks: Uint8Array[] = [];
  for await (const chunk of await packed(plain(), [recipient])) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const nameOf = (entry: Buffer[]): string => entry[0]?.toString('latin1', 0, 100).replace(/\0.*$/s, '') ?? '';
const isOf = (table: string) => (entry: Buffer[]) => nameOf(entry).startsWith(`tables/${table}/`);

const accountsOfOther: Buffer[][] = [];
await madeAgain((entries) => {
  accountsOfOther.push(...entries.filter(isOf('accounts')));
  return entries;
}, other);
const again = await madeAgain((entries) => entries);
const withRowsOfOther = await madeAgain((entries) =>
  entries.flatMap((entry) => (isOf('accounts')(entry) ? accountsOfOther : [entry])),
);
const withoutTable = await madeAgain((entries) => entries.filter((entry) => !isOf('accounts')(entry)));
const withoutManifest = await madeAgain((entries) => entries.slice(0, -1));
const tablesSwapped = await madeAgain((entries) => {
  const [first, second] = [entries.findIndex(isOf('accounts')), entries.findIndex(isOf('data_keys'))];
  return entries.map((entry, i) => entries[i === first ? second : i === second ? first : i] ?? entry);
});
const newerHeader = await madeAgain(([, ...entries]) => {
  const { seal: _seal, file: _file, ...about } = JSON.parse(label);
  about.migrations.push('9999-of-later');
  about.tables = about.tables.map(({ name, columns }: { name: string; columns: string[] }) => ({ name, columns }));
  return [headerEntry(sealedText(sealer, 'header', about), 0), ...entries];
});

const END = age.length - 1;
/** By what was done: the code of the refusal, and what is in place of the backup. */
const CASES: Readonly<
  Record<string, { code: RegExp; from?: string; identity?: string; env?: Record<string, string> }>
> = {
  'a byte of the first line of the file': { code: /damaged/, ...write('.age', damagedAt(3)) },
  'a byte of the recipients of the file': { code: /damaged|identities/, ...write('.age', damagedAt(40)) },
  'a byte of the code of the header': { code: /damaged/, ...write('.age', damagedAt(age.indexOf('\n--- ') + 8)) },
  'a byte of the content': { code: /damaged/, ...write('.age', damagedAt(age.length >> 1)) },
  'the last byte': { code: /damaged/, ...write('.age', damagedAt(END)) },
  'a byte of the label': { code: /damaged/, ...write('.json', label.replace('"rows": 1,', '"rows": 2,')) },
  'a label that is no JSON': { code: /damaged/, ...write('.json', label.slice(0, -20)) },
  'an empty file': { code: /damaged/, ...write('.age', '') },
  'cut off within the header': { code: /damaged/, ...write('.age', age.subarray(0, 100)) },
  'cut off in the middle': { code: /damaged/, ...write('.age', age.subarray(0, age.length >> 1)) },
  'cut off by one byte': { code: /damaged/, ...write('.age', age.subarray(0, END)) },
  'something behind its end': { code: /damaged/, ...write('.age', Buffer.concat([age, Buffer.of(0)])) },
  'the file of another backup': {
    code: /label is that of another backup/,
    ...changed((at) => cpSync(fileOf(`${other}.age`), join(at, `${one}.age`))),
  },
  'the label of another backup': {
    code: /its label is that of/,
    ...changed((at) => cpSync(fileOf(`${other}.json`), join(at, `${one}.json`))),
  },
  'the rows of a table of another backup': { code: /rows of accounts are not/, ...write('.age', withRowsOfOther) },
  'a table that is gone': { code: /rows of accounts are not/, ...write('.age', withoutTable) },
  'two tables that were swapped': { code: /damaged/, ...write('.age', tablesSwapped) },
  'a manifest that is gone': { code: /has no manifest/, ...write('.age', withoutManifest) },
  'a migration of a later version': { code: /later version of Cardea/, ...write('.age', newerHeader) },
  'another identity': { code: /none of the identities/, identity: stranger.file },
  'another master key': {
    code: /needs the master key [0-9a-f]{8}, which is not in/,
    env: { CARDEA_MASTER_KEY: randomBytes(32).toString('base64') },
  },
  'a file that is no identity': { code: /has no identity of age/, identity: fileOf(`${one}.json`) },
  'no backup of the name': { code: /has no cardea-19700101T000000Z-00000000/, from: 'other name' },
};

const restoring = (from: string, who: string, over: Readonly<Record<string, string>>, name = one) =>
  backup(target, ['restore', name, '--identity', who, '--from', from], over);

for (const [what, { code, from = to, identity: who = identity, env: over = {} }] of Object.entries(CASES)) {
  test(`a restore is refused, and changes nothing: ${what}`, async () => {
    const isOther = from === 'other name';
    const ran = await restoring(isOther ? to : from, who, over, isOther ? 'cardea-19700101T000000Z-00000000' : one);
    assert.equal(ran.code, 1, ran.stdout);
    assert.match(ran.stderr, code);
    const tables = await db.run(
      { text: "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace" },
      [],
    );
    assert.deepEqual(tables, []);
  });
}

test('a file of an identity that is there is not overwritten, and one that cannot be read is named with what to do', async () => {
  const before = readFileSync(identity, 'utf8');
  const refused = await backup(url, ['keygen', identity]);
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /cannot be written: it is there already, and is not overwritten: .* name another one \(EEXIST\)/,
  );
  assert.equal(readFileSync(identity, 'utf8'), before);
  for (const [place, told] of [
    [join(folder, 'no', 'identity'), /its folder does not exist/],
    [join(identity, 'below a file'), /no folder/],
  ] as const)
    assert.match((await backup(url, ['keygen', place])).stderr, told);
  const unread = await backup(url, ['verify', one, '--identity', folder]);
  assert.match(unread.stderr, /identity: .* cannot be read: it is a folder/);
});

test('a backup that was encrypted again, with nothing changed, is accepted: the file is no part of what is compared', async () => {
  const { from } = write('.age', again);
  const ran = await backup(target, ['restore', one, '--identity', identity, '--from', from, '--dry-run', '--json']);
  assert.equal(ran.code, 0, ran.stderr);
});

test('a restore that is killed leaves a database that is refused until it is restored again, and what was known of it', async () => {
  const args = ['restore', one, '--identity', identity, '--without-erasures', '1-3'];
  const child = startCli(['backup', ...args, '--replace'], { ...env, CARDEA_DATABASE_URL: killed });
  await until(
    'the restore begins',
    async () => (await killedDb.run<{ begun: boolean }>({ text: BEGUN }, []))[0]?.begun,
  );
  child.kill('SIGKILL');
  await finished(child);
  const onIt = { env: { CARDEA_DATABASE_URL: killed } };
  for (const args of [
    ['users', 'list'],
    ['migrate', 'up'],
    ['migrate', 'status'],
  ]) {
    const refused = await cardea(args, onIt);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /a restore of it was interrupted/);
  }
  await assert.rejects(migrateUp(killedDb), { code: 'restore_unfinished' });
  const schema = await cardea(['doctor', '--only', 'schema', 'keys', '--json'], onIt);
  assert.deepEqual(
    schema.json.map(({ state }: { state: string }) => state),
    ['error', 'skipped'],
  );
  assert.match(schema.json[0].remedy, /cardea backup restore/);
  // They look for another backup, and say whether it can be restored.
  const listed = await backup(killed, ['list', '--json']);
  assert.deepEqual(listed.json.map(({ name }: { name: string }) => name).toSorted(), [one, other].toSorted());
  const verifying = ['verify', other, '--identity', identity, '--json'];
  assert.match((await backup(killed, verifying)).stderr, /lists 1-3 of .*--without-erasures 1-3/);
  const verified = await backup(killed, [...verifying, '--without-erasures', '1-3']);
  assert.deepEqual([verified.code, verified.json.findings], [0, []], verified.stderr);
  const forgetful = await backup(killed, ['restore', one, '--identity', identity]);
  assert.equal(forgetful.code, 1, forgetful.stdout);
  assert.match(forgetful.stderr, /lists 1-3 of .*--without-erasures 1-3/);
  const again = await backup(killed, [...args, '--json']);
  assert.equal(again.code, 0, again.stderr);
  assert.equal(again.json.audit_size_seen, 999);
  const noted = await killedDb.run<{ changes: { without_erasures: unknown } }>(
    { text: "SELECT changes FROM audit WHERE action = 'backups.restore' AND target_kind = 'backup'" },
    [],
  );
  assert.deepEqual(noted[0]?.changes.without_erasures, { after: '1-3' });
  const accounts = again.json.replaced.find(({ table }: { table: string }) => table === 'accounts');
  assert.deepEqual(accounts, { table: 'accounts', rows: 1 });
  assert.deepEqual(
    (await cardea(['users', 'list', '--json', '--full'], onIt)).json.map(({ email }: { email: string }) => email),
    ['ada@example.com'],
  );
});

test('a restore has changed nothing before it has removed all, and is refused when a server has started until then', async () => {
  const reader = await killedDb.connect();
  await reader.query('BEGIN; LOCK TABLE groups IN ACCESS SHARE MODE');
  const restoring = backup(killed, ['restore', one, '--identity', identity, '--without-erasures', '1-3', '--replace']);
  const waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
  const server = createDb({ url: killed });
  let found: { begun: boolean } | undefined;
  try {
    await until('it waits for the reader', async () => (await killedDb.run({ text: waiting }, [])).length > 0);
    [found] = await server.run<{ begun: boolean }>({ text: BEGUN }, []);
  } finally {
    await reader.end();
  }
  const refused = await restoring;
  await server.close();
  assert.deepEqual([found?.begun, refused.code], [false, 1], refused.stdout);
  assert.match(refused.stderr, /servers are connected/);
  const { json } = await cardea(['users', 'list', '--json'], { env: { CARDEA_DATABASE_URL: killed } });
  assert.equal(json.length, 1);
});

test('one restore at a time: another is refused until the database may be used again, and cannot be ended by the first', async () => {
  const settings = { to, recipients: [recipient], everySeconds: 0, keptSeconds: 0, s3Endpoint: undefined };
  const inspect = async () => ({ audit: 0, auditEvents: 0 });
  const parts = { db: killedDb, sealer, now: Date.now, version: '0.1.0', sealed: SEALED, settings, inspect };
  const found: unknown[] = [];
  const restored = createBackups(parts).restore(
    { name: one, identity, withoutErasures: '1-3' },
    {
      replace: true,
      endings: [],
      async finish(_restored, { statements, refuse }) {
        for (const more of [[], ['--dry-run']]) {
          const other = await backup(killed, ['restore', one, '--identity', identity, '--replace', ...more]);
          found.push(other.code, /another process restores a backup/.test(other.stderr));
        }
        // As when the connection with the lock was lost, and another restore has begun.
        await killedDb.run({ text: 'UPDATE unfinished_restore SET id = gen_random_uuid()' }, []);
        await killedDb.transact(statements).catch((error: unknown) => {
          throw refuse(error) ?? error;
        });
      },
    },
    () => {},
  );
  await assert.rejects(restored, { code: 'restore_under_way' });
  assert.deepEqual(found, [1, true, 1, true]);
  const refused = await cardea(['users', 'list'], { env: { CARDEA_DATABASE_URL: killed } });
  assert.match(refused.stderr, /a restore of it was interrupted/);
});

test('a database with rows is replaced only when that is asked for, and it is said what is lost', async () => {
  const before = await cardea(['users', 'list', '--json']);
  for (const more of [[], ['--dry-run']]) {
    const refused = await backup(url, ['restore', one, '--identity', identity, ...more]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /rows that would be lost: .*accounts 2.*--replace/);
  }
  assert.deepEqual((await cardea(['users', 'list', '--json'])).json, before.json);
  const replaced = await backup(url, ['restore', one, '--identity', identity, '--replace', '--json']);
  assert.equal(replaced.code, 0, replaced.stderr);
  assert.deepEqual(
    replaced.json.replaced.find(({ table }: { table: string }) => table === 'accounts'),
    { table: 'accounts', rows: 2 },
  );
  assert.equal((await cardea(['users', 'list', '--json'])).json.length, 1);
});
