import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { hashSync } from '@node-rs/argon2';
import bcrypt from '@node-rs/bcrypt';
import type { Account } from '../../server/accounts/account.ts';
import type { Argon2Parameters } from '../../server/accounts/argon2.ts';
import { createAttempts, FAILURES } from '../../server/accounts/attempts.ts';
import { createDevices } from '../../server/accounts/devices.ts';
import { createEvents } from '../../server/accounts/events.ts';
import { createLinks } from '../../server/accounts/links.ts';
import { createMails } from '../../server/accounts/mails.ts';
import type { PasswordChangeRequest } from '../../server/accounts/password_change.ts';
import {
  createPasswordService,
  type PasswordService,
  type PasswordSettings,
} from '../../server/accounts/password_service.ts';
import { createPersonEvents } from '../../server/accounts/person_events.ts';
import { createAccounts } from '../../server/accounts/store.ts';
import { openAudit } from '../../server/audit/entries.ts';
import type { BoundStatement } from '../../server/platform/db.ts';
import { createLog } from '../../server/platform/log.ts';
import { ACCOUNT_INDEX_SECRET, loadServerSecret } from '../../server/platform/server_secrets.ts';
import { endedIn, endSessions } from '../../server/records/overview.ts';
import type { Payload } from '../../server/records/payload.ts';
import { accountChanges, deleteAccounts } from '../helpers/account_changes.ts';
import { defer, type Scope } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';
import { bench, HOUR, newGrant, newId, request } from '../records/fixtures.ts';

const START = Date.UTC(2026, 0, 1);
const [CHEAP, DEARER] = [1, 2].map((iterations) => ({ memory: 64, iterations, parallelism: 1 })) as [
  Argon2Parameters,
  Argon2Parameters,
];
const SETTINGS: PasswordSettings = {
  policy: 'complex',
  maxAgeSeconds: undefined,
  blocklist: undefined,
  argon2: CHEAP,
  peppers: [],
  memory: 64,
  queueLimit: undefined,
};

const BROWSER = { userAgent: 'curl/8', address: '198.51.100.7', requestId: 'req-1' };
const BY = { by: 'person', origin: BROWSER } as const;
const passwordNo = (n: number) => remember('password', `Kestrel-Fjord-${n}x`);

const scope = { after };
const own = await bench(scope);
const { db, sealer, query } = own;
const clock = { ms: START };
const now = () => clock.ms;
const indexKey = await loadServerSecret(db, sealer, ACCOUNT_INDEX_SECRET, now);
const accounts = createAccounts({ db, sealer, indexKey, searchKey: randomBytes(32), now });
const devices = createDevices({ db, accounts, now });
const attempts = createAttempts({ db, accounts, indexKey, now });
const events = createEvents({ db, accounts, now });
const audit = await openAudit({ db, sealer, now, issuer: 'https://id.example.com' });
const personEvents = createPersonEvents({ events, audit, accounts });
const links = createLinks({ db, sealer, people: accounts, now });
const mails = createMails({ db, sealer, people: accounts, now });
const logLines: string[] = [];
const log = createLog({ level: 'debug', destination: { write: (line: string) => void logLines.push(line) } });

/** A service for the accounts of this file, with a thread of its own. */
async function open(on: Scope, more: Partial<PasswordSettings> = {}): Promise<PasswordService> {
  const stores = { db, accounts, devices, attempts, events, personEvents, mails, endSessions, endedIn, now };
  const service = await createPasswordService({ ...SETTINGS, ...more }, { ...stores, log, names: [], threads: 1 });
  defer(on, () => service.close());
  return service;
}

const room = await open(scope);

let people = 0;

/** A person whose name is part of the rules for their password. */
function ada() {
  people += 1;
  return { email: `ada${people}@example.com`, name: 'Ada Lovelace', emailVerified: true };
}

async function create(password = passwordNo(0)): Promise<Account> {
  const profile = ada();
  return accounts.create({ ...profile, passwordHash: await room.change.hashFirst(profile, password) });
}

const eve = () => accounts.create({ email: ada().email });

/** The current hash and those before it. */
const historyOf = ({ id }: Account) => accounts.earlierPasswords(id);

const mailsQueued = async () => (await query('SELECT 1 FROM mails')).length;
const sessionsOf = ({ id }: Account) => query('SELECT uid FROM sessions WHERE account_id = $1', [id]);
const grantsOf = ({ id }: Account) => query('SELECT id FROM grants WHERE account_id = $1', [id]);

/** @returns the session's uid */
async function signIn({ id: accountId }: Account, authorizations: Payload['authorizations'] = {}): Promise<string> {
  const [id, uid] = [newId(), newId()];
  await request(own.nodes[0], (unit) =>
    unit.save('Session', id, { jti: id, uid, accountId, loginTs: own.clock.ms / 1_000, authorizations }, HOUR),
  );
  return uid;
}

describe('a change of password', () => {
  test('is stored with its time, raises the epoch, and adds the old hash to the history', async () => {
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
    assert.deepEqual(await historyOf(account), [changed.passwordHash, account.passwordHash]);
  });

  test('to one of the last five is refused, and to the sixth accepted; older hashes are removed', async () => {
    const { id } = await create();
    for (let n = 1; n <= 5; n += 1) await room.change.set(await accounts.resolve(id), passwordNo(n), BY);
    const account = await accounts.resolve(id);
    assert.equal((await historyOf(account)).length, 5);
    for (let n = 1; n <= 5; n += 1) {
      await assert.rejects(room.change.set(account, passwordNo(n), BY), { code: 'password_reused', field: 'password' });
    }
    assert.equal((await accounts.resolve(id)).epoch, 5, 'refused passwords changed nothing');
    await room.change.set(account, passwordNo(0), BY);
  });

  test('is checked with the person’s data, and all broken rules are reported', async () => {
    const account = await create();
    await assert.rejects(room.change.planning(account, 'lovelace', BY), {
      code: 'password_too_short',
      status: 400,
      field: 'password',
      rules: ['too_short', 'no_upper', 'no_digit', 'no_symbol', 'personal'],
    });
    await assert.rejects(room.change.hashFirst(ada(), 'lovelace'), { code: 'password_too_short' });
    await room.change.planning(account, passwordNo(7), BY);
  });

  test('commits with the caller’s statements, or not at all', async () => {
    const account = await create();
    const failing: BoundStatement = { statement: { name: '', text: 'SELECT 1 / $1::int' }, values: [0] };
    await assert.rejects(room.change.set(account, passwordNo(1), { ...BY, also: [failing] }));
    assert.deepEqual(await accounts.resolve(account.id), account);
    assert.deepEqual(await historyOf(account), [account.passwordHash]);
  });

  test('removes links and known browsers, except the one in which it is made; other people keep theirs', async () => {
    const account = await create();
    const other = await eve();
    const visitor = { userAgent: undefined, address: '198.51.100.7' };
    const [first, second] = [account, account].map((one) => devices.remember(one, { cookie: undefined, visitor }));
    const third = devices.remember(other, { cookie: second?.cookie, visitor });
    await db.transact([first, second, third].flatMap((one) => (one ? [one.bound] : [])));
    const [own = '', foreign = third.cookie] = [first?.cookie];
    const linkOf = (owner: Account) => links.create('reset_password', { account: owner, payload: {} });
    const [mine, theirs] = [linkOf(account), linkOf(other)];
    await db.transact([mine.bound, theirs.bound]);
    // The statement runs in the transaction that uses the link, before the link is removed.
    const used: BoundStatement = {
      statement: { name: '', text: 'SELECT 1 / count(*) FROM links WHERE account_id = $1' },
      values: [account.id],
    };
    await room.change.set(account, passwordNo(1), { ...BY, keep: { deviceCookie: own }, also: [used] });
    const isKnown = async (id: string, token: string) => (await devices.isKnown(id, token)).known;
    assert.deepEqual(
      [await isKnown(account.id, own), await isKnown(account.id, foreign), await isKnown(other.id, foreign)],
      [true, false, true],
    );
    assert.equal(await links.peek('reset_password', mine.token), undefined);
    assert.equal((await links.peek('reset_password', theirs.token))?.accountId, other.id);
    await room.change.set(await accounts.resolve(account.id), passwordNo(2), BY);
    assert.equal(await isKnown(account.id, own), false, 'no browser was given to keep');
  });

  test('that names the session of another account ends everything of its own account, and nothing of the other', async () => {
    const account = await create();
    const other = await eve();
    const granted = await newGrant({ ...own, accountId: account.id });
    const foreignGrant = await newGrant({ ...own, accountId: other.id });
    await signIn(account);
    // Were it a session of this account, it would keep this grant.
    const foreign = await signIn(other, { [own.clientId]: { sid: newId(), grantId: granted } });
    await room.change.set(account, passwordNo(1), { ...BY, keep: { sessionUid: foreign } });
    assert.deepEqual(await sessionsOf(account), []);
    assert.deepEqual(await sessionsOf(other), [{ uid: foreign }]);
    assert.deepEqual(await grantsOf(account), []);
    assert.deepEqual(await grantsOf(other), [{ id: foreignGrant }]);
  });

  for (const [change, event, actions] of [
    [BY, 'password_changed', ['passwords.change']],
    [{ ...BY, by: 'reset_link' }, 'password_reset', ['passwords.reset']],
    [{ ...BY, by: 'invitation' }, 'password_changed', ['users.accept_invitation']],
    // The operation of an operator has an entry of its own.
    [{ by: 'operator' }, 'password_changed', []],
  ] as const satisfies (readonly [PasswordChangeRequest, string, readonly string[]])[]) {
    test(`by ${change.by}: ends sessions and a lock, and tells the person by an event and a mail`, async () => {
      const account = await create();
      const guess = () => attempts.reservePasswordGuess({ identifier: account.email, deviceCookie: undefined });
      for (let i = 0; i < FAILURES; i += 1) await attempts.countFailure(await guess());
      assert.equal((await guess()).allowed, false, 'locked');
      const before = await mailsQueued();
      const [kept] = [await signIn(account), await signIn(account)];
      await room.change.set(account, passwordNo(1), { ...change, keep: { sessionUid: kept } });
      assert.equal((await guess()).allowed, true);
      assert.deepEqual(await sessionsOf(account), [{ uid: kept }]);
      assert.deepEqual(
        (await events.list(account, 9)).map(({ kind }) => kind),
        [event],
      );
      assert.equal(await mailsQueued(), before + 1);
      const entries = await query('SELECT action FROM audit WHERE target_id = $1 ORDER BY id', [account.id]);
      assert.deepEqual(
        entries,
        actions.map((action) => ({ action })),
      );
      await room.change.set(await accounts.resolve(account.id), passwordNo(2), change);
      assert.deepEqual(await sessionsOf(account), [], 'no session was given to keep');
    });
  }

  test('that another one has overtaken is refused: of ten in parallel one succeeds', async () => {
    const account = await create();
    const tries = await Promise.allSettled(
      Array.from({ length: 10 }, (_, n) => room.change.set(account, passwordNo(n + 1), BY)),
    );
    const failed = tries.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
    assert.deepEqual(failed, Array(9).fill('credentials_changed'));
    assert.equal((await accounts.resolve(account.id)).epoch, 1);
    assert.equal((await historyOf(account)).length, 2);
  });

  test('of an unknown account is refused', async () => {
    const account = await create();
    await deleteAccounts(db, account.id);
    await assert.rejects(room.change.set(account, passwordNo(1), BY), { code: 'not_found' });
  });

  test('under nist must differ from the current one alone', async (t) => {
    const account = await create();
    const { change } = await open(t, { policy: 'nist' });
    await assert.rejects(change.set(account, passwordNo(0), BY), { code: 'password_unchanged' });
    assert.equal(await change.set(account, passwordNo(1), BY), 1);
    assert.equal(await change.set(await accounts.resolve(account.id), passwordNo(0), BY), 2);
  });
});

describe('an outdated hash', () => {
  test('is renewed after its password was verified, without ending sessions', async (t) => {
    const account = await create();
    const { passwords, upgradeIfOutdated } = await open(t, { argon2: DEARER });
    assert.equal(passwords.isOutdated(account.passwordHash ?? ''), true);
    await upgradeIfOutdated(account, passwordNo(0));
    const renewed = await accounts.resolve(account.id);
    assert.match(renewed.passwordHash ?? '', /^\$argon2id\$v=19\$m=64,t=2,p=1\$/);
    assert.deepEqual({ ...renewed, passwordHash: account.passwordHash }, account, 'epoch and age are the same');
    assert.equal(await passwords.verify(renewed.passwordHash, passwordNo(0)), true);
    assert.deepEqual(await historyOf(account), [renewed.passwordHash]);
    await upgradeIfOutdated(renewed, passwordNo(0));
    assert.deepEqual(await accounts.resolve(account.id), renewed, 'and stays the same');
  });

  test('of a password in another Unicode form is renewed in NFKC, and the history finds both', async () => {
    const typed = remember('password', 'Kestrel-Fjord-7-o\u0308x');
    const { memory: memoryCost, iterations: timeCost, parallelism } = CHEAP;
    const passwordHash = hashSync(typed, { algorithm: 2, memoryCost, timeCost, parallelism, outputLen: 32 });
    const account = await accounts.create({ ...ada(), passwordHash });
    assert.equal(room.passwords.isOutdated(passwordHash), false);
    await assert.rejects(room.change.planning(account, typed, BY), { code: 'password_reused' });
    await room.upgradeIfOutdated(account, typed);
    const renewed = await accounts.resolve(account.id);
    assert.equal(await room.passwords.verify(renewed.passwordHash, typed.normalize('NFKC')), true);
    await assert.rejects(room.change.planning(renewed, typed.normalize('NFKC'), BY), {
      code: 'password_reused',
    });
    await room.upgradeIfOutdated(renewed, typed);
    assert.equal((await accounts.resolve(account.id)).passwordHash, renewed.passwordHash, 'once');
  });

  test('does not overwrite a password that was changed meanwhile', async (t) => {
    const account = await create();
    const { upgradeIfOutdated } = await open(t, { argon2: DEARER });
    await room.change.set(account, passwordNo(1), BY);
    await upgradeIfOutdated(account, passwordNo(0));
    const now = await accounts.resolve(account.id);
    assert.equal(await room.passwords.verify(now.passwordHash, passwordNo(1)), true);
  });

  test('that cannot be renewed does not fail the sign-in, and is logged', async (t) => {
    const account = await create();
    const room = await open(t, { argon2: DEARER });
    await room.close();
    await room.upgradeIfOutdated(account, passwordNo(0));
    assert.deepEqual(await accounts.resolve(account.id), account);
    assert.match(logLines.join(''), /could not be renewed/);
  });

  test('gets its age from the sign-in that renews it, when the age was unknown', async () => {
    const passwordHash = bcrypt.hashSync(passwordNo(0), 4);
    const [account] = await accountChanges(db, accounts).createAll([{ ...ada(), passwordHash, passwordSetAt: null }]);
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
    const { passwords } = await open(t, { peppers: [first] });
    const hash = await passwords.hash(passwordNo(0));
    assert.match(hash, /^\$pepper\$[0-9a-f]{8}\$argon2id\$v=19\$m=64,t=1,p=1\$/);
    assert.equal(await passwords.verify(hash, passwordNo(0)), true);
    assert.equal(await passwords.verify(hash, passwordNo(1)), false);
    assert.equal(passwords.isOutdated(hash), false);
    assert.equal(await passwords.verify(null, passwordNo(0)), false);
    const bare = (await open(t)).passwords;
    assert.equal(await bare.verify(hash.replace(/^\$pepper\$\w+/, ''), passwordNo(0)), false);
  });

  test('that was added or replaced leaves older hashes valid until they are renewed', async (t) => {
    const account = await create();
    const one = await open(t, { peppers: [first] });
    assert.equal(await one.passwords.verify(account.passwordHash, passwordNo(0)), true);
    await one.upgradeIfOutdated(account, passwordNo(0));
    const withFirst = await accounts.resolve(account.id);
    const two = await open(t, { peppers: [second, first] });
    assert.equal(await two.passwords.verify(withFirst.passwordHash, passwordNo(0)), true);
    await two.upgradeIfOutdated(withFirst, passwordNo(0));
    const withSecond = await accounts.resolve(account.id);
    assert.notEqual(withSecond.passwordHash?.slice(0, 16), withFirst.passwordHash?.slice(0, 16));
    assert.equal((await open(t, { peppers: [second] })).passwords.faultOf(withSecond.passwordHash ?? ''), undefined);
  });

  test('that was removed is an internal error, is logged, and does not prevent a new password', async (t) => {
    const lost = await open(t, { peppers: [first] });
    const passwordHash = await lost.passwords.hash(passwordNo(0));
    const account = await accounts.create({ ...ada(), passwordHash });
    const { passwords, change } = await open(t, { peppers: [second] });
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
