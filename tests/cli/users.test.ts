import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { PassThrough, Readable } from 'node:stream';
import { after, describe, test } from 'node:test';
import { verify } from '@node-rs/argon2';
import { createInput } from '../../server/cli/input.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { track } from '../helpers/children.ts';
import { createSeeder } from '../helpers/deployment.ts';
import { inherited } from '../helpers/processes.ts';
import { remember } from '../helpers/secrets.ts';
import { until } from '../helpers/waiting.ts';
import { finished, setUpCli } from './run_cli.ts';

const PASSWORD = remember('password', 'Correct horse battery staple 9');
const ADA = ['users', 'create', '--email', 'Ada@example.com', '--username', 'ada', '--name', 'Ada Lovelace'];

type Cli = Awaited<ReturnType<typeof setUpCli>>;

/** Whether a person has this password. */
async function hasPassword({ db, masterKey }: Cli, email: string, password: string): Promise<boolean> {
  const { accounts } = await createSeeder(db, masterKey);
  return verify((await accounts.resolve(email)).passwordHash ?? '', password);
}

async function count({ cardea }: Cli): Promise<number> {
  return (await cardea(['users', 'list', '--json'])).json.length;
}

/** Without people. */
const empty = await setUpCli({ after });

describe('users create', () => {
  test('reads the password from one line of standard input, and prints the person', async (t) => {
    const cli = await setUpCli(t);
    const { cardea } = cli;
    const more = ['--given-name', 'Ada', '--family-name', 'Lovelace', '--email-verified'];
    const made = await cardea([...ADA, ...more, '--password-stdin', '--full', '--json'], {
      input: `${PASSWORD}\nnot this\n`,
    });
    assert.deepEqual([made.code, made.stderr], [0, '']);
    const { id, created_at, updated_at, ...rest } = made.json;
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    assert.ok(Date.parse(created_at) && updated_at === created_at);
    assert.deepEqual(rest, {
      username: 'ada',
      email: 'Ada@example.com',
      email_verified: true,
      name: 'Ada Lovelace',
      given_name: 'Ada',
      family_name: 'Lovelace',
      has_password: true,
      password_temporary: true,
      second_factors: [],
      groups: [],
      roles: [],
      disabled: false,
      version: 1,
    });
    assert.equal((made.stdout + made.stderr).includes(PASSWORD), false);
    assert.equal(await hasPassword(cli, 'ada@example.com', PASSWORD), true);
  });

  for (const [input, password] of [
    ['Kästrel-Fjord-7', 'Kästrel-Fjord-7'],
    ['Correct horse 7\r\n', 'Correct horse 7'],
    ['  Correct horse 7 \n', '  Correct horse 7 '],
  ] as const) {
    test(`accepts ${JSON.stringify(input)} unchanged but for the end of the line`, async () => {
      const stdin = Readable.from([Buffer.from(input)]);
      const read = await createInput({ stdin, stderr: new PassThrough() }).readNewPassword({ passwordStdin: true });
      assert.equal(read, password);
    });
  }

  describe('refuses a password', () => {
    for (const [why, input] of [
      ['empty', ''],
      ['short', 'short\n'],
      ['long', 'a'.repeat(257)],
      ['endless', 'a'.repeat(1_000_000)],
      ['personal', 'My-Lovelace-1815\n'],
      ['no text', Buffer.from([0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0xfa, 0xf9, 0xf8])],
    ] as const) {
      test(`that is ${why}`, async () => {
        const { code, stderr } = await empty.cardea([...ADA, '--password-stdin'], { input });
        assert.equal(code, 1);
        assert.match(stderr, /^cardea: password: [^\n]+\n$/);
        assert.equal(await count(empty), 0);
      });
    }
  });

  test('creates people without a password', async (t) => {
    const { cardea } = await setUpCli(t);
    assert.equal((await cardea([...ADA, '--no-password', '--json'])).json.has_password, false);
  });

  test('refuses an identifier that is already in use', async (t) => {
    const { cardea } = await setUpCli(t);
    await cardea([...ADA, '--no-password']);
    const { code, stderr } = await cardea(['users', 'create', '--email', 'ADA@EXAMPLE.COM', '--no-password']);
    assert.deepEqual([code, stderr], [1, 'cardea: email: somebody has it already\n']);
  });
});

describe('users', () => {
  test('are found by id, e-mail or username in each command', async (t) => {
    const cli = await setUpCli(t);
    const { cardea } = cli;
    const { id } = (await cardea([...ADA, '--no-password', '--json'])).json;
    for (const ref of [id, 'ada@EXAMPLE.com', 'ADA']) {
      assert.equal((await cardea(['users', 'show', ref, '--json'])).json.id, id);
      assert.equal((await cardea(['users', 'disable', ref, '--json'])).json.disabled, true);
      assert.equal((await cardea(['users', 'enable', ref, '--json'])).json.disabled, false);
    }
    const password = remember('password', `${PASSWORD}-1`);
    const set = await cardea(['users', 'set-password', 'ADA', '--password-stdin', '--json'], { input: password });
    assert.deepEqual([set.code, set.json.has_password, set.json.password_temporary], [0, true, true]);
    assert.equal(await hasPassword(cli, 'ada@example.com', password), true);
    const kept = ['users', 'set-password', 'ADA', '--password-stdin', '--keep-password', '--json'];
    assert.equal((await cardea(kept, { input: `${password}-2` })).json.password_temporary, undefined);
    const again = await cardea(['users', 'set-password', 'ada', '--password-stdin'], { input: password });
    assert.deepEqual([again.code, again.stderr], [1, 'cardea: password: must differ from the last 5 passwords\n']);
    assert.match((await cardea(['users', 'show', 'ada'])).stdout, /^email +A•••@e•••\.com$/m);
    assert.match((await cardea(['users', 'show', 'ada', '--full'])).stdout, /^email +Ada@example\.com$/m);
  });

  test('are listed in columns, in pages, and as JSON', async (t) => {
    const { cardea } = await setUpCli(t);
    assert.deepEqual((await cardea(['users', 'list', '--json'])).json, []);
    const ids: string[] = [];
    for (const name of ['a', 'b', 'c']) {
      const args = ['users', 'create', '--email', `${name}@example.com`, '--no-password', '--json'];
      ids.unshift((await cardea(args)).json.id);
    }
    const idsOf = (users: { id: string }[]) => users.map(({ id }) => id);
    assert.deepEqual(idsOf((await cardea(['users', 'list', '--json'])).json), ids);
    assert.deepEqual(idsOf((await cardea(['users', 'list', '--limit', '2', '--json'])).json), ids.slice(0, 2));
    const found = await cardea(['users', 'list', '--filter', 'email eq "b@example.com"', '--json']);
    assert.deepEqual(idsOf(found.json), ids.slice(1, 2));
    const begins = await cardea(['users', 'list', '--search', 'c@', '--json']);
    assert.deepEqual(idsOf(begins.json), ids.slice(0, 1));
    const oldest = await cardea(['users', 'list', '--sort', 'created_at', '--json']);
    assert.deepEqual(idsOf(oldest.json), ids.toReversed());
    const [head = '', row = ''] = (await cardea(['users', 'list'])).stdout.split('\n');
    assert.equal(row.indexOf('c•••@e•••.com'), head.indexOf('EMAIL'));
  });
});

const hasScript = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0;

describe('the password prompt', { skip: !hasScript && 'needs script(1) of util-linux for a terminal' }, () => {
  /** Types each answer when its prompt appears. */
  async function type(env: Readonly<Record<string, string>>, answers: readonly string[]) {
    const command = `${process.execPath} server/cli.ts ${ADA.map((arg) => `'${arg}'`).join(' ')} --json`;
    const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
      cwd: ROOT,
      env: { ...inherited(), SHELL: '/bin/sh', ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      timeout: 60_000,
    });
    track(child);
    let screen = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      screen += chunk;
    });
    const end = finished(child);
    for (const [i, answer] of answers.entries()) {
      const prompt = i === 0 ? 'Password: ' : 'Once more: ';
      await until(prompt, () => screen.includes(prompt));
      child.stdin.write(answer);
    }
    const { code } = await end;
    return { code, screen };
  }

  test('hides the input, asks twice, and handles corrections', async (t) => {
    const cli = await setUpCli(t);
    const { code, screen } = await type(cli.env, ['wrong\u0015Correct horse 77\u007f\u001b[D\r', 'Correct horse 7\r']);
    assert.equal(code, 0, screen);
    assert.equal(screen.includes('orrect'), false);
    assert.match(screen, /"has_password": true/);
    assert.equal(await hasPassword(cli, 'ada@example.com', 'Correct horse 7'), true);
  });

  test('refuses two passwords that differ', async (t) => {
    const cli = await setUpCli(t);
    const { code, screen } = await type(cli.env, ['correct horse\r', 'correct hoarse\r']);
    assert.equal(code, 1);
    assert.match(screen, /cardea: the two passwords differ/);
    assert.equal(await count(cli), 0);
  });

  test('ends on Ctrl-C', async (t) => {
    const { env } = await setUpCli(t);
    assert.equal((await type(env, ['corr\u0003'])).code, 130);
  });
});
