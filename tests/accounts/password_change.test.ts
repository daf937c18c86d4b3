import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import { hashSync } from '@node-rs/argon2';
import bcrypt from '@node-rs/bcrypt';
import { ARGON2 } from '../../server/accounts/argon2.ts';
import { createAttempts, FAILURES } from '../../server/accounts/attempts.ts';
import { createDevices } from '../../server/accounts/devices.ts';
import { createEvents } from '../../server/accounts/events.ts';
import { createMails } from '../../server/accounts/mails.ts';
import type { PasswordChangeRequest } from '../../server/accounts/password_change.ts';
import { createPasswordService, type PasswordSettings } from '../../server/accounts/password_service.ts';
import { createAccounts } from '../../server/accounts/store.ts';
import type { BoundStatement, Db } from '../../server/platform/db.ts';
import { createLog } from '../../server/platform/log.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { loadServerSecret } from '../../server/platform/server_secrets.ts';
import { endSessions } from '../../server/records/overview.ts';
import { database } from '../helpers/postgres.ts';
import { remember } from '../helpers/secrets.ts';

const START = Date.UTC(2026, 0, 1);
const SETTINGS: PasswordSettings = {
  policy: 'complex',
  maxAgeSeconds: undefined,
  blocklist: undefined,
  argon2: ARGON2,
  peppers: [],
  memory: 64,
  queueLimit: undefined,
};
const ADA = { email: 'ada@example.com', name: 'Ada Lovelace', emailVerified: true };

const BY = { by: 'person' } as const;
const BROWSER = { userAgent: 'curl/8', address: '198.51.100.7' };
const passwordNo = (n: number) => remember('password', `Kestrel-Fjord-${n}x`);
const query = (db: Db, text: string, values: readonly unknown[] = []) => db.run({ name: '', text }, values);

async function setUp(t: TestContext) {
  const { db } = await database(t);
  const clock = { ms: START };
  const now = () => clock.ms;
  const sealer = createSealer([randomBytes(32)]);
  const accounts = createAccounts({
    db,
    sealer,
    indexKey: await loadServerSecret(db, sealer, 'account-index', now),
    now,
  });
  const indexKey = await loadServerSecret(db, sealer, 'account-index', now);
  const devices = createDevices({ db, accounts, now });
  const stores = {
    db,
    accounts,
    devices,
    attempts: createAttempts({ db, accounts, indexKey, now }),
    events: createEvents({ db, accounts, now }),
    mails: createMails({ db, sealer, now }),
    endSessions,
  };
  const logLines: string[] = [];
  const log = createLog({ level: 'debug', destination: { write: (line: string) => void logLines.push(line) } });
  const open = async (more: Partial<PasswordSettings> = {}) => {
    const room = await createPasswordService({ ...SETTINGS, ...more }, { ...stores, log, names: [], threads: 1 });
    t.after(() => room.close());
    return room;
  };
  const room = await open();
  const create = async (password = passwordNo(0)) => {
    const { change } = room;
    return accounts.create({ ...ADA, passwordHash: await change.hashFirst(ADA, password) });
  };
  return { db, clock, accounts, devices, attempts: stores.attempts, open, create, logLines, room };
}

describe('a change of password', () => {
  test('is stored with its time, raises the epoch, and adds the old hash to the history', async (t) => {
    const { accounts, db, clock, create, room } = await setUp(t);
    const account = await create();
    clock.ms += 60_000;
    assert.equal(await room.change.set(account, passwordNo(1), BY), 1);
    const changed = await accounts.resolve(account.id);
    assert.deepEqual(
      [changed.epoch, changed.passwordSetAt, changed.updatedAt],
      [1, new Date(clock.ms), account.updatedAt],
    );
    assert.equal(await room.passwords.verify(changed.passwordHash, passwordNo(1)), true);
    assert.equal(await room.passwords.verify(changed.passwordHash, passwordNo(0)), false);
    const history = await query(db, 'SELECT account_id, password_hash FROM password_history');
    assert.deepEqual(history, [{ account_id: account.id, password_hash: account.passwordHash }]);
  });

  test('to one of the last five is refused, and to the sixth accepted; older hashes are removed', async (t) => {
    const { accounts, create, room, db } = await setUp(t);
    const { id } = await create();
    for (let n = 1; n <= 5; n += 1) await room.change.set(await accounts.resolve(id), passwordNo(n), BY);
    assert.equal((await query(db, 'SELECT 1 FROM password_history')).length, 4);
    const account = await accounts.resolve(id);
    for (let n = 1; n <= 5; n += 1) {
      await assert.rejects(room.change.set(account, passwordNo(n), BY), { code: 'password_reused', field: 'password' });
    }
    assert.equal((await accounts.resolve(id)).epoch, 5, 'refused passwords changed nothing');
    await room.change.set(account, passwordNo(0), BY);
  });

  test('is checked with the person’s data, and all broken rules are reported', async (t) => {
    const { create, room } = await setUp(t);
    const account = await create();
    await assert.rejects(room.change.check(account, 'lovelace'), {
      code: 'password_too_short',
      status: 400,
      field: 'password',
      rules: ['too_short', 'no_upper', 'no_digit', 'no_symbol', 'personal'],
    });
    await assert.rejects(room.change.hashFirst(ADA, 'lovelace'), { code: 'password_too_short' });
    await room.change.check(account, passwordNo(7));
  });

  test('commits with the caller’s statements, or not at all', async (t) => {
    const { accounts, create, room, db } = await setUp(t);
    const account = await create();
    const failing: BoundStatement = { statement: { name: '', text: 'SELECT 1 / $1::int' }, values: [0] };
    await assert.rejects(room.change.set(account, passwordNo(1), { by: 'person', also: [failing] }));
    assert.deepEqual(await accounts.resolve(account.id), account);
    assert.deepEqual(await query(db, 'SELECT 1 FROM password_history'), []);
  });

  test('removes links and known browsers, except the one in which it is made; other people keep theirs', async (t) => {
    const { accounts, devices, create, room, db } = await setUp(t);
    const account = await create();
    const other = await accounts.create({ email: 'eve@example.com' });
    const visitor = { userAgent: undefined, address: '198.51.100.7' };
    const [first, second] = [account, account].map((one) => devices.remember(one, { cookie: undefined, visitor }));
    const third = devices.remember(other, { cookie: second?.cookie, visitor });
    await db.transact([first, second, third].flatMap((one) => (one ? [one.bound] : [])));
    const [own = '', foreign = third.cookie] = [first?.cookie];
    for (const { id } of [account, other]) {
      await query(
        db,
        `INSERT INTO links (token_hash, purpose, account_id, sealed, created_at, expires_at)
         VALUES ($2, 'reset_password', $1, '', now(), now())`,
        [id, randomBytes(32)],
      );
    }
    // The statement runs in the transaction that uses the link, before the link is removed.
    const used: BoundStatement = {
      statement: { name: '', text: 'SELECT 1 / count(*) FROM links WHERE account_id = $1' },
      values: [account.id],
    };
    await room.change.set(account, passwordNo(1), { by: 'person', keep: { deviceCookie: own }, also: [used] });
    const isKnown = async (id: string, token: string) => (await devices.isKnown(id, token)).known;
    assert.deepEqual(
      [await isKnown(account.id, own), await isKnown(account.id, foreign), await isKnown(other.id, foreign)],
      [true, false, true],
    );
    assert.deepEqual(await query(db, 'SELECT account_id FROM links'), [{ account_id: other.id }]);
    await room.change.set(await accounts.resolve(account.id), passwordNo(2), BY);
    assert.equal(await isKnown(account.id, own), false, 'no browser was given to keep');
  });

  test('that names the session of another account ends everything of its own account, and nothing of the other', async (t) => {
    const { accounts, create, room, db } = await setUp(t);
    const account = await create();
    const other = await accounts.create({ email: 'eve@example.com' });
    await query(
      db,
      `INSERT INTO clients (id, name, metadata, created_at, updated_at) VALUES ('app', 'App', '{}', now(), now())`,
    );
    for (const [uid, id] of [
      ['own', account.id],
      ['foreign', other.id],
    ]) {
      await query(
        db,
        `INSERT INTO sessions (uid, id_hash, account_id, sealed, expires_at) VALUES ($1, $1::text::bytea, $2, '', now())`,
        [uid, id],
      );
      await query(
        db,
        `INSERT INTO grants (id, account_id, client_id, sealed, expires_at) VALUES ($1, $2, 'app', '', now())`,
        [`grant of ${uid}`, id],
      );
    }
    // Were it a session of this account, it would keep this grant.
    await query(
      db,
      `INSERT INTO session_authorizations (session_uid, client_id, grant_id) VALUES ('foreign', 'app', 'grant of own')`,
    );
    await room.change.set(account, passwordNo(1), { by: 'person', keep: { sessionUid: 'foreign' } });
    assert.deepEqual(await query(db, 'SELECT uid FROM sessions'), [{ uid: 'foreign' }]);
    assert.deepEqual(await query(db, 'SELECT id FROM grants'), [{ id: 'grant of foreign' }]);
  });

  for (const [by, visitor, event] of [
    ['person', BROWSER, 'password_changed'],
    ['reset_link', BROWSER, 'password_reset'],
    ['invitation', BROWSER, 'password_changed'],
    ['operator', undefined, 'password_changed'],
  ] as const satisfies (readonly [PasswordChangeRequest['by'], typeof BROWSER | undefined, string])[]) {
    test(`by ${by}: ends sessions and a lock, and tells the person by an event and a mail`, async (t) => {
      const { accounts, attempts, create, room, db } = await setUp(t);
      const account = await create();
      const guess = () => attempts.reservePasswordGuess({ identifier: account.email, deviceCookie: undefined });
      for (let i = 0; i < FAILURES; i += 1) await attempts.countFailure(await guess());
      assert.equal((await guess()).allowed, false, 'locked');
      for (const uid of ['one', 'other']) {
        await query(
          db,
          `INSERT INTO sessions (uid, id_hash, account_id, sealed, expires_at) VALUES ($1, $1::text::bytea, $2, '', now())`,
          [uid, account.id],
        );
      }
      await room.change.set(account, passwordNo(1), { by, visitor, keep: { sessionUid: 'one' } });
      assert.equal((await guess()).allowed, true);
      assert.deepEqual(await query(db, 'SELECT uid FROM sessions'), [{ uid: 'one' }]);
      assert.deepEqual(await query(db, 'SELECT account_id, kind FROM security_events'), [
        { account_id: account.id, kind: event },
      ]);
      assert.equal((await query(db, 'SELECT 1 FROM mails')).length, 1);
      await room.change.set(await accounts.resolve(account.id), passwordNo(2), { by });
      assert.deepEqual(await query(db, 'SELECT uid FROM sessions'), [], 'no session was given to keep');
    });
  }

  test('that another one has overtaken is refused: of ten in parallel one succeeds', async (t) => {
    const { accounts, create, room, db } = await setUp(t);
    const account = await create();
    const tries = await Promise.allSettled(
      Array.from({ length: 10 }, (_, n) => room.change.set(account, passwordNo(n + 1), BY)),
    );
    const failed = tries.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
    assert.deepEqual(failed, Array(9).fill('credentials_changed'));
    assert.equal((await accounts.resolve(account.id)).epoch, 1);
    assert.equal((await query(db, 'SELECT 1 FROM password_history')).length, 1);
  });

  test('of an unknown account is refused', async (t) => {
    const { create, room, db } = await setUp(t);
    const account = await create();
    await query(db, 'DELETE FROM accounts WHERE id = $1', [account.id]);
    await assert.rejects(room.change.set(account, passwordNo(1), BY), { code: 'not_found' });
  });

  test('keeps no history under nist, where the last five may be used again', async (t) => {
    const { open, create } = await setUp(t);
    const account = await create();
    const { change } = await open({ policy: 'nist' });
    assert.equal(await change.set(account, passwordNo(0), BY), 1);
  });
});

describe('an outdated hash', () => {
  test('is renewed after its password was verified, without ending sessions', async (t) => {
    const { accounts, open, create, db } = await setUp(t);
    const account = await create();
    const { passwords, upgradeIfOutdated } = await open({ argon2: { ...ARGON2, iterations: 3 } });
    assert.equal(passwords.isOutdated(account.passwordHash ?? ''), true);
    await upgradeIfOutdated(account, passwordNo(0));
    const renewed = await accounts.resolve(account.id);
    assert.match(renewed.passwordHash ?? '', /^\$argon2id\$v=19\$m=19456,t=3,p=1\$/);
    assert.deepEqual({ ...renewed, passwordHash: account.passwordHash }, account, 'epoch and age are the same');
    assert.equal(await passwords.verify(renewed.passwordHash, passwordNo(0)), true);
    assert.deepEqual(await query(db, 'SELECT 1 FROM password_history'), []);
    await upgradeIfOutdated(renewed, passwordNo(0));
    assert.deepEqual(await accounts.resolve(account.id), renewed, 'and stays the same');
  });

  test('of a password in another Unicode form is renewed in NFKC, and the history finds both', async (t) => {
    const { accounts, room } = await setUp(t);
    const typed = remember('password', 'Kestrel-Fjord-7-o\u0308x');
    const { memory: memoryCost, iterations: timeCost, parallelism } = ARGON2;
    const passwordHash = hashSync(typed, { algorithm: 2, memoryCost, timeCost, parallelism, outputLen: 32 });
    const account = await accounts.create({ ...ADA, passwordHash });
    assert.equal(room.passwords.isOutdated(passwordHash), false);
    await assert.rejects(room.change.check(account, typed), { code: 'password_reused' });
    await room.upgradeIfOutdated(account, typed);
    const renewed = await accounts.resolve(account.id);
    assert.equal(await room.passwords.verify(renewed.passwordHash, typed.normalize('NFKC')), true);
    await assert.rejects(room.change.check(renewed, typed.normalize('NFKC')), { code: 'password_reused' });
    await room.upgradeIfOutdated(renewed, typed);
    assert.equal((await accounts.resolve(account.id)).passwordHash, renewed.passwordHash, 'once');
  });

  test('does not overwrite a password that was changed meanwhile', async (t) => {
    const { accounts, create, room, open } = await setUp(t);
    const account = await create();
    const { upgradeIfOutdated } = await open({ argon2: { ...ARGON2, iterations: 3 } });
    await room.change.set(account, passwordNo(1), BY);
    await upgradeIfOutdated(account, passwordNo(0));
    const now = await accounts.resolve(account.id);
    assert.equal(await room.passwords.verify(now.passwordHash, passwordNo(1)), true);
  });

  test('that cannot be renewed does not fail the sign-in, and is logged', async (t) => {
    const { accounts, create, open, logLines } = await setUp(t);
    const account = await create();
    const room = await open({ argon2: { ...ARGON2, iterations: 3 } });
    await room.close();
    await room.upgradeIfOutdated(account, passwordNo(0));
    assert.deepEqual(await accounts.resolve(account.id), account);
    assert.match(logLines.join(''), /could not be renewed/);
  });

  test('gets its age from the sign-in that renews it, when the age was unknown', async (t) => {
    const { accounts, clock, room } = await setUp(t);
    const passwordHash = bcrypt.hashSync(passwordNo(0), 4);
    const [account] = await accounts.createAll([{ ...ADA, passwordHash, passwordSetAt: null }]);
    assert.ok(account && account.passwordSetAt === null);
    clock.ms += 60_000;
    await room.upgradeIfOutdated(account, passwordNo(0));
    assert.deepEqual((await accounts.resolve(account.id)).passwordSetAt, new Date(clock.ms));
  });
});

describe('a pepper', () => {
  const [first, second] = [randomBytes(32), randomBytes(32)];
  remember('other', first.toString('base64'));
  remember('other', second.toString('base64'));

  test('is part of every hash, which names it; without it the password does not verify', async (t) => {
    const { open } = await setUp(t);
    const { passwords } = await open({ peppers: [first] });
    const hash = await passwords.hash(passwordNo(0));
    assert.match(hash, /^\$pepper\$[0-9a-f]{8}\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    assert.equal(await passwords.verify(hash, passwordNo(0)), true);
    assert.equal(await passwords.verify(hash, passwordNo(1)), false);
    assert.equal(passwords.isOutdated(hash), false);
    assert.equal(await passwords.verify(null, passwordNo(0)), false);
    const bare = (await open()).passwords;
    assert.equal(await bare.verify(hash.replace(/^\$pepper\$\w+/, ''), passwordNo(0)), false);
  });

  test('that was added or replaced leaves older hashes valid until they are renewed', async (t) => {
    const { accounts, open, create } = await setUp(t);
    const account = await create();
    const one = await open({ peppers: [first] });
    assert.equal(await one.passwords.verify(account.passwordHash, passwordNo(0)), true);
    await one.upgradeIfOutdated(account, passwordNo(0));
    const withFirst = await accounts.resolve(account.id);
    const two = await open({ peppers: [second, first] });
    assert.equal(await two.passwords.verify(withFirst.passwordHash, passwordNo(0)), true);
    await two.upgradeIfOutdated(withFirst, passwordNo(0));
    const withSecond = await accounts.resolve(account.id);
    assert.notEqual(withSecond.passwordHash?.slice(0, 16), withFirst.passwordHash?.slice(0, 16));
    assert.equal((await open({ peppers: [second] })).passwords.faultOf(withSecond.passwordHash ?? ''), undefined);
  });

  test('that was removed is an internal error, is logged, and does not prevent a new password', async (t) => {
    const { accounts, open } = await setUp(t);
    const lost = await open({ peppers: [first] });
    const passwordHash = await lost.passwords.hash(passwordNo(0));
    const account = await accounts.create({ ...ADA, passwordHash });
    const { passwords, change } = await open({ peppers: [second] });
    assert.equal(passwords.faultOf(passwordHash), 'pepper_unknown');
    await assert.rejects(passwords.verify(passwordHash, passwordNo(0)), {
      code: 'password_hash_unreadable',
      status: 500,
      message: /CARDEA_PASSWORD_PEPPER/,
    });
    await change.set(account, passwordNo(1), BY);
    assert.equal(await passwords.verify((await accounts.resolve(account.id)).passwordHash, passwordNo(1)), true);
  });
});
