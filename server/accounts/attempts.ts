import { setTimeout } from 'node:timers/promises';
import type { Clock } from '../platform/clock.ts';
import type { BoundStatement, Db, Row, Statement } from '../platform/db.ts';
import { unavailable } from '../platform/errors.ts';
import { blindIndex } from '../platform/sealing.ts';
import type { Account } from './account.ts';
import { deviceHashes, knownDevice, neverSignedIn } from './devices.ts';
import { normaliseIdentifier, storedFormsOf } from './identifiers.ts';
import type { Credentials } from './rows.ts';
import { COLUMNS } from './statements.ts';
import type { Accounts } from './store.ts';

/**
 * Guesses at what signs a person in, and the locks that wrong ones lead to.
 *
 * A guess is taken before anything is verified, by a statement that commits by itself: so many guesses at once, on
 * however many nodes, are no more than were allowed, and one that was taken counts even when the request that made it
 * fails or its process dies (Vikunja CVE-2026-35597). A success gives it back.
 *
 * Each person has one bucket a factor, whatever spelling of whatever identifier they are asked for by (Authelia
 * CVE-2026-47203), and an identifier that nobody has is counted in the same way, so that a lock tells nothing either. A
 * browser on which the person has signed in before has a bucket of its own: strangers lock out strangers (OWASP, "Device
 * Cookies").
 */
export interface Attempts {
  /** Looks the person up and takes a guess at their password, in one statement. @throws AppError 503 when too many stay in flight */
  reservePasswordGuess(input: { identifier: string; deviceCookie: string | undefined }): Promise<PasswordGuess>;
  /** @throws AppError 503 when too many stay in flight */
  reserveGuess(input: { account: Account; factor: CodeFactor; deviceCookie: string | undefined }): Promise<Guess>;
  /** It was wrong. One that was not allowed does not count, at the same cost: how long it takes tells of no lock. */
  countFailure(guess: Guess): Promise<{ lockedNow: boolean }>;
  /** Nothing was verified, so nothing was learnt: the guess is given back. */
  releaseGuess(guess: Guess): Promise<void>;
  /** It was right: for the transaction that makes something of it. */
  clearFailures(guess: Guess): BoundStatement;
  /** Forgets all failures and locks of a person, on every device and for every factor: an operator's word alone does that. */
  unlock(accountId: string): BoundStatement;
  /**
   * Ends a lock of the password. The link in a mail may do this, since access to the mailbox allows a new password too.
   * It keeps the number of locks in a row and the counters of one-time codes: a mailbox is no second factor
   * (near Zitadel CVE-2025-64102).
   */
  unlockPassword(accountId: string): BoundStatement;
  /** The locks of a person that are in force now. */
  locksOf(accountId: string): Promise<Lock[]>;
}

export type CodeFactor = 'totp' | 'recovery_code';
export type Factor = 'password' | CodeFactor;

export interface Guess {
  /** False: whatever was guessed, the answer is no. */
  readonly allowed: boolean;
  readonly bucket: Buffer;
}

export interface PasswordGuess extends Guess {
  /** What there is to verify; undefined when nobody has the identifier. */
  readonly credentials: Credentials | undefined;
  /** Opens what is known of the person, which takes time: not before the password was right. */
  account(): Account | undefined;
  /** What is known of the browser. */
  readonly device: { readonly known: boolean; readonly trusted: boolean; readonly first: boolean };
}

export interface Lock {
  readonly factor: Factor;
  readonly until: Date;
}

/** Wrong guesses until the lock. */
export const FAILURES = 3;
const LOCK_SECONDS = 15 * 60;
const LOCK_SECONDS_MOST = 24 * 3_600;
/** For how long failures, and how often in a row there was a lock, are remembered. */
const MEMORY_SECONDS = 24 * 3_600;
/** A guess that nobody has settled by then counts as wrong: its process died, or its request failed. */
const IN_FLIGHT_SECONDS = 60;

/** How often, and after how long, a guess is tried again that has to wait for others: a second and a half in all. */
const BUSY_TRIES = 31;
const BUSY_PAUSE_MS = 50;

const seconds = (count: number) => `interval '${count} seconds'`;
/** What the functions `reserve_guess` and `count_failure` of the schema are told of all this. */
const LOCK_RULES = `most_failures => ${FAILURES}, first_lock => ${seconds(LOCK_SECONDS)},
                    longest_lock => ${seconds(LOCK_SECONDS_MOST)}, memory => ${seconds(MEMORY_SECONDS)}`;

/** @param slot has one row, with `bucket` and `account_id` */
const reserveFrom = (slot: string, factor: string) =>
  `SELECT bucket, reserve_guess(bucket, account_id, ${factor}, $1::timestamptz, ${LOCK_RULES},
                                settled_within => ${seconds(IN_FLIGHT_SECONDS)}) AS verdict FROM ${slot}`;

/** The bucket of somebody (16 bytes of an account's id, or the lookup of an identifier) at a factor and a device. */
const bucketOf = (whom: string, factor: string, device: string) =>
  `sha256(${whom} || convert_to(${factor}, 'UTF8') || coalesce(${device}, ''::bytea))`;

export const ATTEMPT_STATEMENTS = {
  takePassword: {
    name: 'attempts.take_password',
    text: `
      WITH person AS (
        SELECT * FROM accounts WHERE id = (
          SELECT account_id FROM account_identifiers WHERE lookup = ANY($4::bytea[])
           ORDER BY array_position($4::bytea[], lookup) LIMIT 1)
      ), device AS (
        SELECT id, trusted_until FROM devices WHERE ${knownDevice('$2', '(SELECT id FROM person)', '$1')} LIMIT 1
      ), slot AS MATERIALIZED (
        SELECT ${bucketOf('coalesce((SELECT uuid_send(id) FROM person), $3)', "'password'", '(SELECT uuid_send(id) FROM device)')} AS bucket,
               (SELECT id FROM person) AS account_id
      ), guess AS MATERIALIZED (
        ${reserveFrom('slot', "'password'")}
      )
      SELECT guess.bucket, guess.verdict, EXISTS (SELECT 1 FROM device) AS device_known,
             coalesce((SELECT trusted_until FROM device) > $1, false) AS device_trusted,
             ${neverSignedIn('a.id')} AS device_first, ${COLUMNS}
        FROM guess LEFT JOIN person a ON true`,
  },
  take: {
    name: 'attempts.take',
    text: `
      WITH slot AS MATERIALIZED (
        SELECT ${bucketOf('uuid_send($3::uuid)', '$4::text', `(SELECT uuid_send(id) FROM devices WHERE ${knownDevice('$2', '$3::uuid', '$1')} LIMIT 1)`)} AS bucket,
               $3::uuid AS account_id
      )
      ${reserveFrom('slot', '$4::text')}`,
  },
  failed: {
    name: 'attempts.failed',
    text: `SELECT count_failure($1, $2::timestamptz, $3::boolean, ${LOCK_RULES}) AS locked_now`,
  },
  returned: {
    name: 'attempts.returned',
    text: 'UPDATE attempts SET in_flight = greatest(in_flight - 1, 0) WHERE bucket = $1',
  },
  // The row stays for as long as other guesses may be in flight: were it gone, theirs would not count.
  succeeded: {
    name: 'attempts.succeeded',
    text: `
      UPDATE attempts
         SET failures = 0, locks = 0, locked_until = NULL, in_flight = greatest(in_flight - 1, 0),
             expires_at = in_flight_until
       WHERE bucket = $1`,
  },
  unlock: {
    name: 'attempts.unlock',
    text: 'DELETE FROM attempts WHERE account_id = $1',
  },
  unlockPassword: {
    name: 'attempts.unlock_password',
    text: `UPDATE attempts SET failures = 0, locked_until = NULL WHERE account_id = $1 AND factor = 'password'`,
  },
  locks: {
    name: 'attempts.locks',
    text: `SELECT factor, max(locked_until) AS until FROM attempts
            WHERE account_id = $1 AND locked_until > $2 GROUP BY factor ORDER BY factor`,
  },
};

interface GuessRow extends Row {
  readonly bucket: Buffer;
  readonly verdict: 'taken' | 'busy' | 'locked';
}

interface PasswordGuessRow extends GuessRow {
  readonly device_known: boolean;
  readonly device_trusted: boolean;
  readonly device_first: boolean;
}

/** @param parts `pause` waits for those in flight to be settled; milliseconds */
export function createAttempts(parts: {
  db: Db;
  accounts: Accounts;
  indexKey: Uint8Array;
  now: Clock;
  pause?: (ms: number) => Promise<unknown>;
}): Attempts {
  const { db, accounts, indexKey, now, pause = setTimeout } = parts;
  const time = () => new Date(now());

  /** One more guess than may be wrong waits for those before it: when they are right, it may be as well. */
  async function run<R extends GuessRow>(statement: Statement, values: () => readonly unknown[]): Promise<R> {
    for (let tries = 1; ; tries += 1) {
      const [row] = await db.run<R>(statement, values());
      if (!row) throw new Error('a guess left no row');
      if (row.verdict !== 'busy') return row;
      // No verdict on what was guessed: those before it may yet turn out right.
      if (tries === BUSY_TRIES) throw unavailable('signing in to this account');
      await pause(BUSY_PAUSE_MS);
    }
  }

  return {
    async reservePasswordGuess({ identifier, deviceCookie }) {
      const lookup = blindIndex(indexKey, normaliseIdentifier(identifier));
      const stored = storedFormsOf(identifier).map((form) => blindIndex(indexKey, form));
      const device = deviceHashes(deviceCookie);
      const found = await run<PasswordGuessRow>(ATTEMPT_STATEMENTS.takePassword, () => [
        time(),
        device,
        lookup,
        stored,
      ]);
      return {
        ...guessOf(found),
        credentials: accounts.credentialsOf(found),
        account: () => accounts.fromRow(found),
        device: { known: found.device_known, trusted: found.device_trusted, first: found.device_first },
      };
    },

    async reserveGuess({ account, factor, deviceCookie }) {
      const device = deviceHashes(deviceCookie);
      return guessOf(await run<GuessRow>(ATTEMPT_STATEMENTS.take, () => [time(), device, account.id, factor]));
    },

    async countFailure({ bucket, allowed }) {
      const [row] = await db.run<{ locked_now: boolean }>(ATTEMPT_STATEMENTS.failed, [bucket, time(), allowed]);
      return { lockedNow: row?.locked_now ?? false };
    },

    async releaseGuess({ bucket }) {
      await db.run(ATTEMPT_STATEMENTS.returned, [bucket]);
    },

    clearFailures: ({ bucket }) => ({ statement: ATTEMPT_STATEMENTS.succeeded, values: [bucket] }),
    unlock: (accountId) => ({ statement: ATTEMPT_STATEMENTS.unlock, values: [accountId] }),
    unlockPassword: (accountId) => ({ statement: ATTEMPT_STATEMENTS.unlockPassword, values: [accountId] }),
    locksOf: (accountId) => db.run<{ factor: Factor; until: Date }>(ATTEMPT_STATEMENTS.locks, [accountId, time()]),
  };
}

function guessOf({ bucket, verdict }: GuessRow): Guess {
  return { allowed: verdict === 'taken', bucket };
}
