import assert from 'node:assert/strict';
import { pbkdf2Sync, randomBytes, scryptSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { hashSync } from '@node-rs/argon2';
import bcrypt from '@node-rs/bcrypt';
import { begin, shown, submitPassword } from '../flows/support.ts';
import { browserSession } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { authorize } from '../helpers/relying_party.ts';
import type { Scope } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';
import { until } from '../helpers/waiting.ts';
import { finished, setUpCli, startCli } from './run_cli.ts';

const PASSWORD = remember('password', 'Kestrel-Fjord-7');
const salt = randomBytes(16);
const b64 = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');

const SCRYPT = { N: 1_024, r: 8, p: 1 };
/** One hash of each kind, since making thousands would take longer than importing them. */
const KINDS: Readonly<Record<string, string>> = {
  bcrypt: bcrypt.hashSync(PASSWORD, 4),
  pbkdf2: `$pbkdf2-sha256$i=1000$${b64(salt)}$${b64(pbkdf2Sync(PASSWORD, salt, 1_000, 32, 'sha256'))}`,
  pbkdf2_sha512: `$pbkdf2-sha512$i=1000$${b64(salt)}$${b64(pbkdf2Sync(PASSWORD, salt, 1_000, 64, 'sha512'))}`,
  scrypt: `$scrypt$ln=10,r=8,p=1$${b64(salt)}$${b64(scryptSync(PASSWORD, salt, 32, SCRYPT))}`,
  argon2i: hashSync(PASSWORD, { algorithm: 1, memoryCost: 256, timeCost: 3, parallelism: 2 }),
  argon2id: hashSync(PASSWORD, { algorithm: 2, memoryCost: 256, timeCost: 2, parallelism: 1 }),
};
const FIREBASE_USER = {
  localId: 'x',
  email: 'firebase@example.com',
  emailVerified: true,
  passwordHash: 'lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==',
  salt: '42xEC+ixf3L2lw==',
};
const FIREBASE_CONFIG =
  'hash_config {\n  algorithm: SCRYPT,\n  base64_signer_key: jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==,\n  base64_salt_separator: Bw==,\n  rounds: 8,\n  mem_cost: 14,\n}\n';
const FIREBASE_PASSWORD = remember('password', 'user1password');

/** Three batches. */
const MANY = 1_500;

const person = (i: number) => {
  const kinds = Object.entries(KINDS);
  const [kind, password_hash] = kinds[i % kinds.length] ?? ['', ''];
  return { email: `${kind}-${i}@example.com`, email_verified: true, name: `Person ${i}`, password_hash };
};

async function setUp(scope: Scope) {
  const cli = await setUpCli(scope);
  const write = (name: string, text: string) => {
    const file = join(cli.folder, name);
    writeFileSync(file, text);
    return file;
  };
  const count = async () =>
    Number((await cli.db.run({ name: '', text: 'SELECT count(*) AS n FROM accounts' }, []))[0]?.n);
  return { ...cli, write, count };
}

/** For the files that each bring one person. */
const shared = await setUp({ after });

describe('users import', () => {
  test('imports people in batches, with hashes of all kinds, and reports progress and each bad line', async (t) => {
    const { cardea, write, count } = await setUp(t);
    const people = Array.from({ length: MANY }, (_, i) => JSON.stringify(person(i)));
    people.splice(1_000, 0, 'garbage', '{"email":"bad"}', '');
    people.push(JSON.stringify({ email: 'late@example.com', password_hash: 'md5' }));
    const file = write('people.jsonl', `${people.join('\n')}\n`);
    const ran = await cardea(['users', 'import', file, '--json']);
    assert.equal(ran.code, 1);
    const { imported, skipped, rejected } = JSON.parse(ran.stdout);
    assert.deepEqual([imported, skipped], [MANY, 0]);
    assert.deepEqual(
      rejected.map(({ line }: { line: number }) => line),
      [1_001, 1_002, MANY + 4],
    );
    assert.match(ran.stderr, /^line 1001: is not JSON$/m);
    assert.match(ran.stderr, new RegExp(`^line ${MANY + 4}: password_hash: `, 'm'));
    assert.ok((ran.stderr.match(/^\d+ read: /gm) ?? []).length >= 2);
    assert.match(ran.stderr, /cardea: 3 were rejected\n$/);
    assert.equal(await count(), MANY);

    const again = await cardea(['users', 'import', file, '--json']);
    assert.deepEqual(
      [JSON.parse(again.stdout).imported, JSON.parse(again.stdout).skipped, await count()],
      [0, MANY, MANY],
    );
  });

  test('an import that was killed can be run again, and then everybody is there once', async (t) => {
    const { cardea, env, write, count, db } = await setUp(t);
    const total = 4_000;
    const file = write('p', Array.from({ length: total }, (_, i) => JSON.stringify(person(i))).join('\n'));
    const child = startCli(['users', 'import', file], env);
    const ended = finished(child);
    await until('some are there', async () => (await count()) > 0);
    child.kill('SIGKILL');
    await ended;
    const before = await count();
    assert.ok(before > 0 && before < total, `${before} people were imported before it was killed`);
    const ran = await cardea(['users', 'import', file, '--json']);
    assert.deepEqual(ran.json, { imported: total - before, skipped: before, dry_run: false, rejected: [], notes: [] });
    assert.equal(await count(), total);
    const [{ n = 0 } = {}] = await db.run({ name: '', text: 'SELECT count(*)::int AS n FROM account_identifiers' }, []);
    assert.equal(n, total);
  });

  describe('of a file', () => {
    test('as a dry run writes nothing', async () => {
      const { cardea, write, count } = shared;
      const before = await count();
      const file = write('p', `${JSON.stringify(person(100))}\n${JSON.stringify(person(101))}`);
      const ran = await cardea(['users', 'import', file, '--dry-run', '--json']);
      assert.deepEqual([ran.code, ran.json.imported, ran.json.dry_run, await count()], [0, 2, true, before]);
    });

    const formats: Readonly<Record<string, (one: object) => string>> = {
      'a bad first line': (one) => `{oops\n${JSON.stringify(one)}\n`,
      'a byte order mark and the line ends of Windows': (one) => `\ufeff${JSON.stringify(one)}\r\n`,
      'a list of people': (one) => JSON.stringify([one]),
      'an export over many lines': (one) => JSON.stringify({ users: [one] }, null, 2),
      'an export with one person a line': (one) => `{"users": [\n${JSON.stringify(one)}\n]}`,
      'an export with one person a line, which begins with something else': (one) =>
        `{"realm": "main", "users": [\n${JSON.stringify(one)}\n]}`,
      'an export on one line': (one) => JSON.stringify({ realm: 'main', users: [one] }),
    };
    for (const [i, [what, format]] of Object.entries(formats).entries()) {
      test(`with ${what} reads it`, async () => {
        const { cardea, write, count } = shared;
        const before = await count();
        await cardea(['users', 'import', write('p', format(person(i)))]);
        assert.equal(await count(), before + 1);
        assert.equal((await cardea(['users', 'show', person(i).email])).code, 0);
      });
    }

    test('that it cannot read at all is refused in one line', async () => {
      const { cardea, folder, write } = shared;
      const firebase = write('f.json', JSON.stringify({ users: [FIREBASE_USER] }));
      for (const [args, code] of [
        [[join(folder, 'missing')], 1],
        [[folder], 1],
        [[write('empty', '')], 1],
        [[write('number', '17')], 1],
        [[write('no.json', '{\n  "realm": "x"\n}')], 1],
        [[firebase], 2],
        [[firebase, '--firebase-config', write('c', 'rounds: 8')], 1],
        [[firebase, '--format', 'ldap'], 2],
      ] as const) {
        const ran = await cardea(['users', 'import', ...args]);
        assert.equal(ran.code, code, ran.stderr);
        assert.match(ran.stderr.split('\n')[0] ?? '', /^cardea: \S/);
        assert.doesNotMatch(ran.stderr, /\n {4}at /);
      }
    });
  });
});

test('people with each kind of hash sign in with their password, and the hash is renewed', async () => {
  const scope = { after };
  const { cardea, folder, url, masterKey, db } = await setUpCli(scope);
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const keycloak = {
    username: 'kc',
    email: 'keycloak@example.com',
    enabled: true,
    requiredActions: ['VERIFY_EMAIL'],
    credentials: [
      {
        type: 'password',
        secretData: JSON.stringify({
          value: pbkdf2Sync(PASSWORD, salt, 1_000, 64, 'sha256').toString('base64'),
          salt: salt.toString('base64'),
        }),
        credentialData: JSON.stringify({ hashIterations: 1_000, algorithm: 'pbkdf2-sha256' }),
      },
    ],
  };
  const mustUpdate = {
    ...keycloak,
    username: 'update',
    email: 'update@example.com',
    requiredActions: ['UPDATE_PASSWORD'],
  };
  const auth0 = { _id: { $oid: 'x' }, email: 'auth0@example.com', email_verified: true, passwordHash: KINDS.bcrypt };
  const people = Object.entries(KINDS).map(([kind, password_hash]) => ({
    email: `${kind}@example.com`,
    password_hash,
  }));
  for (const args of [
    [write('own', people.map((one) => JSON.stringify(one)).join('\n'))],
    [write('keycloak', JSON.stringify({ realm: 'main', users: [keycloak, mustUpdate] }, null, 2))],
    [write('auth0', `${JSON.stringify(auth0)}\n`)],
    [write('firebase', JSON.stringify({ users: [FIREBASE_USER] })), '--firebase-config', write('fc', FIREBASE_CONFIG)],
  ]) {
    const ran = await cardea(['users', 'import', ...args]);
    assert.equal(ran.code, 0, ran.stderr);
  }
  const app = await deployment(scope, { databaseUrl: url, masterKey });
  const renewed = /^\$argon2id\$v=19\$m=64,t=1,p=1\$/;
  const party = await app.seed.party();
  const hashOf = async (email: string) => (await app.seed.accounts.resolve(email)).passwordHash ?? '';
  const all = [
    ...people.map(({ email }) => email),
    'keycloak@example.com',
    'auth0@example.com',
    'firebase@example.com',
  ];
  for (const email of all) {
    const password = email.startsWith('firebase') ? FIREBASE_PASSWORD : PASSWORD;
    assert.doesNotMatch(await hashOf(email), renewed);
    const signIn = (given: string) =>
      authorize({
        issuer: app.issuer,
        party,
        person: { id: '', email, password: given },
        browser: browserSession(app.issuer),
      });
    await assert.rejects(signIn(`${password}x`), email);
    assert.doesNotMatch(await hashOf(email), renewed, 'a wrong password renews no hash');
    assert.ok((await signIn(password)).code, email);
    assert.match(await hashOf(email), renewed, email);
    assert.ok((await signIn(password)).code, `${email}, with the new hash`);
    assert.notEqual(
      (await app.seed.accounts.resolve(email)).passwordSetAt,
      null,
      'the age of the password counts from now on',
    );
  }
  // Renewed at each sign-in, until the password has been changed.
  for (const _ of ['first', 'second']) {
    const { browser, page } = await begin(app, party);
    const person = { id: '', email: mustUpdate.email, password: PASSWORD };
    assert.equal(shown(await submitPassword(browser, page, person)), 'new-password', 'UPDATE_PASSWORD');
  }
  const [{ n = 0 } = {}] = await db.run({ name: '', text: 'SELECT count(*)::int AS n FROM password_history' }, []);
  assert.equal(n, 0, 'the same password in another hash format does not count as an earlier password');
});
