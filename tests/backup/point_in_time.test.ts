import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createDb } from '../../server/platform/db.ts';
import { startEmbeddedPostgres } from '../../server/platform/embedded.ts';
import { tokensFor } from '../flows/support.ts';
import { deployment } from '../helpers/deployment.ts';
import { clusterTemplate, copyCluster } from '../helpers/embedded.ts';
import { TEST_CLUSTER_SETTINGS } from '../helpers/postgres.ts';
import { userinfo } from '../helpers/relying_party.ts';
import { defer } from '../helpers/scope.ts';
import { until } from '../helpers/waiting.ts';

/** Recovery to a point in time, as ops/docs/backup.md says: a copy of the cluster, and the write-ahead log since. */
const scope = { after };
const folder = mkdtempSync(join(tmpdir(), 'cardea-test-wal-'));
defer(scope, () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
const [lost, recovered, archive] = ['lost', 'recovered', 'archive'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];
for (const path of [folder, lost, recovered, archive]) mkdirSync(path, { recursive: true, mode: 0o777 });
// Postgres runs as another user when the tests run as root.
for (const path of [folder, archive]) chmodSync(path, 0o777);
copyCluster(await clusterTemplate(), lost);
const before = await startEmbeddedPostgres({
  dataDir: lost,
  settings: { ...TEST_CLUSTER_SETTINGS, archive_mode: 'on', archive_command: `cp %p ${archive}/%f` },
});
const app = await deployment(scope, { databaseUrl: before.url });
const [party, ada] = [await app.seed.party(), await app.seed.person()];
const admin = createDb({ url: before.url, timeoutMs: 60_000 });
// pg_backup_stop is of the same session as pg_backup_start
const session = await admin.connect();
await session.query("SELECT pg_backup_start('drill', fast => true)");
cpSync(join(lost, 'postgres'), join(recovered, 'postgres'), {
  recursive: true,
  preserveTimestamps: true,
  filter: (path) => !path.endsWith('postmaster.pid') && !path.includes('/pg_wal/'),
});
const {
  rows: [stopped],
} = await session.query('SELECT labelfile FROM pg_backup_stop(wait_for_archive => true)');
await session.end();
const grace = await app.seed.person();
const [{ at } = { at: '' }] = await admin.run<{ at: string }>({ text: 'SELECT clock_timestamp()::text AS at' }, []);
await admin.run({ text: 'DELETE FROM accounts' }, []); // the mistake that is taken back
await admin.run({ text: 'SELECT pg_switch_wal()' }, []);
await until('the log is archived', async () => {
  const [row] = await admin.run<{ done: boolean }>(
    {
      text: 'SELECT last_archived_wal >= pg_walfile_name(pg_current_wal_lsn() - 1) OR archived_count > 3 AS done FROM pg_stat_archiver',
    },
    [],
  );
  return row?.done;
});
await admin.close();
await app.close();
await before.stop();

const { masterKey, issuer } = app;
writeFileSync(join(recovered, 'postgres.password'), readFileSync(join(lost, 'postgres.password')));
writeFileSync(join(recovered, 'postgres', 'backup_label'), stopped.labelfile);
writeFileSync(join(recovered, 'postgres', 'recovery.signal'), '');
execFileSync('sh', [
  '-c',
  'chown -R --reference="$1/postgres" "$2/postgres" "$2/postgres.password" 2>/dev/null; chmod 700 "$2/postgres"; mkdir -p "$2/postgres/pg_wal"; chown --reference="$1/postgres" "$2/postgres/pg_wal" 2>/dev/null; true',
  'sh',
  lost,
  recovered,
]);
const again = await startEmbeddedPostgres({
  dataDir: recovered,
  settings: {
    ...TEST_CLUSTER_SETTINGS,
    restore_command: `cp ${archive}/%f %p`,
    recovery_target_time: at,
    recovery_target_action: 'promote',
  },
});
defer(scope, () => again.stop());
const db = createDb({ url: again.url, name: 'test' });
await until('the recovery ends', async () => {
  const [row] = await db.run<{ ended: boolean }>({ text: 'SELECT NOT pg_is_in_recovery() AS ended' }, []);
  return row?.ended;
});
await db.close();
const second = await deployment(scope, {
  databaseUrl: again.url,
  masterKey,
  env: { CARDEA_ISSUER: issuer, CARDEA_PORT: new URL(issuer).port },
});

test('after a recovery to a point in time people sign in, also one who came after the copy was made', async () => {
  for (const person of [ada, grace]) {
    const { tokens } = await tokensFor({ ...second, issuer }, party, person);
    assert.equal((await userinfo(issuer, tokens.access_token)).body.sub, person.id);
  }
});
