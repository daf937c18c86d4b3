import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import type { ListHead } from '../../server/backup/erasure_chain.ts';
import { erasuresSince, writeErasureLists } from '../../server/backup/erasure_lists.ts';
import { createFolderStorage } from '../../server/backup/folder_storage.ts';
import { lastRuns } from '../../server/backup/runs.ts';
import { createDb } from '../../server/platform/db.ts';
import type { AppError } from '../../server/platform/errors.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { runCli } from '../cli/run_cli.ts';
import { tokensFor } from '../flows/support.ts';
import { bearer, machine, machineToken } from '../helpers/admin_api.ts';
import { deployment } from '../helpers/deployment.ts';
import { refresh, userinfo } from '../helpers/relying_party.ts';
import { until } from '../helpers/waiting.ts';
import { backupWorld, emptyDatabase, placeFor } from './world.ts';

/** The drill: a database is lost after its backup, and restored; and what became of everything that had happened in between. */
interface Labelled {
  readonly erasures: ListHead;
}
const scope = { after };
const first = await deployment(scope);
const API = 'https://api.example.com';
await first.seed.resourceServer({ identifier: API, name: 'API', scopes: ['api:read'] });
const party = await first.seed.party({ metadata: { scope: 'openid profile email offline_access api:read' } });
const [ada, gone] = [await first.seed.person(), await first.seed.person()];
const { backup, env, folder, identity, recipient, to } = await backupWorld(scope, first.masterKey);
const before = await tokensFor(first, party, ada);
const forApi = await tokensFor(first, party, ada, { params: { resource: API, scope: 'openid api:read' } });
const made = await backup(first.databaseUrl, ['create', '--json']);
assert.equal(made.code, 0, made.stderr);

// After the backup: a refresh token is replaced, and a person is erased.
const replaced = await refresh(first.issuer, party, before.tokens.refresh_token ?? '');
assert.equal(replaced.status, 200);
const command = { CARDEA_DATABASE_URL: first.databaseUrl, CARDEA_ISSUER: first.issuer };
const erased = await runCli(['users', 'erase', gone.email], { env: { ...env, ...command } });
assert.equal(erased.code, 0, erased.stderr);
const sealer = createSealer([Buffer.from(first.masterKey, 'base64')]);
assert.equal(await writeErasureLists({ db: first.db, sealer, now: Date.now }, createFolderStorage(to)), 1);
const later = await backup(first.databaseUrl, ['create', '--json']);
assert.equal(later.code, 0, later.stderr);

const target = await emptyDatabase(scope, first.databaseUrl);
const untouched = await emptyDatabase(scope, first.databaseUrl);
const inUse = await backup(first.databaseUrl, ['restore', made.json.name, '--identity', identity, '--replace']);
await first.close();
// The backups alone, and the lists of erased people apart from them.
const [bare, apart] = [join(folder, 'bare'), join(folder, 'apart')];
cpSync(to, bare, { recursive: true });
cpSync(join(to, 'erasures'), join(apart, 'erasures'), { recursive: true });
rmSync(join(bare, 'erasures'), { recursive: true });
// As a node would name it whose clock is late: what the other backup knows counts nevertheless.
for (const ending of ['.age', '.json'])
  renameSync(join(bare, `${later.json.name}${ending}`), join(bare, `cardea-20200101T000000Z-00000000${ending}`));
const [list = ''] = readdirSync(join(to, 'erasures'));
const choose = ['--identity', identity, '--from', bare];
const restored = await backup(target, ['restore', made.json.name, ...choose, '--erasures', apart, '--json']);
assert.equal(restored.code, 0, restored.stderr);
const reached = {
  masterKey: first.masterKey,
  env: { CARDEA_ISSUER: first.issuer, CARDEA_PORT: new URL(first.issuer).port },
};
const restoredDb = createDb({ url: target, name: 'test' });
const lastAtStart = await lastRuns(restoredDb);
// So that the server finds one due.
await restoredDb.run({ text: "UPDATE backups SET began_at = began_at - interval '2 days'" }, []);
await restoredDb.close();
const own = placeFor(folder, 'own');
const second = await deployment(scope, {
  ...reached,
  databaseUrl: target,
  env: { ...reached.env, CARDEA_BACKUP_TO: own, CARDEA_BACKUP_RECIPIENTS: recipient },
});

test('a backup is a file that says nothing to who has neither identity nor master key, and a label without personal data', () => {
  const files = readdirSync(to).toSorted();
  const names = [later.json.name, made.json.name].toSorted();
  assert.deepEqual(files, [...names.flatMap((name: string) => [`${name}.age`, `${name}.json`]), 'erasures'].toSorted());
  const label = readFileSync(join(to, `${made.json.name}.json`), 'utf8');
  const { tables, master_keys: keys } = JSON.parse(label);
  assert.equal(tables.find(({ name }: { name: string }) => name === 'accounts').rows, 2);
  assert.deepEqual(
    keys.map(({ id }: { id: string }) => id),
    sealer.keyIds,
  );
  assert.match(readFileSync(join(to, `${made.json.name}.age`), 'latin1'), /^age-encryption\.org\/v1\n-> X25519 /);
  for (const secret of [ada.id, ada.email, first.masterKey]) assert.ok(!label.includes(secret));
});

test('a person signs in with the same password, and tokens from before the backup verify', async () => {
  const { tokens } = await tokensFor({ ...second, issuer: first.issuer }, party, ada);
  assert.equal((await userinfo(first.issuer, tokens.access_token)).body.sub, ada.id);
  const jwks = createRemoteJWKSet(new URL(`${first.issuer}/.well-known/jwks.json`));
  for (const token of [before.tokens.id_token, forApi.tokens.access_token]) {
    const { payload } = await jwtVerify(token, jwks, { issuer: first.issuer });
    assert.equal(payload.sub, ada.id);
  }
});

test('stored tokens have ended: a refresh token that was replaced after the backup would be good for a thief', async () => {
  assert.equal((await userinfo(first.issuer, before.tokens.access_token)).status, 401);
  for (const token of [before.tokens.refresh_token, replaced.body.refresh_token]) {
    const { status, body } = await refresh(first.issuer, party, token ?? '');
    assert.deepEqual([status, body.error], [400, 'invalid_grant']);
  }
});

test('who was erased after the backup is erased again, before a server may start', async () => {
  assert.equal(restored.json.erased_again, 1);
  assert.equal(await second.seed.accounts.findById(gone.id), undefined);
  const rows = await second.db.run({ text: 'SELECT FROM data_keys' }, []);
  assert.equal(rows.length, 1);
});

test('the backup that was restored is the last good one of the database, which by itself knew of none', () => {
  const { created_at, file } = JSON.parse(readFileSync(join(to, `${made.json.name}.json`), 'utf8'));
  const { good, failed } = lastAtStart;
  assert.deepEqual(
    [good?.name, good?.began_at.toISOString(), good?.bytes, failed],
    [made.json.name, created_at, file.bytes, undefined],
  );
});

/** By what became of the list: the change, and how the refusal names it. */
const LISTS: Readonly<Record<string, readonly [(file: string) => void, RegExp]>> = {
  deleted: [(file) => rmSync(file), /: list 1 of .* is not in/],
  renamed: [
    (file) => renameSync(file, file.replace('-000001-', '-000009-')),
    /: list 1 of .*\(1 is named erasures\/\w{8}-000009-\w{8}\.json, and was erasures\/\w{8}-000001-/,
  ],
  changed: [
    (file) => writeFileSync(file, readFileSync(file, 'utf8').replace(/"key_ids":\[.*?\]/, '"key_ids":[]')),
    /: list 1 of.*1 was changed/,
  ],
  'of another installation': [
    (file) => renameSync(file, join(dirname(file), list.replace(/^[0-9a-f]{8}/, '00000000'))),
    /: list 1 of/,
  ],
};

for (const [what, [change, reason]] of Object.entries(LISTS)) {
  test(`a list of erased people that is ${what} refuses a restore and a trial, until it is accepted by its number`, async () => {
    const at = join(folder, what);
    cpSync(join(to, 'erasures'), join(at, 'erasures'), { recursive: true });
    change(join(at, 'erasures', list));
    const args = [made.json.name, ...choose, '--erasures', at];
    const restoring = (...more: string[]) => backup(untouched, ['restore', ...args, ...more]);
    // The other database knows of a list that its server has written elsewhere.
    const tried = await backup(target, ['verify', ...args, '--erasures', own]);
    for (const refused of [tried, await restoring(), await restoring('--without-erasures', '4-8')]) {
      assert.equal(refused.code, 1, refused.stdout);
      assert.match(refused.stderr, reason);
      assert.match(refused.stderr, /--without-erasures 1/);
    }
    const tooMany = await restoring('--without-erasures', '0-99');
    assert.deepEqual([tooMany.code, /must be 1: only that is missing/.test(tooMany.stderr)], [1, true], tooMany.stderr);
    const accepted = await restoring('--without-erasures', '1', '--dry-run');
    assert.doesNotMatch(accepted.stdout, /erased_again/, 'it is not known before');
    assert.equal(accepted.code, what === 'deleted' ? 1 : 0, accepted.stderr);
    if (what === 'deleted') assert.match(accepted.stderr, /deleted has no list of erased people/);
  });
}

test('a list of erased people from before a backup needs no master key, as it may be gone', async () => {
  const other = createSealer([randomBytes(32)]);
  const [{ erasures: start }, { erasures: head }] = [made, later].map(({ json }) =>
    JSON.parse(readFileSync(join(to, `${json.name}.json`), 'utf8')),
  ) as [Labelled, Labelled];
  assert.deepEqual([start.number, head.number], [0, 1]);
  const places = [createFolderStorage(to)];
  assert.deepEqual((await erasuresSince(places, head, [], other, undefined)).lists, []);
});

test('a list of erased people that another master key opens is not called missing, and to go on without it is not offered', async () => {
  const other = createSealer([randomBytes(32)]);
  const { erasures: start } = JSON.parse(readFileSync(join(to, `${made.json.name}.json`), 'utf8')) as Labelled;
  // Of a second list another backup knows alone.
  const second = { ...start, number: 2, sha256: 'b'.repeat(64) };
  const refusal = (heads: readonly ListHead[], accepted?: string): Promise<string> =>
    erasuresSince([createFolderStorage(to)], start, heads, other, accepted).then(
      ({ missing }) => `accepted ${missing}`,
      ({ code, message }: AppError) => `${code}: ${message}`,
    );
  const closed = `list 1 of erased people of the installation ${start.installation.slice(0, 8)} cannot be opened: it needs the master key ${sealer.keyIds[0]}, which CARDEA_MASTER_KEY does not have. Add that key to CARDEA_MASTER_KEY, behind the first`;
  assert.equal(await refusal([]), `erasure_lists_missing: ${closed}`);
  assert.equal(await refusal([second], '2'), `erasure_lists_missing: ${closed}`);
  const both = await refusal([second]);
  assert.ok(both.startsWith(`erasure_lists_missing: ${closed}. Also, list 2 of`), both);
  assert.match(both, /list 2 of [^:]* is not in [^:]*: .*--without-erasures 2$/);
  // The key may be lost, too.
  assert.equal(await refusal([second], '1-2'), 'accepted 1-2');
});

test('the audit goes on, says that it was restored, and is whole but for what was lost', async () => {
  const settings = { env: { ...env, CARDEA_DATABASE_URL: target, CARDEA_ISSUER: first.issuer } };
  const verified = await runCli(['audit', 'verify', '--json'], settings);
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  const { json } = await runCli(['audit', 'list', '--filter', 'action eq "backups.restore"', '--json'], settings);
  const [entry] = json.filter(({ target_kind }: { target_kind: string }) => target_kind === 'backup');
  assert.equal(entry.target_id, made.json.name);
  const { backup: id, audit_head: head, audit_head_seen: seen, sessions_kept: kept } = entry.changes;
  assert.match(id.after, /^[0-9a-f-]{36}$/);
  assert.equal(kept.after, false);
  assert.equal(head?.after?.tree_size ?? null, restored.json.audit_size);
  assert.equal(seen?.after?.tree_size ?? null, restored.json.audit_size_seen);
});

test('a database that servers use is not restored', () => {
  assert.equal(inUse.code, 1);
  assert.match(inUse.stderr, /servers are connected/);
});

test('backup list shows what there is, and verify tries a backup in a database that is gone afterwards', async () => {
  const listed = await backup(target, ['list', '--json']);
  assert.deepEqual(
    listed.json.map(({ name, problem }: { name: string; problem: string | null }) => [name, problem]),
    [later.json.name, made.json.name]
      .toSorted()
      .toReversed()
      .map((name: string) => [name, null]),
  );
  const verified = await backup(target, ['verify', '--identity', identity, '--erasures', own, '--json']);
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  assert.deepEqual(verified.json.findings, []);
  assert.ok(verified.json.opened > 5 && verified.json.rows > 20);
  // Other tests try backups on the same cluster.
  const trials = `SELECT FROM pg_database
     WHERE datname LIKE 'cardea\\_verify\\_%' AND pg_get_userbyid(datdba) = current_user`;
  await until('the databases of trials are gone', async () => (await second.db.run({ text: trials }, [])).length === 0);
});

test('a server makes a backup by itself when one is due, and shows it to who may see backups', async () => {
  const name = await until('a backup is made', () =>
    (existsSync(own) ? readdirSync(own) : []).find((one) => one.endsWith('.json')),
  );
  const caller = await machine({ ...second, issuer: first.issuer }, 'cardea:backups:read');
  const served = { issuer: first.issuer };
  const headers = bearer(await machineToken(served, caller, 'cardea:backups:read'));
  const shown = async (path: string) => (await fetch(`${first.issuer}/api/v1${path}`, { headers })).json();
  const { items } = await shown('/backups');
  assert.deepEqual(
    items.map((one: { name: string }) => `${one.name}.json`),
    [name],
  );
  const {
    configured,
    age_seconds: age,
    failed,
  } = await until('it is noted', async () => {
    const status = await shown('/backups/status');
    return status.last && status;
  });
  assert.deepEqual([configured, failed], [true, null]);
  assert.ok(age < 60);
});

test('a move keeps sessions and refresh tokens, when that is asked for', async () => {
  await second.close();
  const args = ['restore', made.json.name, '--identity', identity, '--replace', '--keep-sessions'];
  const moved = await backup(target, [...args, '--erasures', own, '--json']);
  assert.equal(moved.code, 0, moved.stderr);
  assert.equal(moved.json.sessions_kept, true);
  assert.equal(moved.json.erased_again, 1, 'by the lists beside the backups');
  await deployment(scope, { ...reached, databaseUrl: target });
  assert.equal((await userinfo(first.issuer, before.tokens.access_token)).status, 200);
  assert.equal((await refresh(first.issuer, party, before.tokens.refresh_token ?? '')).status, 200);
});
