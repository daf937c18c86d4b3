import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import type { Account } from '../../server/accounts/account.ts';
import { createAttempts, FAILURES, type Guess, LOCK_LIST } from '../../server/accounts/attempts.ts';
import { createDevices } from '../../server/accounts/devices.ts';
import { createAccounts } from '../../server/accounts/store.ts';
import { cleanUp } from '../../server/jobs/cleanup.ts';
import type { AppError } from '../../server/platform/errors.ts';
import { carryOut } from '../../server/platform/planned.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { explain } from '../helpers/explain.ts';
import { LONG } from '../helpers/long.ts';
import { database } from '../helpers/postgres.ts';
import { defer } from '../helpers/scope.ts';
import { until } from '../helpers/waiting.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const clock = { ms: Date.UTC(2026, 0, 1) };
const now = () => clock.ms;
const { db } = await database({ after }, { poolSize: 8 });
const indexKey = randomBytes(32);
const accounts = createAccounts({
  db,
  sealer: createSealer([randomBytes(32)]),
  indexKey,
  searchKey: randomBytes(32),
  now,
});
/** Runs while a guess waits for the guesses before it. */
let meanwhile: () => Promise<unknown> = async () => {};
const attempts = createAttempts({ db, accounts, indexKey, now, pause: () => meanwhile() });
const devices = createDevices({ db, accounts, now });

const VISITOR = { userAgent: undefined, address: '198.51.100.7' };

let people = 0;
async function person(): Promise<Account> {
  people += 1;
  return accounts.create({ email: `Person${people}@example.com`, username: `person-${people}`, passwordHash: 'phc' });
}

async function knownDevice(account: Account): Promise<string> {
  const { cookie, bound } = devices.remember(account, { cookie: undefined, visitor: VISITOR });
  await db.transact([bound]);
  return cookie;
}

type Verdict = 'taken' | 'locked' | 'busy';

async function take(identifier: string, deviceCookie?: string): Promise<{ verdict: Verdict; guess?: Guess }> {
  try {
    const guess = await attempts.reservePasswordGuess({ identifier, deviceCookie });
    return { verdict: guess.allowed ? 'taken' : 'locked', guess };
  } catch (error) {
    assert.equal((error as AppError).code, 'temporarily_unavailable');
    return { verdict: 'busy' };
  }
}

/** Takes a guess and reports it as wrong. */
async function guessWrong(identifier: string, deviceCookie?: string): Promise<Verdict> {
  const { verdict, guess } = await take(identifier, deviceCookie);
  if (guess?.allowed) await attempts.countFailure(guess);
  return verdict;
}

async function lock(identifier: string, deviceCookie?: string): Promise<void> {
  for (let i = 0; i < FAILURES; i += 1) assert.equal(await guessWrong(identifier, deviceCookie), 'taken');
  assert.equal(await guessWrong(identifier, deviceCookie), 'locked');
}

/** Moves the clock to the end of the lock, where a guess is taken and fails. */
async function assertLockEndsAfter(identifier: string, minutes: number): Promise<void> {
  clock.ms += minutes * MINUTE - 1;
  // A refused guess changes nothing.
  assert.equal(await guessWrong(identifier), 'locked', `for ${minutes} minutes`);
  clock.ms += 1;
  assert.equal(await guessWrong(identifier), 'taken', `after ${minutes} minutes`);
}

describe('attempts', () => {
  test('three wrong guesses lock for 15 minutes, then twice as long each time, up to a day', async () => {
    const { email } = await person();
    await lock(email);
    for (const minutes of [15, 30, 60, 120, 240, 480, 960, 1_440, 1_440]) {
      await assertLockEndsAfter(email, minutes);
      // The next three guesses began with this one, and it was wrong.
      assert.equal(await guessWrong(email), 'taken');
      assert.equal(await guessWrong(email), 'taken');
    }
  });

  test('a success clears failures and locks', async () => {
    const { email } = await person();
    await lock(email);
    clock.ms += 15 * MINUTE;
    const { guess } = await take(email);
    assert.ok(guess?.allowed);
    await db.transact([attempts.clearFailures(guess)]);
    await lock(email);
    await assertLockEndsAfter(email, 15); // the first lock again
  });

  test('failures are counted for a day', async () => {
    const { email } = await person();
    assert.equal(await guessWrong(email), 'taken');
    clock.ms += 23 * HOUR;
    assert.equal(await guessWrong(email), 'taken');
    clock.ms += 23 * HOUR;
    assert.equal(await guessWrong(email), 'taken');
    assert.equal(await guessWrong(email), 'locked');
    clock.ms += 15 * MINUTE + 25 * HOUR;
    await lock(email);
    await assertLockEndsAfter(email, 15); // a day without failures resets the length of the next lock
  });

  test('all identifiers of an account share one bucket (Authelia CVE-2026-47203)', async () => {
    const { email, username = '' } = await person();
    const spellings = [email.toUpperCase(), ` ${username} `, username.replace('person', 'ＰＥＲＳＯＮ')];
    for (const spelling of spellings) assert.equal(await guessWrong(spelling), 'taken', spelling);
    for (const spelling of [email, username, ...spellings])
      assert.equal(await guessWrong(spelling), 'locked', spelling);
  });

  test('an unknown identifier is counted and locked in the same way', async () => {
    const { guess } = await take('nobody@example.com');
    assert.equal((guess as { credentials?: unknown }).credentials, undefined);
    if (guess) assert.deepEqual(await attempts.countFailure(guess), { lockedNow: false });
    assert.equal(await guessWrong('NOBODY@example.com'), 'taken');
    assert.equal(await guessWrong('nobody@example.com'), 'taken');
    assert.equal(await guessWrong('nobody@example.com'), 'locked');
    assert.equal(await guessWrong('somebody@example.com'), 'taken', 'other identifiers are not affected');
  });

  test('a browser that the person has used has its own bucket', async () => {
    const [ada, eve] = [await person(), await person()];
    const [own, other] = [await knownDevice(ada), await knownDevice(eve)];
    await lock(ada.email);
    assert.equal(await guessWrong(ada.email, other), 'locked', 'another person’s browser counts as unknown');
    assert.equal(await guessWrong(ada.email, 'x'.repeat(43)), 'locked', 'an invented token counts as unknown too');
    await lock(ada.email, own);
    assert.equal(await guessWrong(eve.email, other), 'taken');
    clock.ms += 16 * MINUTE;
    const { guess } = await take(ada.email, own);
    if (guess) await db.transact([attempts.clearFailures(guess)]);
    assert.equal(await guessWrong(ada.email), 'taken');
  });

  test('a success on a known browser does not clear the failures of unknown ones', async () => {
    const ada = await person();
    const own = await knownDevice(ada);
    await lock(ada.email);
    const { guess } = await take(ada.email, own);
    assert.ok(guess?.allowed);
    await db.transact([attempts.clearFailures(guess)]);
    assert.equal(await guessWrong(ada.email), 'locked');
  });

  test('a removed browser counts as unknown', async () => {
    const ada = await person();
    const [kept, gone] = [await knownDevice(ada), await knownDevice(ada)];
    await db.transact([devices.forgetOthers(ada.id, kept)]);
    await lock(ada.email, gone);
    assert.equal(await guessWrong(ada.email), 'locked', 'it counts with all unknown browsers');
    assert.equal(await guessWrong(ada.email, kept), 'taken');
  });

  test('of 20 parallel guesses three are verified: the others wait for those or are refused', async () => {
    const { email } = await person();
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => take(email)));
    const taken = outcomes.filter(({ verdict }) => verdict === 'taken');
    assert.equal(taken.length, FAILURES);
    assert.equal(outcomes.filter(({ verdict }) => verdict === 'busy').length, 20 - FAILURES);
    const locked = await Promise.all(taken.map(({ guess }) => guess && attempts.countFailure(guess)));
    assert.equal(locked.filter((one) => one?.lockedNow).length, 1, 'one of them reports the lock');
    assert.equal(await guessWrong(email), 'locked');
  });

  test('guesses that are reserved at the same moment see each other', async (t) => {
    const { email, id } = await person();
    assert.equal(await guessWrong(email), 'taken');
    const holder = await db.connect();
    defer(t, () => holder.end());
    await holder.query('BEGIN');
    await holder.query('SELECT 1 FROM attempts WHERE account_id = $1 FOR UPDATE', [id]);
    const outcomes = Array.from({ length: 5 }, () => take(email));
    const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    await until('all wait', async () => (await holder.query(waiting)).rowCount === outcomes.length);
    await holder.query('COMMIT');
    const verdicts = (await Promise.all(outcomes)).map(({ verdict }) => verdict);
    assert.equal(verdicts.filter((verdict) => verdict === 'taken').length, FAILURES - 1, verdicts.join());
  });

  test('a guess that waits for others continues when those were right', async () => {
    const { email } = await person();
    const others = await Promise.all(Array.from({ length: FAILURES }, () => take(email)));
    meanwhile = async () => {
      const { guess } = others.pop() ?? {};
      if (guess) await db.transact([attempts.clearFailures(guess)]);
    };
    assert.equal((await take(email)).verdict, 'taken');
    assert.equal(others.length, FAILURES - 1, 'as soon as a guess fits in');
    meanwhile = async () => {};
  });

  test('a guess without a result, whose process died, counts as wrong', async () => {
    const { email } = await person();
    for (let i = 0; i < FAILURES; i += 1) assert.equal((await take(email)).verdict, 'taken');
    assert.equal((await take(email)).verdict, 'busy');
    clock.ms += MINUTE;
    assert.equal((await take(email)).verdict, 'locked');
    await assertLockEndsAfter(email, 15);
  });

  test('a released guess leaves no trace', async () => {
    const { email } = await person();
    for (let i = 0; i < 2 * FAILURES; i += 1) {
      const { guess } = await take(email);
      assert.ok(guess?.allowed);
      await attempts.releaseGuess(guess);
    }
    await lock(email);
  });

  test('codes have their own counters', async () => {
    const account = await person();
    await lock(account.email);
    for (const factor of ['totp', 'recovery_code'] as const) {
      for (let i = 0; i < FAILURES; i += 1) {
        const guess = await attempts.reserveGuess({ account, factor, deviceCookie: undefined });
        assert.equal(guess.allowed, true);
        await attempts.countFailure(guess);
      }
      assert.equal((await attempts.reserveGuess({ account, factor, deviceCookie: undefined })).allowed, false);
    }
    assert.deepEqual(
      (await attempts.locksOf(account.id)).map(({ factor }) => factor),
      ['password', 'recovery_code', 'totp'],
    );
  });

  test('are cleared when the person is unlocked, and removed when they are old', async () => {
    const account = await person();
    await lock(account.email);
    await db.transact([attempts.unlock(account.id)]);
    assert.deepEqual(await attempts.locksOf(account.id), []);
    await lock(account.email);
    clock.ms += 49 * HOUR;
    await cleanUp({ db, now });
    const [left] = await db.run<{ n: number }>({ name: '', text: 'SELECT count(*)::int AS n FROM attempts' }, []);
    assert.equal(left?.n, 0);
  });

  test('a lock that is ended by mail ends for the password only, and the next one is as long as before', async () => {
    const account = await person();
    await lock(account.email);
    const guess = await attempts.reserveGuess({ account, factor: 'totp', deviceCookie: undefined });
    await attempts.countFailure(guess);
    await db.transact([attempts.unlockPassword(account.id)]);
    assert.deepEqual(await attempts.locksOf(account.id), []);
    await lock(account.email);
    await assertLockEndsAfter(account.email, 30);
    const counted = 'SELECT failures FROM attempts WHERE account_id = $1 AND factor = $2';
    assert.deepEqual(await db.run({ name: '', text: counted }, [account.id, 'totp']), [{ failures: 1 }]);
  });

  test('behave like a simple model under any sequence of events (property)', async () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ kind: fc.constant('take' as const), device: fc.boolean() }) },
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('fail' as const), device: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('succeed' as const), device: fc.boolean() }) },
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constant('wait' as const),
          ms: fc.constantFrom(1, 59_000, 60_000, 61_000, 15 * MINUTE, 31 * MINUTE, 25 * HOUR),
        }),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
        const account = await person();
        const token = await knownDevice(account);
        const buckets = { true: newBucket(), false: newBucket() };
        const open: Record<string, Guess[]> = { true: [], false: [] };
        for (const one of steps) {
          if (one.kind === 'wait') {
            clock.ms += one.ms;
            continue;
          }
          const key = one.device ? 'true' : 'false';
          const bucket = buckets[key];
          if (one.kind === 'take') {
            const { verdict, guess } = await take(account.email, one.device ? token : undefined);
            assert.equal(verdict, modelTake(bucket));
            if (guess?.allowed) open[key]?.push(guess);
            continue;
          }
          const guess = open[key]?.shift();
          if (!guess) continue;
          if (one.kind === 'fail') {
            assert.equal((await attempts.countFailure(guess)).lockedNow, modelFail(bucket));
          } else {
            await db.transact([attempts.clearFailures(guess)]);
            Object.assign(bucket, {
              failures: 0,
              locks: 0,
              lockedUntil: 0,
              inFlight: Math.max(0, bucket.inFlight - 1),
            });
            bucket.expiresAt = bucket.inFlightUntil;
          }
        }
      }),
      { numRuns: LONG ? 1_000 : 60 },
    );
  });
});

// ---- the model: one bucket ----

interface Bucket {
  failures: number;
  inFlight: number;
  inFlightUntil: number;
  locks: number;
  lockedUntil: number;
  expiresAt: number;
}

function newBucket(): Bucket {
  return { failures: 0, inFlight: 0, inFlightUntil: 0, locks: 0, lockedUntil: 0, expiresAt: 0 };
}

const lockMs = (locks: number) => Math.min(15 * MINUTE * 2 ** locks, 24 * HOUR);

function modelTake(bucket: Bucket): Verdict {
  if (bucket.expiresAt <= clock.ms) Object.assign(bucket, newBucket());
  if (bucket.lockedUntil > clock.ms) {
    forgetOverdue(bucket, false);
    return 'locked';
  }
  const lockHasEnded = bucket.lockedUntil > 0;
  forgetOverdue(bucket, !lockHasEnded);
  if (lockHasEnded) bucket.failures = 0;
  const rememberedUntil = Math.max(clock.ms, bucket.lockedUntil) + 24 * HOUR;
  bucket.lockedUntil = 0;
  if (bucket.failures >= FAILURES) {
    bucket.lockedUntil = clock.ms + lockMs(bucket.locks);
    bucket.locks += 1;
    bucket.expiresAt = bucket.lockedUntil + 24 * HOUR;
    return 'locked';
  }
  if (bucket.failures + bucket.inFlight >= FAILURES) return 'busy';
  bucket.inFlight += 1;
  bucket.inFlightUntil = clock.ms + MINUTE;
  bucket.expiresAt = rememberedUntil;
  return 'taken';
}

/** Guesses that were in flight for too long count as failures. */
function forgetOverdue(bucket: Bucket, count: boolean): void {
  if (bucket.inFlightUntil > clock.ms) return;
  bucket.failures += count || bucket.lockedUntil > clock.ms ? bucket.inFlight : 0;
  bucket.inFlight = 0;
}

function modelFail(bucket: Bucket): boolean {
  bucket.inFlight = Math.max(0, bucket.inFlight - 1);
  bucket.failures += 1;
  bucket.expiresAt = clock.ms + 24 * HOUR;
  if (bucket.failures !== FAILURES) return false;
  bucket.lockedUntil = clock.ms + lockMs(bucket.locks);
  bucket.locks += 1;
  bucket.expiresAt = bucket.lockedUntil + 24 * HOUR;
  return true;
}

describe('all locks', () => {
  test('are listed while they are in force, each with its account, factor and end, and end by account', async () => {
    clock.ms += 48 * HOUR;
    const [ada, bob] = [await person(), await person()];
    await lock(ada.email ?? '');
    clock.ms += MINUTE;
    await lock(bob.email ?? '', await knownDevice(bob));
    await lock('nobody@example.com');
    const minutes = (count: number) => new Date(clock.ms + count * MINUTE);
    const { items, total } = await attempts.listLocks({ total: true });
    const { id = '', ...shown } = items[0] ?? {};
    assert.match(id, /^[0-9a-f]{64}$/);
    assert.deepEqual(shown, { accountId: ada.id, factor: 'password', until: minutes(14) });
    assert.deepEqual(
      new Set(items.slice(1).map(({ accountId }) => accountId)),
      new Set([bob.id, undefined]),
      'an identifier that nobody has is locked as well',
    );
    assert.equal(total, 3);
    const first = await attempts.listLocks({ limit: 2, sort: '-locked_until' });
    const second = await attempts.listLocks({ limit: 2, sort: '-locked_until', cursor: first.next });
    assert.deepEqual([first.items.length, second.items.map(({ accountId }) => accountId)], [2, [ada.id]]);
    const [only] = (await attempts.listLocks({ filter: `user_id eq "${bob.id}"` })).items;
    assert.deepEqual(only?.until, minutes(15));
    await db.query(attempts.unlock(bob.id));
    assert.deepEqual((await attempts.listLocks({ filter: `user_id eq "${bob.id}"` })).items, []);
    clock.ms += 15 * MINUTE;
    assert.deepEqual((await attempts.listLocks()).items, []);
  });

  test('are ended one by one, with their failures', async () => {
    clock.ms += 48 * HOUR;
    const [ada, bob] = [await person(), await person()];
    for (const { email } of [ada, bob]) await lock(email ?? '');
    const [of] = (await attempts.listLocks({ filter: `user_id eq "${ada.id}"` })).items;
    const plans = [await attempts.endingLock(of?.id ?? ''), await attempts.endingLock(of?.id ?? '')] as const;
    assert.deepEqual(plans[0].before, of);
    await carryOut(db, plans[0]);
    await assert.rejects(carryOut(db, plans[1]), { code: 'not_found', status: 404 });
    await assert.rejects(attempts.endingLock(of?.id ?? ''), { code: 'not_found' });
    assert.deepEqual(await attempts.locksOf(ada.id), []);
    assert.equal((await attempts.locksOf(bob.id)).length, 1);
  });

  test('are read by an index', async () => {
    const [statement] = LOCK_LIST.plan({}, { where: () => 'locked_until > now()' }).statements;
    assert.ok(statement);
    const plan = await explain(db, statement);
    assert.match(plan, /Index Scan using attempts_locked\b/);
    assert.doesNotMatch(plan, /Sort|Seq Scan/);
  });
});
