import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { createImporter, type Entry, type LineResult } from '../../server/accounts/import.ts';
import { converterFor } from '../../server/accounts/import_formats.ts';
import type { NewAccounts } from '../../server/accounts/new_accounts.ts';
import { createPasswords } from '../../server/accounts/passwords.ts';
import type { ImportedAccount } from '../../server/accounts/profile.ts';
import { createAccounts } from '../../server/accounts/store.ts';
import { createTotp } from '../../server/accounts/totp.ts';
import { personOf } from '../../server/operations/user_lines.ts';
import { carryOut } from '../../server/platform/planned.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { accountChanges, deleteAccounts } from '../helpers/account_changes.ts';
import { database } from '../helpers/postgres.ts';
import { defer } from '../helpers/scope.ts';
import { BCRYPT, keycloak, PBKDF2 } from './exported_users.ts';

const scope = { after };
const { db } = await database(scope);
const passwords = createPasswords({ threads: 1 });
defer(scope, () => passwords.close());

/** Without accounts; a database for each test would take longer than the test. */
async function setUp(options: { dryRun?: boolean } = {}) {
  await deleteAccounts(db);
  const now = () => Date.UTC(2026, 0, 1);
  const accounts = createAccounts({
    db,
    sealer: createSealer([randomBytes(32)]),
    indexKey: randomBytes(32),
    searchKey: randomBytes(32),
    now,
  });
  function open({ dryRun = options.dryRun ?? false } = {}) {
    const store = dryRun ? undefined : async (created: NewAccounts) => void (await carryOut(db, created));
    const importer = createImporter({ accounts, passwords, store });
    const results: LineResult[] = [];
    return {
      async add(entries: readonly Entry[]) {
        results.push(...(await importer.add(entries)));
      },
      get result() {
        const of = (result: LineResult['result']) => results.filter((one) => one.result === result);
        const rejected = results.flatMap(({ result: _, ...one }) => ('reason' in one ? [one] : []));
        return { imported: of('imported').length, skipped: of('skipped').length, rejected };
      },
    };
  }
  const count = async () => Number((await db.run({ name: '', text: 'SELECT count(*) AS n FROM accounts' }, []))[0]?.n);
  return { accounts, open, count };
}

const lines = (...values: readonly unknown[]): Entry[] =>
  values.map((value, i) => ({ line: i + 1, person: read(value, personOf) }));

function read(value: unknown, convert: (value: unknown) => ImportedAccount): ImportedAccount | Error {
  if (value instanceof Error) return value;
  try {
    return convert(value);
  } catch (error) {
    return error as Error;
  }
}

const EARLIER = 'has the e-mail address, username or sub of an earlier one';

describe('an import', () => {
  test('keeps the sub of people, and reports conflicts by line', async () => {
    const { open, accounts } = await setUp();
    const [one, two] = ['3c1b4a0e-0000-4000-8000-000000000001', '3c1b4a0e-0000-4000-8000-000000000002'];
    const first = lines(
      { email: 'ada@example.com', sub: one, groups: ['Büro München', 'Bu\u0308ro Mu\u0308nchen', 'g'.repeat(256)] },
      { email: 'bob@example.com', sub: one },
      { email: 'eve@example.com', sub: 'auth0|eve' },
      { email: 'kim@example.com', sub: 'auth0|eve' },
      { email: 'upper@example.com', sub: 'auth0|EVE' },
      { email: 'long@example.com', sub: 'x'.repeat(256) },
      { email: 'bad@example.com', sub: 'auth0|ü' },
      { email: 'url@example.com', sub: 'https://app.example.com/client.json' },
    );
    const second = lines(
      { email: 'new@example.com', sub: one },
      { email: 'ADA@example.com', sub: one },
      { email: 'ada@example.com', sub: two },
      { email: 'new@example.com', sub: 'auth0|eve' },
      { email: 'eve@example.com', sub: 'auth0|eve' },
      { email: 'eve@example.com', sub: 'auth0|ada' },
      { email: 'eve@example.com', sub: two },
      { email: 'ada@example.com', sub: 'auth0|eve' },
    );
    const reportOf = async (entries: Entry[], dryRun: boolean) => {
      const importer = open({ dryRun });
      await importer.add(entries);
      return importer.result;
    };
    const reasonsOf = ({ rejected }: Awaited<ReturnType<typeof reportOf>>) =>
      rejected.map((one) => [one.line, one.reason]);
    const tried = await reportOf(first, true);
    const done = await reportOf(first, false);
    assert.deepEqual(tried, done);
    assert.deepEqual(reasonsOf(done), [
      [2, EARLIER],
      [4, EARLIER],
      [6, 'sub: must have at most 255 characters'],
      [7, 'sub: must be 1 to 255 visible characters of ASCII'],
      [8, 'sub: must not be a URL, for those are ids of clients'],
    ]);
    const again = await reportOf(second, false);
    const [taken, differs] = [
      'sub: somebody has it already',
      'sub: the account with this e-mail address has another sub',
    ];
    assert.deepEqual(reasonsOf(again), [
      [1, taken],
      [3, differs],
      [4, taken],
      [6, differs],
      [7, differs],
      [8, differs],
    ]);
    assert.deepEqual([again.imported, again.skipped], [0, 2]);

    const ada = await accounts.resolve(one);
    assert.deepEqual([ada.email, ada.subject], ['ada@example.com', undefined]);
    assert.deepEqual(ada.groups, ['Büro München', 'g'.repeat(256)]);
    const eve = await accounts.resolve('auth0|eve');
    assert.deepEqual([eve.email, eve.subject], ['eve@example.com', 'auth0|eve']);
    assert.equal((await accounts.findBySubject('auth0|EVE'))?.email, 'upper@example.com', 'it is compared exactly');
    assert.equal((await accounts.findBySubject(one))?.id, one);
    assert.equal(await accounts.findBySubject(eve.id), undefined, 'each person has one sub');
    await accounts.update(eve, { name: 'Eve' });
    assert.equal((await accounts.resolve(eve.id)).subject, 'auth0|eve');
    const [{ n } = {}] = await db.run({ name: '', text: 'SELECT count(*)::int AS n FROM accounts' }, []);
    assert.equal(n, 3);
  });

  test('in parallel with another one gives a sub to one account', async () => {
    const { open, count } = await setUp();
    const all = Array.from({ length: 4 }, (_, i) => ({ importer: open(), email: `p${i}@example.com` }));
    await Promise.all(all.map(({ importer, email }) => importer.add(lines({ email, sub: 'auth0|eve' }))));
    assert.equal(await count(), 1);
    const rejected = all.flatMap(({ importer }) => importer.result.rejected.map(({ reason }) => reason));
    assert.deepEqual(rejected, Array(3).fill('sub: somebody has it already'));
  });

  test('imports an authenticator app, whose codes are then asked for and accepted', async () => {
    const { accounts } = await setUp();
    const secret = Buffer.from('12345678901234567890');
    const [account] = await accountChanges(db, accounts).createAll([{ email: 'ada@example.com', totpSecret: secret }]);
    assert.ok(account);
    const stored = await accounts.resolve(account.id);
    assert.deepEqual(stored.secondFactors, ['totp']);
    const now = () => 59_000;
    const totp = createTotp({ db, accounts, issuer: 'id.example.com', now });
    assert.equal(await totp.verify(stored, '287082'), true, 'RFC 6238 appendix B, six digits');
    assert.equal(await totp.verify(stored, '287082'), false, 'once');
  });

  test('reports the same in a dry run', async () => {
    const { accounts, open, count } = await setUp();
    await accounts.create({ email: 'old@example.com', username: 'old' });
    const entries = lines(
      { email: 'a@example.com', groups: ['bad, name'] },
      { email: 'b@example.com', groups: ['\u0007'] },
      { email: 'c@example.com', roles: ['no spaces'] },
      { email: 'd@example.com', username: 'OLD' },
      { email: 'e@example.com' },
      { email: 'E@example.com' },
      { email: 'old@example.com' },
      { email: 'f@example.com', groups: Array.from({ length: 201 }, (_, i) => `g${i}`) },
    );
    const tried = open({ dryRun: true });
    await tried.add(entries);
    assert.equal(await count(), 1);
    const done = open();
    await done.add(entries);
    assert.deepEqual(tried.result, done.result);
    assert.deepEqual([done.result.imported, done.result.skipped, done.result.rejected.length], [1, 1, 6]);
    assert.equal(await count(), 2);
  });

  test('reports the same in a dry run, also for duplicates far apart', async () => {
    const { accounts, open } = await setUp();
    await accounts.create({ email: 'old@example.com', username: 'old' });
    const [first, second] = [{ email: 'a@example.com', username: 'a' }, { email: 'old@example.com' }];
    const batches = [
      lines(first, second),
      lines(first, { email: 'b@example.com', username: 'A' }, second, { email: 'c@example.com' }),
    ];
    const reportOf = async (options: { dryRun?: boolean }) => {
      const importer = open(options);
      for (const batch of batches) await importer.add(batch);
      return importer.result;
    };
    const tried = await reportOf({ dryRun: true });
    assert.deepEqual(await reportOf({}), tried);
    assert.deepEqual(tried, {
      imported: 2,
      skipped: 2,
      rejected: [1, 2].map((line) => ({ line, reason: EARLIER, earlier_line: 1 })),
    });
  });

  test('rejects invalid entries by line and reason, quotes nothing of them, and imports the rest', async () => {
    const { open, accounts, count } = await setUp();
    const importer = open();
    await accounts.create({ email: 'old@example.com', username: 'old' });
    const email = 'x@example.com';
    await importer.add(
      lines(
        { email: 'ok@example.com', password_hash: BCRYPT, username: 'ok' },
        new Error('is not JSON'),
        [],
        'text',
        {},
        { email: 'SECRET' },
        { email: 7 },
        { email, password_hash: 'SECRET' },
        { email, password_hash: `$2b$31$${'A'.repeat(53)}` },
        {
          email,
          password_hash:
            '$pepper$00000000$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAA',
        },
        { email, role: 'admin' },
        { email, id: 'mine' },
        { email, email_verified: 'yes' },
        { email, password_hash: BCRYPT, password_set_at: 'yesterday' },
        { email, username: 'a@b' },
        { email, picture: 'javascript:alert(1)' },
        { email: 'OK@example.com' },
        { email, username: 'OLD' },
        { email, username: 'OK' },
        { email, groups: ['staff', 'a, b'] },
        { email: 'Old@example.com', name: 'who is there already' },
        { email: 'last@example.com' },
      ),
    );
    const { imported, skipped, rejected } = importer.result;
    assert.deepEqual([imported, skipped, await count()], [2, 1, 3]);
    const reasons = rejected.map((one) => [one.line, one.reason] as const);
    assert.deepEqual(
      reasons.map(([line]) => line),
      Array.from({ length: 19 }, (_, i) => i + 2),
    );
    const said = JSON.stringify(reasons);
    for (const [line, pattern] of [
      [2, /JSON/],
      [5, /^email: is missing$/],
      [8, /^password_hash: .*form/],
      [9, /^password_hash: .*time/],
      [10, /CARDEA_PASSWORD_PEPPER/],
      [11, /^role: is not known/],
      [12, /^id: is not known/],
      [17, /of an earlier one$/],
      [18, /^username: somebody has it/],
      [19, /of an earlier one$/],
    ] as const) {
      assert.match(String(reasons.find(([at]) => at === line)?.[1]), pattern);
    }
    for (const secret of ['SECRET', 'javascript', 'yesterday', 'OLD', 'x@example'])
      assert.equal(said.includes(secret), false);
  });

  test('that is repeated changes nothing, and skips existing people', async () => {
    const { open, count, accounts } = await setUp();
    const people = lines(...Array.from({ length: 20 }, (_, i) => ({ email: `p${i}@example.com`, username: `p${i}` })));
    await open().add(people);
    const before = await accounts.resolve('p7');
    const again = open();
    await again.add(people);
    assert.deepEqual(again.result, { imported: 0, skipped: 20, rejected: [] });
    assert.equal(await count(), 20);
    assert.deepEqual(await accounts.resolve('p7'), before);
  });

  test('in parallel with another one imports each person once', async () => {
    const { open, count } = await setUp();
    const people = lines(...Array.from({ length: 200 }, (_, i) => ({ email: `p${i}@example.com` })));
    const all = Array.from({ length: 4 }, open);
    await Promise.all(all.map((importer) => importer.add(people)));
    assert.equal(await count(), 200);
    assert.equal(
      all.reduce((sum, { result }) => sum + result.imported, 0),
      200,
    );
  });

  test('in a dry run checks the same and writes nothing', async () => {
    const { open, count } = await setUp({ dryRun: true });
    const importer = open();
    await importer.add(lines({ email: 'a@example.com' }, { email: 'a@example.com' }, {}));
    assert.equal(importer.result.imported, 1);
    assert.equal(importer.result.rejected.length, 2);
    assert.equal(await count(), 0);
  });

  test('keeps age, state and confirmation', async () => {
    const { open, accounts } = await setUp();
    const importer = open();
    const exported = [
      keycloak(...PBKDF2),
      keycloak(...PBKDF2, { id: undefined, email: 'eve@example.com', username: 'eve', enabled: false }),
    ];
    await importer.add(exported.map((value, i) => ({ line: i + 1, person: read(value, converterFor('keycloak')) })));
    assert.deepEqual(importer.result.rejected, []);
    const ada = await accounts.resolve('ada@example.com');
    assert.deepEqual(
      [ada.emailVerified, ada.passwordSetAt, ada.disabled, ada.groups, ada.locale],
      [true, new Date(1_693_888_572_700), false, ['staff', 'staff/admins'], 'de'],
    );
    assert.equal((await accounts.resolve('eve')).disabled, true);
  });
});
