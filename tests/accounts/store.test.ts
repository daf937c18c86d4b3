import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, describe, test } from 'node:test';
import type { Account } from '../../server/accounts/account.ts';
import { createAccounts } from '../../server/accounts/store.ts';
import type { Db } from '../../server/platform/db.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { loadServerSecret } from '../../server/platform/server_secrets.ts';
import { deleteAccounts } from '../helpers/account_changes.ts';
import { database } from '../helpers/postgres.ts';
import { dumpDatabase, formsOf } from '../helpers/secrets.ts';

const START = Date.UTC(2026, 0, 1);
const query = (db: Db, text: string, values: readonly unknown[] = []) => db.run({ name: '', text }, values);

const statements: string[] = [];
const { url, db } = await database({ after }, { onStatement: (text) => statements.push(text) });
const sealer = createSealer([randomBytes(32)]);
const indexKey = await loadServerSecret(db, sealer, 'account-index', () => START);

/** Without accounts; a database for each test would take longer than the test. */
async function setUp() {
  await deleteAccounts(db);
  const clock = { ms: START };
  const now = () => clock.ms;
  return { clock, now, accounts: createAccounts({ db, sealer, indexKey, searchKey: randomBytes(32), now }) };
}

const ADA = {
  email: 'Ada.Lovelace@Example.com',
  emailVerified: true,
  username: 'AdaL',
  name: 'Ada Lovelace',
  givenName: 'Ada',
  familyName: 'Lovelace',
  phoneNumber: '+44 20 7946 0000',
  locale: 'en-GB',
  zoneinfo: 'Europe/London',
  address: { locality: 'Marylebone', country: 'England' },
};

describe('accounts', () => {
  test('keep an address that was stored before a rule refused it', async () => {
    const { accounts } = await setUp();
    const email = 'ada..lovelace@xn--zz.example';
    await assert.rejects(accounts.create({ ...ADA, email }), { code: 'invalid_input', field: 'email' });
    const account = Object.assign(await accounts.create(ADA), { email });
    await accounts.update(account, {});
    const found = await accounts.findByIdentifier(email.toUpperCase());
    assert.ok(found);
    await accounts.update(found, { name: 'Ada King', emailVerified: false });
    const { name, ...changed } = (await accounts.findByIdentifier(email)) ?? found;
    assert.deepEqual([name, changed.email], ['Ada King', email]);
    const other = { email: 'ada..king@example.com' };
    await assert.rejects(async () => accounts.update(found, other), { code: 'invalid_input', field: 'email' });
  });

  test('are found by id, e-mail address and username, in every spelling', async () => {
    const { accounts } = await setUp();
    const created = await accounts.create({ ...ADA, passwordHash: 'phc' });
    const expected: Account = {
      ...ADA,
      id: created.id,
      passwordHash: 'phc',
      passwordSetAt: new Date(START),
      disabled: false,
      standing: 'active',
      groups: [],
      roles: [],
      secondFactors: [],
      acceptedTexts: [],
      epoch: 0,
      version: 1,
      createdAt: new Date(START),
      updatedAt: new Date(START),
    };
    assert.deepEqual(created, expected);
    assert.deepEqual(await accounts.findById(created.id), expected);
    for (const ref of [created.id, created.id.toUpperCase(), 'ada.lovelace@EXAMPLE.com', ' adal ', 'ａｄａｌ']) {
      assert.deepEqual(await accounts.resolve(ref), expected, ref);
    }
    assert.deepEqual(await accounts.findByIdentifier('ADAL'), expected);
  });

  test('that do not exist are not found, for any input', async () => {
    const { accounts } = await setUp();
    await accounts.create(ADA);
    for (const ref of ['', 'nobody', 'a@b', '00000000-0000-7000-8000-000000000000', "'; --", 'ada\u0000l', '\ud800']) {
      assert.equal(await accounts.findById(ref), undefined);
      assert.equal(await accounts.findByIdentifier(ref), undefined);
      await assert.rejects(accounts.resolve(ref), { code: 'not_found', status: 404 });
    }
  });

  test('look up in one statement each', async () => {
    const { accounts } = await setUp();
    const { id } = await accounts.create(ADA);
    statements.length = 0;
    await accounts.findById(id);
    await accounts.findByIdentifier('adal');
    assert.equal(statements.length, 2);
  });

  test('share one namespace for e-mail addresses and usernames, and report which was taken', async () => {
    const { accounts } = await setUp();
    await accounts.create(ADA);
    const taken = (field: string) => ({ code: 'identifier_taken', status: 409, field });
    await assert.rejects(accounts.create({ email: 'ADA.lovelace@example.com' }), taken('email'));
    await assert.rejects(accounts.create({ email: 'other@example.com', username: 'ａdal' }), taken('username'));
    // the refused accounts left no rows
    assert.deepEqual(await query(db, 'SELECT count(*)::int AS n FROM accounts'), [{ n: 1 }]);
    await accounts.create({ email: 'other@example.com', username: 'other' });
  });

  test('of parallel registrations of one address one succeeds', async () => {
    const { accounts } = await setUp();
    const spellings = ['eve@example.com', 'EVE@example.com', 'Eve@Example.com', 'ｅve@example.com', ' eve@example.com'];
    const settled = await Promise.allSettled(spellings.map((email) => accounts.create({ email })));
    assert.equal(settled.filter((one) => one.status === 'fulfilled').length, 1);
    for (const one of settled) if (one.status === 'rejected') assert.equal(one.reason.code, 'identifier_taken');
  });

  test('ignore unknown fields', async () => {
    const { accounts } = await setUp();
    const sly = { ...ADA, id: 'mine', disabled: true, isAdmin: true, address: { ...ADA.address, role: 'admin' } };
    const created = await accounts.create(sly);
    const found = await accounts.resolve('adal');
    assert.equal('isAdmin' in found, false);
    assert.equal(found.disabled, false);
    assert.notEqual(created.id, 'mine');
    assert.deepEqual(found.address, ADA.address);
  });

  test('refuse invalid claims with the field', async () => {
    const { accounts } = await setUp();
    for (const [field, input] of [
      ['email', { email: 'nonsense' }],
      ['username', { username: 'a@b' }],
      ['name', { name: '' }],
      ['given_name', { givenName: 'A\u001b[2J' }],
      ['website', { website: 'javascript:alert(1)' }],
      ['picture', { picture: 'data:image/png;base64,AA==' }],
      ['birthdate', { birthdate: 'yesterday' }],
      ['zoneinfo', { zoneinfo: '../etc/passwd' }],
      ['locale', { locale: 'en GB' }],
      ['phone_number', { phoneNumber: 'call me' }],
      ['address.locality', { address: { locality: '\u0007' } }],
    ] as const) {
      await assert.rejects(accounts.create({ ...ADA, ...input }), { code: 'invalid_input', status: 400, field });
    }
  });

  test('change password and state without changing updated_at, which is a claim about the profile', async () => {
    const { accounts, clock } = await setUp();
    const { id } = await accounts.create(ADA);
    clock.ms += 60_000;
    await db.transact(accounts.passwordStatements({ id, epoch: 0 }, 'new'));
    await db.query(accounts.plans.disabling(id));
    const changed = await accounts.resolve(id);
    assert.equal(changed.passwordHash, 'new');
    assert.equal(changed.disabled, true);
    assert.deepEqual(changed.updatedAt, new Date(START));
    await db.query(accounts.plans.enabling(id));
    assert.deepEqual(await accounts.resolve(id), { ...changed, disabled: false, standing: 'active', version: 4 });
  });
});

describe('accounts at rest', () => {
  test('have no personal data in clear in the database', async () => {
    const { accounts } = await setUp();
    await accounts.create({ ...ADA, passwordHash: null });
    const dump = (await dumpDatabase(url)).toLowerCase();
    assert.ok(dump.includes('account_identifiers'), 'the dump has the rows');
    for (const value of [ADA.email, 'ada.lovelace', ADA.username, ADA.name, ADA.phoneNumber, 'Marylebone']) {
      for (const form of formsOf(value)) assert.equal(dump.includes(form.toLowerCase()), false, value);
    }
  });

  test('have their own keys, so the same profile is sealed to different bytes', async () => {
    const { accounts } = await setUp();
    await accounts.create({ email: 'a@example.com', name: 'Same' });
    await accounts.create({ email: 'b@example.com', name: 'Same' });
    const rows = await query(db, 'SELECT sealed_key, sealed_profile FROM accounts JOIN data_keys ON account_id = id');
    assert.notDeepEqual(rows[0]?.sealed_key, rows[1]?.sealed_key);
    assert.notDeepEqual(rows[0]?.sealed_profile, rows[1]?.sealed_profile);
  });

  test('cannot be opened in another row: key and profile are bound to their account', async () => {
    const { accounts } = await setUp();
    const { id: victim } = await accounts.create(ADA);
    const { id: thief } = await accounts.create({ email: 'eve@example.com' });
    const copy = (table: string, key: string, column: string) =>
      query(
        db,
        `UPDATE ${table} SET ${column} = (SELECT ${column} FROM ${table} WHERE ${key} = $2) WHERE ${key} = $1`,
        [thief, victim],
      );
    const unreadable = { code: 'sealed_value_unreadable' };
    await copy('accounts', 'id', 'sealed_profile');
    await assert.rejects(accounts.findById(thief), unreadable);
    await copy('data_keys', 'account_id', 'sealed_key');
    await assert.rejects(accounts.findById(thief), unreadable);
    assert.equal((await accounts.findById(victim))?.name, ADA.name);
  });

  test('are unreadable without their own key, although all other data is there', async () => {
    const { accounts } = await setUp();
    const { id } = await accounts.create(ADA);
    await accounts.findById(id); // the account was read before, so a cached copy would still work
    await query(db, 'UPDATE data_keys SET sealed_key = $2 WHERE account_id = $1', [id, randomBytes(61)]);
    await assert.rejects(accounts.findById(id), { code: 'sealed_value_unreadable' });
  });

  test('cannot be opened with another master key', async () => {
    const { now, accounts } = await setUp();
    const { id } = await accounts.create(ADA);
    const stranger = createAccounts({
      db,
      sealer: createSealer([randomBytes(32)]),
      indexKey,
      searchKey: randomBytes(32),
      now,
    });
    await assert.rejects(stranger.findById(id), { code: 'sealed_value_unreadable' });
  });
});

describe('fromRow', () => {
  test('opens the account of a joined row, and nothing when there is none', async () => {
    const { accounts } = await setUp();
    const { id } = await accounts.create(ADA);
    const join = (ref: string) =>
      query(
        db,
        `SELECT r.id AS account_id, ${accounts.columns} FROM (SELECT $1::uuid AS id) r LEFT JOIN accounts a ON a.id = r.id`,
        [ref],
      );
    const [found] = await join(id);
    assert.deepEqual(accounts.fromRow(found ?? {}), await accounts.findById(id));
    const [missing] = await join('00000000-0000-7000-8000-000000000000');
    assert.equal(accounts.fromRow(missing ?? {}), undefined);
  });
});

describe('an update', () => {
  test('changes the given fields, keeps the rest, and updates the identifiers', async () => {
    const { accounts, clock } = await setUp();
    const before = await accounts.create(ADA);
    clock.ms += 60_000;
    await accounts.update(before, { email: 'ada@new.example.com', name: 'Ada King', phoneNumber: undefined });
    const found = await accounts.findByIdentifier('ADA@new.example.com');
    const { phoneNumber: _, ...rest } = ADA;
    const expected = { ...rest, email: 'ada@new.example.com', name: 'Ada King', updatedAt: new Date(clock.ms) };
    assert.deepEqual({ ...found, ...expected }, found);
    assert.equal(found && 'phoneNumber' in found, false);
    assert.equal(await accounts.findByIdentifier(ADA.email), undefined);
    assert.equal((await accounts.findByIdentifier('adal'))?.id, before.id);
  });

  test('sets a username, and removes it', async () => {
    const { accounts } = await setUp();
    await accounts.update(await accounts.create({ email: 'b@example.com' }), { username: 'bob' });
    const bob = await accounts.findByIdentifier('bob');
    assert.ok(bob);
    await accounts.update(bob, { username: undefined });
    assert.equal(await accounts.findByIdentifier('bob'), undefined);
    assert.equal((await accounts.findById(bob.id))?.username, undefined);
  });

  test('refuses an identifier that another account has, and changes nothing', async () => {
    const { accounts } = await setUp();
    await accounts.create(ADA);
    const bob = await accounts.create({ email: 'b@example.com' });
    const update = accounts.update(bob, { name: 'Bob', username: 'ADAL' });
    await assert.rejects(update, { code: 'identifier_taken', field: 'username' });
    await assert.rejects(accounts.update(bob, { email: ADA.email }), { code: 'identifier_taken', field: 'email' });
    assert.equal((await accounts.findById(bob.id))?.name, undefined);
  });

  test('of two parallel ones based on the same state one is refused', async () => {
    const { accounts } = await setUp();
    const bob = await accounts.create({ email: 'b@example.com' });
    const noted = { statement: { name: '', text: "UPDATE accounts SET groups = ARRAY['late'] WHERE id = $1" } };
    const both = await Promise.allSettled([
      accounts.update(bob, { email: 'new@example.com' }, [{ ...noted, values: [bob.id] }]),
      accounts.update(bob, { name: 'Bob' }, [{ ...noted, values: [bob.id] }]),
    ]);
    const refused = both.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
    assert.deepEqual(refused, ['changed_meanwhile']);
    const found = await accounts.findById(bob.id);
    assert.ok((found?.email === 'new@example.com') !== (found?.name === 'Bob'));
    assert.equal((await accounts.findByIdentifier(found?.email ?? ''))?.id, bob.id);
    await db.query(accounts.plans.settingGroups(bob.id, []));
    await assert.rejects(accounts.update(bob, { name: 'B' }, [{ ...noted, values: [bob.id] }]), {
      code: 'changed_meanwhile',
    });
    assert.deepEqual((await accounts.findById(bob.id))?.groups, [], 'and the rest of the transaction was rolled back');
  });

  test('ignores fields that are not part of a profile', async () => {
    const { accounts } = await setUp();
    const bob = await accounts.create({ email: 'b@example.com' });
    await accounts.update(bob, { name: 'Bob', groups: ['admins'], roles: ['admin'], epoch: 7 } as { name: string });
    const found = await accounts.findById(bob.id);
    assert.deepEqual([found?.groups, found?.roles, found?.epoch, found?.name], [[], [], 0, 'Bob']);
  });
});

describe('loadServerSecret', () => {
  test('gives all nodes that ask at once the same secret, sealed in the database', async () => {
    const { now } = await setUp();
    await Promise.all(Array.from({ length: 10 }, () => query(db, 'SELECT 1'))); // opens the connections, so that no statement waits for one
    const secrets = await Promise.all(Array.from({ length: 10 }, () => loadServerSecret(db, sealer, 'test', now)));
    assert.equal(new Set(secrets.map((secret) => secret.toString('hex'))).size, 1);
    assert.equal(secrets[0]?.length, 32);
    const dump = await dumpDatabase(url);
    assert.equal(dump.includes(secrets[0]?.toString('hex') ?? ''), false);
    assert.notDeepEqual(await loadServerSecret(db, sealer, 'other', now), secrets[0]);
  });

  test('does not create a new one when the master key is wrong', async () => {
    const { now } = await setUp();
    const stranger = createSealer([randomBytes(32)]);
    await assert.rejects(loadServerSecret(db, stranger, 'account-index', now), { code: 'sealed_value_unreadable' });
  });
});
