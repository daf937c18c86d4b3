import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { describe, test } from 'node:test';
import { createPasswords } from '../../server/accounts/passwords.ts';
import type { Db } from '../../server/platform/db.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { track } from '../helpers/children.ts';
import { remember } from '../helpers/secrets.ts';
import { until } from '../helpers/waiting.ts';
import { finished, setUpCli } from './run_cli.ts';

const PASSWORD = remember('password', 'Correct horse battery staple 9');
const ADA = ['users', 'create', '--email', 'Ada@example.com', '--username', 'ada', '--name', 'Ada Lovelace'];

const query = (db: Db, text: string, values: readonly unknown[] = []) => db.run({ name: '', text }, values);

async function storedHash(db: Db): Promise<string> {
  const [row] = await query(db, 'SELECT password_hash FROM accounts');
  return String(row?.password_hash);
}

async function verifies(hash: string, password: string): Promise<boolean> {
  const passwords = createPasswords({ threads: 1 });
  try {
    return await passwords.verify(hash, password);
  } finally {
    await passwords.close();
  }
}

describe('users create', () => {
  test('reads the password from one line of standard input, and prints the person', async (t) => {
    const { cardea, db } = await setUpCli(t);
    const more = ['--given-name', 'Ada', '--family-name', 'Lovelace', '--email-verified'];
    const made = await cardea([...ADA, ...more, '--password-stdin', '--json'], { input: `${PASSWORD}\nnot this\n` });
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
      second_factors: [],
      groups: [],
      roles: [],
      disabled: false,
    });
    assert.equal((made.stdout + made.stderr).includes(PASSWORD), false);
    assert.equal(await verifies(await storedHash(db), PASSWORD), true);
  });

  for (const [what, input, password] of [
    ['without a line end', 'Kästrel-Fjord-7', 'Kästrel-Fjord-7'],
    ['with the line end of Windows', 'Correct horse 7\r\n', 'Correct horse 7'],
    ['with leading and trailing spaces', '  Correct horse 7 \n', '  Correct horse 7 '],
  ] as const) {
    test(`accepts a password ${what} unchanged`, async (t) => {
      const { cardea, db } = await setUpCli(t);
      assert.equal((await cardea([...ADA, '--password-stdin'], { input })).code, 0);
      assert.equal(await verifies(await storedHash(db), password), true);
    });
  }

  for (const [why, input] of [
    ['empty', ''],
    ['short', 'short\n'],
    ['long', 'a'.repeat(257)],
    ['endless', 'a'.repeat(1_000_000)],
    ['common', 'Password1234!\n'],
    ['personal', 'My-Lovelace-1815\n'],
    ['no text', Buffer.from([0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0xfa, 0xf9, 0xf8])],
  ] as const) {
    test(`refuses a password that is ${why}`, async (t) => {
      const { cardea, db } = await setUpCli(t);
      const { code, stderr } = await cardea([...ADA, '--password-stdin'], { input });
      assert.equal(code, 1);
      assert.match(stderr, /^cardea: password: [^\n]+\n$/);
      assert.deepEqual(await query(db, 'SELECT id FROM accounts'), []);
    });
  }

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
    const { cardea, db } = await setUpCli(t);
    const { id } = (await cardea([...ADA, '--no-password', '--json'])).json;
    for (const [n, ref] of [id, 'ada@EXAMPLE.com', 'ADA'].entries()) {
      const password = remember('password', `${PASSWORD}-${n}`);
      assert.equal((await cardea(['users', 'show', ref, '--json'])).json.id, id);
      assert.equal((await cardea(['users', 'disable', ref, '--json'])).json.disabled, true);
      assert.equal((await cardea(['users', 'enable', ref, '--json'])).json.disabled, false);
      const set = await cardea(['users', 'set-password', ref, '--password-stdin', '--json'], { input: password });
      assert.deepEqual([set.code, set.json.has_password], [0, true]);
      assert.equal(await verifies(await storedHash(db), password), true);
    }
    const again = await cardea(['users', 'set-password', 'ada', '--password-stdin'], { input: `${PASSWORD}-1` });
    assert.deepEqual([again.code, again.stderr], [1, 'cardea: password: must differ from the last 5 passwords\n']);
    assert.match((await cardea(['users', 'show', 'ada'])).stdout, /^email +Ada@example\.com$/m);
  });

  test('are listed in columns, in pages, and as JSON', async (t) => {
    const { cardea } = await setUpCli(t);
    assert.deepEqual((await cardea(['users', 'list', '--json'])).json, []);
    const ids: string[] = [];
    for (const name of ['a', 'b', 'c']) {
      const args = ['users', 'create', '--email', `${name}@example.com`, '--no-password', '--json'];
      ids.push((await cardea(args)).json.id);
    }
    const idsOf = (users: { id: string }[]) => users.map(({ id }) => id);
    assert.deepEqual(idsOf((await cardea(['users', 'list', '--json'])).json), ids);
    assert.deepEqual(idsOf((await cardea(['users', 'list', '--limit', '2', '--json'])).json), ids.slice(0, 2));
    const rest = await cardea(['users', 'list', '--after', ids[0] ?? '', '--json']);
    assert.deepEqual(idsOf(rest.json), ids.slice(1));
    const [head = '', row = ''] = (await cardea(['users', 'list'])).stdout.split('\n');
    assert.equal(row.indexOf('a@example.com'), head.indexOf('EMAIL'));
  });

  for (const [what, args] of [
    ['are disabled', ['disable']],
    ['get another password', ['set-password', '--password-stdin']],
  ] as const) {
    test(`people who ${what} lose sessions, grants and tokens at once; other people keep theirs`, async (t) => {
      const { cardea, db } = await setUpCli(t);
      const ids: string[] = [];
      await query(
        db,
        `INSERT INTO clients (id, name, metadata, created_at, updated_at) VALUES ('app', 'App', '{}', now(), now())`,
      );
      for (const name of ['ada', 'eve']) {
        const args = ['users', 'create', '--email', `${name}@example.com`, '--no-password', '--json'];
        const { id } = (await cardea(args)).json;
        ids.push(id);
        const values = [id, name];
        await query(
          db,
          `INSERT INTO sessions (uid, id_hash, account_id, sealed, expires_at) VALUES ($2, $2::text::bytea, $1, '', now())`,
          values,
        );
        await query(
          db,
          `INSERT INTO grants (id, account_id, client_id, sealed, expires_at) VALUES ($2, $1, 'app', '', now())`,
          values,
        );
        for (const grant of ['$2', 'NULL']) {
          await query(
            db,
            `INSERT INTO records (id_hash, model, account_id, grant_id, sealed, expires_at)
           VALUES (($2::text || '${grant}')::bytea, 'AccessToken', $1, ${grant}, '', now())`,
            values,
          );
        }
      }
      const left = async (id = '') => {
        const tables = ['sessions', 'grants', 'records'];
        const counts = tables.map((table) =>
          query(db, `SELECT count(*)::int AS n FROM ${table} WHERE account_id = $1`, [id]),
        );
        return (await Promise.all(counts)).map(([row]) => row?.n);
      };
      assert.deepEqual(await left(ids[0]), [1, 1, 2]);
      assert.equal((await cardea(['users', ...args, 'ada@example.com'], { input: PASSWORD })).code, 0);
      assert.deepEqual(await left(ids[0]), [0, 0, 0]);
      assert.deepEqual(await left(ids[1]), [1, 1, 2]);
      const events = await query(db, 'SELECT kind FROM security_events WHERE account_id = $1', [ids[0]]);
      const isTold = args[0] === 'set-password';
      assert.deepEqual(events, isTold ? [{ kind: 'password_changed' }] : []);
      assert.equal((await query(db, 'SELECT 1 FROM mails')).length, isTold ? 1 : 0);
    });
  }
});

const hasScript = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0;

describe('the password prompt', { skip: !hasScript && 'needs script(1) of util-linux for a terminal' }, () => {
  /** Types each answer when its prompt appears. */
  async function type(env: Readonly<Record<string, string>>, answers: readonly string[]) {
    const command = `${process.execPath} server/cli.ts ${ADA.map((arg) => `'${arg}'`).join(' ')} --json`;
    const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, HOME: homedir(), SHELL: '/bin/sh', ...env },
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
    const { env, db } = await setUpCli(t);
    const { code, screen } = await type(env, ['wrong\u0015Correct horse 77\u007f\u001b[D\r', 'Correct horse 7\r']);
    assert.equal(code, 0, screen);
    assert.equal(screen.includes('orrect'), false);
    assert.match(screen, /"has_password": true/);
    assert.equal(await verifies(await storedHash(db), 'Correct horse 7'), true);
  });

  test('refuses two passwords that differ', async (t) => {
    const { env, db } = await setUpCli(t);
    const { code, screen } = await type(env, ['correct horse\r', 'correct hoarse\r']);
    assert.equal(code, 1);
    assert.match(screen, /cardea: the two passwords differ/);
    assert.deepEqual(await query(db, 'SELECT id FROM accounts'), []);
  });

  test('ends on Ctrl-C', async (t) => {
    const { env } = await setUpCli(t);
    assert.equal((await type(env, ['corr\u0003'])).code, 130);
  });
});
