import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { createBackup } from '../../server/backup/create.ts';
import { createFolderStorage } from '../../server/backup/folder_storage.ts';
import { SEALED } from '../../server/operations/sealed_columns.ts';
import { createDb } from '../../server/platform/db.ts';
import { knownMigrations, migrateTo } from '../../server/platform/migrate.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { databaseUrl } from '../helpers/postgres.ts';
import { defer } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';
import { backupWorld, emptyDatabase } from './world.ts';

/** A backup that an older version has made, which had fewer migrations. */

const scope = { after };
const masterKey = remember('master_key', randomBytes(32).toString('base64'));
const { backup, identity, recipient, to } = await backupWorld(scope, masterKey);
const beside = await databaseUrl(scope);
const old = createDb({ url: await emptyDatabase(scope, beside) });
defer(scope, () => old.close());
const known = await knownMigrations();
/** The first with all tables that a backup reads. */
const LAST = '0048-backups';
await migrateTo(old, LAST);
await old.run(
  { name: '', text: "INSERT INTO groups (name, created_at, updated_at) VALUES ('staff', now(), now())" },
  [],
);
const sealer = createSealer([Buffer.from(masterKey, 'base64')]);
const parts = { sealer, version: '0.1.0', sealed: SEALED };
const client = await old.connect();
const made = await createBackup(parts, client, createFolderStorage(to), { recipients: [recipient] });
await client.end();

test('is restored as it was, and then migrated', async () => {
  assert.ok(known.length > made.label.migrations.length, 'a migration came later');
  const target = await emptyDatabase(scope, beside);
  const restored = await backup(target, ['restore', made.name, '--identity', identity, '--json']);
  assert.equal(restored.code, 0, restored.stderr);
  const db = createDb({ url: target });
  defer(scope, () => db.close());
  const groups = await db.run<{ name: string }>({ name: '', text: 'SELECT name FROM groups' }, []);
  assert.deepEqual(
    groups.map(({ name }) => name),
    ['staff'],
  );
  const ran = await db.run<{ name: string }>({ name: '', text: 'SELECT name FROM kysely_migration ORDER BY name' }, []);
  assert.deepEqual(
    ran.map(({ name }) => name),
    known,
  );
});

test('is verified', async () => {
  const verified = await backup(beside, ['verify', made.name, '--identity', identity]);
  assert.equal(verified.code, 0, verified.stderr);
});
