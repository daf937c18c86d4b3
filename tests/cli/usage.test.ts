import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { ROOT } from '../helpers/artifacts.ts';
import { PASSWORD } from '../helpers/deployment.ts';
import { clusterTemplate, copyCluster } from '../helpers/embedded.ts';
import { defer } from '../helpers/scope.ts';
import { until } from '../helpers/waiting.ts';
import { finished, runCli, setUpCli, spawnCli, startCli } from './run_cli.ts';

const VERBS: Readonly<Record<string, readonly string[]>> = {
  keys: ['list', 'rotate', 'revoke'],
  clients: ['create', 'list', 'show', 'update', 'delete', 'rotate-secret'],
  passwords: ['status', 'blocklist'],
  users: [
    ...['create', 'list', 'show', 'disable', 'enable', 'unlock', 'set-password', 'invite', 'import'],
    ...['delete', 'restore', 'erase', 'restrict', 'lift-restriction', 'inactive', 'data-export'],
    ...['sessions', 'end-sessions', 'events', 'groups', 'roles', 'factors', 'reset-factors'],
  ],
  resources: ['create', 'list', 'show', 'delete'],
  tokens: ['revoke'],
  migrate: ['up', 'status'],
  issuer: ['show', 'move'],
  'master-key': ['rotate'],
  mail: ['list', 'show', 'retry', 'drop', 'test'],
  deliveries: ['list', 'show', 'retry', 'drop'],
  sessions: ['list', 'show', 'end'],
  grants: ['list', 'show', 'revoke'],
  lockouts: ['list', 'end'],
  config: ['check'],
  privacy: ['report', 'texts'],
  audit: ['list', 'show', 'export', 'heads', 'verify', 'prove', 'consistency', 'check-proof'],
};

describe('cardea', () => {
  test('prints help for each noun and each verb without a database', async () => {
    const top = await runCli(['--help']);
    assert.equal(top.code, 0);
    assert.equal((await runCli(['--version'])).stdout, '0.1.0\n');
    assert.equal((await runCli(['help', 'keys'])).stdout, (await runCli(['keys', '--help'])).stdout);
    await Promise.all(
      Object.entries(VERBS).map(async ([noun, verbs]) => {
        assert.match(top.stdout, new RegExp(`^ {2}${noun} `, 'm'));
        const help = await runCli([noun, '--help']);
        assert.equal(help.code, 0);
        for (const verb of verbs) assert.match(help.stdout, new RegExp(`^ {2}${verb}[ \\n]`, 'm'));
        const one = await runCli([noun, verbs[0] ?? '', '--help']);
        assert.equal(one.code, 0);
        assert.match(one.stdout, /--json/);
      }),
    );
  });

  test('the help of a deletion names the setting of its days of grace', async () => {
    for (const verb of ['delete', 'restore', 'erase']) {
      assert.match((await runCli(['users', verb, '--help'])).stdout, /CARDEA_DELETION_GRACE/, verb);
    }
  });

  for (const [why, args] of [
    ['no noun', []],
    ['an unknown noun', ['cleints', 'list']],
    ['no verb', ['users']],
    ['an unknown verb', ['users', 'lits']],
    ['an unknown option', ['users', 'list', '--jsno']],
    ['a missing option', ['clients', 'create', '--redirect-uri', 'https://a.example/cb']],
    ['a missing argument', ['users', 'show']],
    ['an argument too many', ['users', 'show', 'a', 'b']],
    ['a rate that is none', ['passwords', 'blocklist', 'build', 'f', '--false-positives', '2']],
    ['a value that is none', ['users', 'list', '--limit', 'many']],
    ['options that exclude each other', ['clients', 'create', '--name', 'N', '--public', '--auth-method', 'none']],
    ['a password as an argument', ['users', 'create', '--email', 'a@example.com', '--password', 'correct horse']],
    ['a password with no way to ask for it', ['users', 'create', '--email', 'a@example.com']],
    [
      'a password that is and is not there',
      ['users', 'create', '--email', 'a@example.com', '--password-stdin', '--no-password'],
    ],
  ] as const) {
    test(`exits with 2 and a message on standard error for ${why}`, async () => {
      const { code, stdout, stderr } = await runCli(args);
      assert.equal(code, 2);
      assert.equal(stdout, '');
      assert.notEqual(stderr, '');
    });
  }

  test('exits with 1 and one line when the command is refused', async (t) => {
    const { cardea } = await setUpCli(t);
    for (const args of [
      ['users', 'show', 'nobody'],
      ['clients', 'show', 'none'],
      ['clients', 'delete', 'none'],
      ['clients', 'rotate-secret', 'none'],
      ['clients', 'create', '--name', 'N', '--redirect-uri', 'javascript:alert(1)'],
      ['clients', 'create', '--name', 'N', '--jwks-file', '/nonexistent'],
      ['resources', 'delete', 'urn:none'],
      ['passwords', 'blocklist', 'build', '/nonexistent'],
      ['keys', 'revoke', 'none'],
      ['keys', 'rotate', '--ring', 'none'],
    ]) {
      const { code, stdout, stderr } = await cardea(args);
      assert.deepEqual([code, stdout], [1, ''], args.join(' '));
      assert.match(stderr, /^cardea: [^\n]+\n$/, args.join(' '));
    }
  });

  test('exits with 1 and one line when settings are wrong or the database does not exist', async () => {
    const down = { CARDEA_DATABASE_URL: 'postgres://cardea:hidden@127.0.0.1:1/cardea' };
    for (const [env, reason] of [
      [{ CARDEA_ISUER: 'x' }, /did you mean CARDEA_ISSUER/],
      [{ NODE_ENV: 'production' }, /CARDEA_DATABASE_URL is required.*CARDEA_MASTER_KEY/],
      [down, /nothing listens at .*: start Postgres there, or correct CARDEA_DATABASE_URL \(ECONNREFUSED\)$/m],
    ] as const) {
      const { code, stderr } = await runCli(['users', 'list'], { env });
      assert.equal(code, 1);
      assert.match(stderr, /^cardea: [^\n]+\n$/);
      assert.match(stderr, reason);
      assert.doesNotMatch(stderr, /hidden/);
    }
  });

  test('accepts that its reader closes the pipe early', async () => {
    const child = startCli(['config', 'check', '--json']);
    child.stdout?.destroy();
    const { code, stderr } = await finished(child);
    assert.deepEqual([code, stderr], [0, '']);
  });
});

describe('the process', () => {
  test('is executable by its path, with an interpreter line', async () => {
    const { stdout } = await promisify(execFile)(join(ROOT, 'server/cli.ts'), ['--version']);
    assert.equal(stdout, '0.1.0\n');
  });

  test('exits with the exit code, and separates the result from the error message', async (t) => {
    const { env } = await setUpCli(t);
    const ran = await spawnCli(['users', 'show', 'nobody'], { env });
    assert.deepEqual([ran.code, ran.stdout], [1, '']);
    assert.match(ran.stderr, /^cardea: [^\n]+\n$/);
  });

  test('reads standard input', async (t) => {
    const { env, cardea } = await setUpCli(t);
    const create = ['users', 'create', '--email', 'ada@example.com', '--password-stdin', '--full', '--json'];
    const ran = await spawnCli(create, { env, input: `${PASSWORD}\n` });
    assert.deepEqual([ran.code, ran.stderr, ran.json.email], [0, '', 'ada@example.com']);
    assert.equal((await cardea(['users', 'show', 'ada@example.com', '--json'])).json.has_password, true);
  });
});

describe('config check', () => {
  test('prints the settings in force, with secrets masked', async (t) => {
    const { cardea, masterKey, url } = await setUpCli(t);
    const { code, json, stdout } = await cardea(['config', 'check', '--json'], { env: { CARDEA_PORT: '4000' } });
    assert.equal(code, 0);
    const port = json.find((one: { name: string }) => one.name === 'CARDEA_PORT');
    assert.deepEqual([port.value, port.source], ['4000', 'environment']);
    for (const secret of [masterKey, url, new URL(url).password]) assert.equal(stdout.includes(secret), false);
    const ofName = new Map(json.map((one: { name: string; value: string }) => [one.name, one.value]));
    for (const name of ['CARDEA_LIMITS', 'CARDEA_REDIS_URL', 'CARDEA_TRUSTED_PROXIES', 'CARDEA_CONFIG_FILE'])
      assert.equal(ofName.get(name), '(none)', name);
    assert.ok(![...ofName.values()].includes(''), 'none is empty');
    const table = await cardea(['config', 'check']);
    assert.match(table.stdout, /^CARDEA_MASTER_KEY +\*{8} +environment/m);
  });

  test('prints the limits in force, and names the nearest for one that does not exist', async (t) => {
    const { cardea } = await setUpCli(t);
    const env = { CARDEA_LIMITS: 'token.client=7/10s,writes.address=3MB/h', CARDEA_RATE_LIMIT: '2' };
    const { json } = await cardea(['config', 'check', '--json'], { env });
    const of = (name: string) => {
      const { value, source } = json.find((one: { name: string }) => one.name === name);
      return [value, source];
    };
    assert.deepEqual(of('token.client'), ['7/10s', 'CARDEA_LIMITS']);
    assert.deepEqual(of('writes.address'), ['3MB/h', 'CARDEA_LIMITS']);
    assert.deepEqual(of('forms.address'), ['20/m', 'default']);
    assert.deepEqual(of('user-codes.session'), ['2/m', 'default']);
    const refused = await cardea(['config', 'check'], { env: { CARDEA_LIMITS: 'tokn.client=7/m' } });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /CARDEA_LIMITS must .*tokn\.client.*token\.client/);
  });
});

describe('the embedded database', () => {
  function folder(t: Parameters<typeof defer>[0]): string {
    const made = mkdtempSync(join(tmpdir(), 'cardea-test-cli-'));
    chmodSync(made, 0o711); // as root, Postgres runs as another user, who has to get through
    defer(t, () => rmSync(made, { recursive: true, force: true }));
    return made;
  }

  test('is started, migrated, used and stopped by a single command, and keeps its data for the next one', async (t) => {
    const env = { CARDEA_DATA_DIR: folder(t) };
    const created = await runCli(['users', 'create', '--email', 'ada@example.com', '--no-password', '--json'], { env });
    assert.equal(created.code, 0, created.stderr);
    assert.equal(existsSync(join(env.CARDEA_DATA_DIR, 'postgres', 'postmaster.pid')), false);
    // two at once share it, and the last one stops it
    const both = await Promise.all([1, 2].map(() => runCli(['users', 'list', '--json'], { env })));
    for (const one of both) assert.equal(one.json[0].id, created.json.id);
    assert.equal(existsSync(join(env.CARDEA_DATA_DIR, 'postgres', 'postmaster.pid')), false);
    assert.equal(statSync(join(env.CARDEA_DATA_DIR, 'master.key')).mode & 0o777, 0o600);
  });

  test('is stopped when the command is interrupted', async (t) => {
    const dataDir = folder(t);
    copyCluster(await clusterTemplate(), dataDir);
    const child = startCli(['users', 'list'], { CARDEA_DATA_DIR: dataDir });
    const end = finished(child);
    const pidFile = join(dataDir, 'postgres', 'postmaster.pid');
    await until('Postgres starts', () => existsSync(pidFile), { everyMs: 5 });
    child.kill('SIGINT');
    assert.equal((await end).code, 130);
    assert.equal(existsSync(pidFile), false);
  });
});
