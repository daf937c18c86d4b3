import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { prepared } from '../../server/cli/secret_file.ts';
import { createDb } from '../../server/platform/db.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { database } from '../helpers/postgres.ts';
import { defer } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';
import { configFiles } from '../platform/config_problems.ts';
import { postgresProxy } from './postgres_proxy.ts';
import { finished, runCli, startCli } from './run_cli.ts';

const scope = { after };
const { file, folder } = configFiles(scope);
const { url: adminUrl, db } = await database(scope);
const sql = (text: string) => db.run({ name: '', text }, []);
const alone = new URL(adminUrl);
[alone.username, alone.password] = [`alone_${randomBytes(4).toString('hex')}`, 'first'];
await sql(`CREATE ROLE ${alone.username} SUPERUSER LOGIN PASSWORD 'first'`);
defer(scope, async () => void (await sql(`DROP ROLE ${alone.username}`)));
const proxy = await postgresProxy(scope, alone.href);
const aloneFile = file('alone-url', `${proxy.url}\n`);
const rotateAlone = ['secrets', 'rotate', 'database-password', '--json'];
const env = {
  CARDEA_DATABASE_URL_FILE: aloneFile,
  CARDEA_MASTER_KEY: remember('master_key', randomBytes(32).toString('base64')),
  CARDEA_DATA_DIR: folder,
};
const runAlone = (args = rotateAlone) => runCli(args, { env });
const besideAlone = () => readdirSync(folder).filter((name) => name.startsWith('alone-url.'));

const shared = mkdtempSync(join(tmpdir(), 'cardea-test-shared-'));
defer(scope, () => rmSync(shared, { recursive: true, force: true }));
const [NOBODY, GROUP] = [65_534, 65_533];

/** Does it as a user who has no rights of its own, when the tests are run by root. */
function asNobody(work: () => void): void {
  const groups = process.getgroups?.() ?? [];
  process.setgroups?.([GROUP]);
  process.setegid?.(NOBODY);
  process.seteuid?.(NOBODY);
  try {
    work();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
    process.setgroups?.(groups);
  }
}

/** The password in the file opens a connection. */
async function aloneOpens(): Promise<void> {
  const url = readFileSync(aloneFile, 'utf8').trim();
  remember('other', new URL(url).password);
  const opened = createDb({ url });
  await opened.run({ name: '', text: 'SELECT 1' }, []).finally(() => opened.close());
}

describe('a rotation of the password of the database that is disturbed', () => {
  test('ends well when the answer to COMMIT is lost', async () => {
    proxy.onCommit = async () => 'break';
    const ran = await runAlone();
    assert.deepEqual(ran.json, { file: aloneFile, rotated: true, servers: 0 }, ran.stderr);
    await aloneOpens();
    assert.deepEqual(besideAlone(), []);
  });

  test('keeps and names the new password when the database is gone, and is finished by the next one', async () => {
    const before = readFileSync(aloneFile, 'utf8');
    proxy.onCommit = async () => 'close';
    const ran = await runAlone();
    const [left = ''] = besideAlone();
    assert.equal(ran.code, 1);
    assert.ok(ran.stderr.includes(`mv ${folder}/${left} ${aloneFile}`), ran.stderr);
    assert.equal(readFileSync(aloneFile, 'utf8'), before);
    proxy.open();
    const tried = await runAlone([...rotateAlone, '--dry-run']);
    assert.deepEqual(tried.json, { file: aloneFile, rotated: false, finished: `${folder}/${left}` }, tried.stderr);
    const next = await runAlone();
    assert.deepEqual(
      next.json,
      { file: aloneFile, rotated: true, finished: `${folder}/${left}`, servers: 0 },
      next.stderr,
    );
    await aloneOpens();
    assert.deepEqual(besideAlone(), []);
  });

  test('keeps the new password when the file cannot be replaced and the old password cannot be given back', async () => {
    const before = readFileSync(aloneFile, 'utf8');
    proxy.onCommit = async () => {
      rmSync(aloneFile);
      mkdirSync(aloneFile); // a file cannot be renamed to it
      proxy.onCommit = async () => 'close'; // the answer to the old password
      return 'pass';
    };
    const ran = await runAlone();
    assert.equal(ran.code, 1);
    const [left = ''] = besideAlone();
    assert.ok(ran.stderr.includes(`${folder}/${left}`), ran.stderr);
    rmSync(aloneFile, { recursive: true });
    writeFileSync(aloneFile, before);
    proxy.open();
    await aloneOpens();
    rmSync(`${folder}/${left}`);
  });

  test('by another rotation: the second is refused', async () => {
    proxy.onCommit = async () => {
      const other = await runAlone();
      assert.deepEqual([other.code, /another process replaces/.test(other.stderr)], [1, true], other.stderr);
      return 'pass';
    };
    const ran = await runAlone();
    assert.deepEqual(ran.json, { file: aloneFile, rotated: true, servers: 0 }, ran.stderr);
    await aloneOpens();
    assert.deepEqual(besideAlone(), []);
  });

  test('by a kill: the doctor names the file that is left, and the next rotation finishes it', async () => {
    const child = startCli(rotateAlone, env);
    proxy.onCommit = async () => {
      child.kill('SIGKILL');
      return 'break';
    };
    assert.equal((await finished(child)).code, null);
    const left = `${folder}/${besideAlone()[0]}`;
    const doctor = ['doctor', '--only', 'database', '--json'];
    const [refused] = (await runAlone(doctor)).json as { found: string; remedy: string }[];
    assert.ok(refused?.found.includes(left), refused?.found);
    assert.match(refused?.remedy ?? '', /secrets rotate database-password/);
    const url = readFileSync(left, 'utf8');
    const wrong = new URL(url);
    wrong.password = 'neither';
    writeFileSync(left, wrong.href);
    const neither = await runAlone();
    assert.deepEqual([neither.code, neither.stderr.includes(left)], [1, true], neither.stderr);
    writeFileSync(left, url);
    assert.deepEqual((await runAlone()).json, { file: aloneFile, rotated: true, finished: left, servers: 0 });
    await aloneOpens();
    writeFileSync(left, wrong.href);
    const [, unused] = (await runAlone(doctor)).json as { state: string; found: string }[];
    assert.deepEqual([unused?.state, unused?.found.includes(left)], ['warning', true]);
    assert.ok((await runAlone()).stderr.includes(`removed ${left}`));
    assert.deepEqual(besideAlone(), []);
  });
});

test('a server of an earlier version, which tells nothing of its secrets, is waited for', async () => {
  await sql(`INSERT INTO key_nodes (node_id, acknowledged, acknowledged_at, seen_at, rings)
    VALUES ('earlier', 1, now(), now(), '{}')`);
  const pepper = remember('other', randomBytes(32).toString('base64'));
  const pepperFile = file('pepper', pepper);
  const ran = await runCli(['secrets', 'rotate', 'pepper', '--timeout', '0s'], {
    env: { ...env, CARDEA_PASSWORD_PEPPER_FILE: pepperFile },
  });
  assert.deepEqual(
    [ran.code, /0 of 1 .*earlier does not tell.*earlier version/.test(ran.stderr)],
    [1, true],
    ran.stderr,
  );
  assert.equal(readFileSync(pepperFile, 'utf8').trim(), pepper);
  // It may read another file, and would lose the database.
  const before = readFileSync(aloneFile, 'utf8');
  const unread = await runAlone([...rotateAlone, '--timeout', '0s']);
  assert.deepEqual(
    [unread.code, /0 of 1 running servers read the file .*Nothing was changed/.test(unread.stderr)],
    [1, true],
    unread.stderr,
  );
  assert.equal(readFileSync(aloneFile, 'utf8'), before);
  await aloneOpens();
});

test('a URL whose password cannot be replaced is refused before anything is tried', async () => {
  for (const url of ['postgres://cardea@db.example/cardea', 'postgres://cardea:first@a.example:1,b.example:1/cardea']) {
    const ran = await runCli(rotateAlone, { env: { ...env, CARDEA_DATABASE_URL_FILE: file('other-url', url) } });
    assert.deepEqual([ran.code, /must have one host, a user and a password/.test(ran.stderr)], [2, true], ran.stderr);
  }
});

test('a file that another one cannot replace is refused before anything is changed', () => {
  const made = join(shared, '..2026_11_29');
  mkdirSync(made);
  const mounted = join(made, 'url');
  writeFileSync(mounted, 'before');
  symlinkSync(made, join(shared, '..data'));
  const link = join(shared, 'link');
  symlinkSync(join(shared, '..data', 'url'), link);
  assert.throws(() => prepared(link, 'after'), /Kubernetes writes it/);
  const alone = join(shared, 'mounted');
  writeFileSync(alone, 'before');
  const script = `import('${join(ROOT, 'server/cli/secret_file.ts')}').then((it) => it.prepared('${alone}', 'after').replace())`;
  const bound = 'mount --bind "$1" "$1" || exit 0; exec "$0" --eval "$2"';
  const ran = spawnSync('unshare', ['--mount', 'sh', '-c', bound, process.execPath, alone, script], {
    encoding: 'utf8',
  });
  // Without the right to mount it prints nothing.
  if (ran.status !== 0) assert.match(ran.stderr, /mounted by itself|Operation not permitted/);
  for (const one of [mounted, alone]) assert.equal(readFileSync(one, 'utf8'), 'before');
  assert.deepEqual(readdirSync(made), ['url']);
  for (const one of [made, join(shared, '..data'), link, alone]) rmSync(one, { recursive: true });
});

test('the file that replaces another one has its owner and group, or nothing is replaced', () => {
  const path = join(shared, 'url');
  writeFileSync(path, 'before', { mode: 0o640 });
  const rights = () => (({ mode, uid, gid }) => [mode & 0o777, uid, gid])(statSync(path));
  const first = rights();
  prepared(path, 'own').replace();
  assert.deepEqual(rights(), first);
  if (process.getuid?.() !== 0) return; // another user and group need root
  chmodSync(shared, 0o755);
  asNobody(() => assert.throws(() => prepared(path, 'of a folder'), /EACCES.*as the owner of the folder, or as root/));
  chmodSync(shared, 0o777);
  asNobody(() =>
    assert.throws(() => prepared(path, 'of another user'), /is of user 0 and group 0.*nothing was changed/),
  );
  assert.deepEqual(readdirSync(shared), ['url']);
  chownSync(path, NOBODY, GROUP);
  chmodSync(shared, 0o733); // a folder that cannot be read
  asNobody(() => prepared(path, 'of another group').replace());
  assert.deepEqual([readFileSync(path, 'utf8'), ...rights()], ['of another group\n', 0o640, NOBODY, GROUP]);
});
