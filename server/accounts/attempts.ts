import { setTimeout } from 'node:timers/promises';
import { type RawBuilder, sql } from 'kysely';
import { type AuditLine, insertAuditLines } from '../audit/lines.ts';
import type { Clock } from '../platform/clock.ts';
import type { BoundStatement, Db, Row } from '../platform/db.ts';
import { FOREIGN_KEY_VIOLATION, sqlState } from '../platform/db_errors.ts';
import { AppError, notFound, unavailable } from '../platform/errors.ts';
import { type AddParameter, createListing, type ListRequest, type Page } from '../platform/listing.ts';
import { type PlannedChange, refusedBy } from '../platform/planned.ts';
import { blindIndex } from '../platform/sealing.ts';
import { statement } from '../platform/statement.ts';
import type { Account } from './account.ts';
import { deviceHashes, knownDevice, neverSignedIn } from './devices.ts';
import { normaliseIdentifier, storedFormsOf } from './identifiers.ts';
import { COLUMNS, type Credentials } from './rows.ts';

import type { Accounts } from './store.ts';

/**
 * Guesses at a password or a code, and the locks that wrong ones lead to.
 *
 * A guess is reserved before anything is verified, by a statement that commits by itself. So no more parallel guesses are
 * verified than are allowed, on any number of nodes, and a reserved guess counts even when its request fails or its
 * process crashes (Vikunja CVE-2026-35597). After a success it no longer counts.
 *
 * Each account has one bucket for each factor, shared by all spellings of its identifiers (Authelia CVE-2026-47203); an
 * unknown identifier is counted in the same way, so that a lock does not reveal whether it exists. A browser in which the
 * person has signed in before has a bucket of its own, so that an attacker cannot lock it (OWASP, "Device Cookies").
 */
export interface Attempts {
  /** Finds the account and reserves a guess at its password, in one statement. @throws AppError 503 when too many stay in flight */
  reservePasswordGuess(input: { identifier: string; deviceCookie: string | undefined }): Promise<PasswordGuess>;
  /** @throws AppError 503 when too many stay in flight */
  reserveGuess(input: { account: Account; factor: CodeFactor; deviceCookie: string | undefined }): Promise<Guess>;
  /** The guess was wrong. One that was not allowed does not count, but takes as long, so that time reveals no lock. */
  countFailure(guess: Guess, audited?: AuditedFailure): Promise<{ lockedNow: boolean }>;
  /** Nothing was verified, so the guess does not count. */
  releaseGuess(guess: Guess): Promise<void>;
  /** The guess was right. For the transaction that depends on it. */
  clearFailures(guess: Guess): BoundStatement;
  /** Forgets all failures and locks of an account, on every device and for every factor: for operators only. */
  unlock(accountId: string): BoundStatement;
  /**
   * Ends a lock of the password. The link in a mail may do this, since access to the mailbox allows a new password too.
   * It does not reset the number of locks in a row and the counters of one-time codes, because a mailbox is not a second
   * factor (compare Zitadel CVE-2025-64102).
   */
  unlockPassword(accountId: string): BoundStatement;
  /** The locks of a person that are in force now. */
  locksOf(accountId: string): Promise<Lock[]>;
  /** All locks that are in force now, the one that ends first before the others. @throws AppError 400 `invalid_input` */
  listLocks(request?: ListRequest): Promise<Page<ListedLock>>;
  /** One of them, with its failures. @throws AppError 404 `not_found`; refuses with the same */
  endingLock(id: string): Promise<PlannedChange & { readonly before: ListedLock }>;
}

/** A lock; a person has one for each factor and each browser that is known. */
export interface ListedLock extends Lock {
  /** 64 hex digits. */
  readonly id: string;
  /** Undefined for an identifier of no account. */
  readonly accountId: string | undefined;
}

/** The entries of the audit for a wrong guess: one for itself, one for the lock if it leads to one. */
export interface AuditedFailure {
  readonly failed?: readonly AuditLine[];
  readonly locked?: readonly AuditLine[];
}

export type CodeFactor = 'totp' | 'recovery_code';
export type Factor = 'password' | CodeFactor;

export interface Guess {
  /** False: the guess counts as wrong without being verified. */
  readonly allowed: boolean;
  readonly bucket: Buffer;
}

export interface PasswordGuess extends Guess {
  /** The credentials to verify the password against; undefined for an unknown identifier. */
  readonly credentials: Credentials | undefined;
  /** Opens the sealed profile, which takes time: only after the password was right. */
  account(): Account | undefined;
  /** The browser that sent the guess. */
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
/** For how long failures and the number of locks in a row are remembered. */
const MEMORY_SECONDS = 24 * 3_600;
/** A guess without a result in this time counts as wrong: its process crashed, or its request failed. */
const IN_FLIGHT_SECONDS = 60;

/** How often, and after how long, a guess that waits for others is tried again: a second and a half in all. */
const BUSY_TRIES = 31;
const BUSY_PAUSE_MS = 50;

const seconds = (count: number) => sql.raw(`interval '${count} seconds'`);

/** These rules as arguments of the schema's functions `reserve_guess` and `count_failure`. */
const LOCK_RULES = sql`most_failures => ${FAILURES}, first_lock => ${seconds(LOCK_SECONDS)},
                    longest_lock => ${seconds(LOCK_SECONDS_MOST)}, memory => ${seconds(MEMORY_SECONDS)}`;

type Sql = RawBuilder<unknown>;

/** Reserves a guess in the bucket of the CTE `slot`, which has one row with `bucket` and `account_id`. */
const reserve = (factor: Sql, now: Date): Sql =>
  sql`SELECT bucket, reserve_guess(bucket, account_id, ${factor}, ${now}::timestamptz, ${LOCK_RULES},
                                settled_within => ${seconds(IN_FLIGHT_SECONDS)}) AS verdict FROM slot`;

/** @param subject 16 bytes of an account's id, or the lookup of an identifier; @param device null, or 16 bytes of its id */
const bucketOf = (subject: Sql, factor: Sql, device: Sql): Sql =>
  sql`sha256(${subject} || convert_to(${factor}, 'UTF8') || coalesce(${device}, ''::bytea))`;

const PASSWORD = sql`'password'`;

export const ATTEMPT_STATEMENTS = {
  reservePassword: statement(
    'attempts.reserve_password',
    ($: {
      now: Date;
      tokens: readonly Buffer[];
      lookup: Buffer;
      spellings: readonly Buffer[];
    }) => sql<PasswordGuessRow>`
      WITH person AS (
        SELECT * FROM accounts WHERE id = (
          SELECT account_id FROM account_identifiers WHERE lookup = ANY(${$.spellings}::bytea[])
           ORDER BY array_position(${$.spellings}::bytea[], lookup) LIMIT 1)
      ), device AS (
        SELECT id, trusted_until FROM devices
         WHERE ${knownDevice(sql`${$.tokens}`, sql`(SELECT id FROM person)`, sql`${$.now}`)} LIMIT 1
      ), slot AS MATERIALIZED (
        SELECT ${bucketOf(
          sql`coalesce((SELECT uuid_send(id) FROM person), ${$.lookup})`,
          PASSWORD,
          sql`(SELECT uuid_send(id) FROM device)`,
        )} AS bucket, (SELECT id FROM person) AS account_id
      ), guess AS MATERIALIZED (
        ${reserve(PASSWORD, $.now)}
      )
      SELECT guess.bucket, guess.verdict, EXISTS (SELECT 1 FROM device) AS device_known,
             coalesce((SELECT trusted_until FROM device) > ${$.now}, false) AS device_trusted,
             ${neverSignedIn(sql`a.id`)} AS device_first, ${sql.raw(COLUMNS)}
        FROM guess LEFT JOIN person a ON true`,
  ),
  reserve: statement(
    'attempts.reserve',
    ($: { now: Date; tokens: readonly Buffer[]; accountId: string; factor: string }) => {
      const [account, factor] = [sql`${$.accountId}::uuid`, sql`${$.factor}::text`];
      const device = sql`(SELECT uuid_send(id) FROM devices
                         WHERE ${knownDevice(sql`${$.tokens}`, account, sql`${$.now}`)} LIMIT 1)`;
      return sql<GuessRow>`
      WITH slot AS MATERIALIZED (
        SELECT ${bucketOf(sql`uuid_send(${account})`, factor, device)} AS bucket, ${account} AS account_id
      )
      ${reserve(factor, $.now)}`;
    },
  ),
  fail: statement(
    'attempts.fail',
    ($: {
      bucket: Buffer;
      now: Date;
      counts: boolean;
      failed: readonly AuditLine[];
      locked: readonly AuditLine[];
    }) => sql<{ locked_now: boolean }>`
      WITH counted AS MATERIALIZED (
        SELECT count_failure(${$.bucket}, ${$.now}::timestamptz, ${$.counts}::boolean, ${LOCK_RULES}) AS locked_now
      ), failed AS (
        ${insertAuditLines($.failed)}
      ), locked AS (
        ${insertAuditLines($.locked, sql`(SELECT locked_now FROM counted)`)}
      )
      SELECT locked_now FROM counted`,
  ),
  release: statement(
    'attempts.release',
    ($: { bucket: Buffer }) => sql`
      UPDATE attempts SET in_flight = greatest(in_flight - 1, 0) WHERE bucket = ${$.bucket}`,
  ),
  // The row stays for as long as other guesses may be in flight: without it they would not count.
  clear: statement(
    'attempts.clear',
    ($: { bucket: Buffer }) => sql`
      UPDATE attempts
         SET failures = 0, locks = 0, locked_until = NULL, in_flight = greatest(in_flight - 1, 0),
             expires_at = in_flight_until
       WHERE bucket = ${$.bucket}`,
  ),
  unlock: statement(
    'attempts.unlock',
    ($: { accountId: string }) => sql`DELETE FROM attempts WHERE account_id = ${$.accountId} RETURNING factor`,
  ),
  unlockPassword: statement(
    'attempts.unlock_password',
    ($: { accountId: string }) => sql`
      UPDATE attempts SET failures = 0, locked_until = NULL
       WHERE account_id = ${$.accountId} AND factor = ${PASSWORD}`,
  ),
  findLock: statement(
    'attempts.find_lock',
    ($: { bucket: Buffer; now: Date }) => sql<LockRow>`
      SELECT encode(bucket, 'hex') AS id, account_id, factor, locked_until FROM attempts
       WHERE bucket = ${$.bucket} AND locked_until > ${$.now}`,
  ),
  endLock: statement(
    'attempts.end_lock',
    ($: { bucket: Buffer; now: Date }) => sql`
      WITH ended AS (DELETE FROM attempts WHERE bucket = ${$.bucket} AND locked_until > ${$.now} RETURNING 1)
      SELECT require_rows((SELECT count(*) FROM ended))`,
  ),
  locks: statement(
    'attempts.locks',
    ($: { accountId: string; now: Date }) => sql<Lock>`
      SELECT factor, max(locked_until) AS until FROM attempts
       WHERE account_id = ${$.accountId} AND locked_until > ${$.now} GROUP BY factor ORDER BY factor`,
  ),
};

interface LockRow {
  readonly id: string;
  readonly account_id: string | null;
  readonly factor: Factor;
  readonly locked_until: Date;
}

export const LOCK_LIST = createListing<LockRow, ListedLock>({
  name: 'lockouts',
  select: "encode(bucket, 'hex') AS id, account_id, factor, locked_until",
  from: 'attempts',
  id: { sql: "encode(bucket, 'hex')", type: 'text' },
  fields: {
    user_id: { type: 'id', operators: ['eq', 'pr'], sql: 'account_id' },
    factor: { type: 'text', operators: ['eq', 'ne'], sql: 'factor' },
    locked_until: { type: 'time', operators: ['gt', 'ge', 'lt', 'le'], sql: 'locked_until' },
  },
  sorts: { locked_until: { sql: 'locked_until', type: 'time' } },
  defaultSort: 'locked_until',
  item: lockOf,
});

function lockOf(row: LockRow): ListedLock {
  return { id: row.id, accountId: row.account_id ?? undefined, factor: row.factor, until: row.locked_until };
}

interface GuessRow extends Row {
  readonly bucket: Buffer;
  readonly verdict: 'taken' | 'busy' | 'locked';
}

interface PasswordGuessRow extends GuessRow {
  readonly device_known: boolean;
  readonly device_trusted: boolean;
  readonly device_first: boolean;
}

/** @param parts `pause` waits for a number of milliseconds, for the results of other guesses */
export function createAttempts(parts: {
  db: Db;
  accounts: Accounts;
  indexKey: Uint8Array;
  now: Clock;
  pause?: (ms: number) => Promise<unknown>;
}): Attempts {
  const { db, accounts, indexKey, now, pause = setTimeout } = parts;
  const time = () => new Date(now());

  /** A guess that exceeds the limit waits for the results of reserved ones: if those were right, it is allowed as well. */
  async function reserveWaiting<R extends GuessRow>(bind: () => BoundStatement<R>): Promise<R> {
    for (let tries = 1; ; tries += 1) {
      const rows = await db.query(bind()).catch((error: unknown) => {
        // Erased since the statement looked for the account; the next one finds none.
        if (sqlState(error) !== FOREIGN_KEY_VIOLATION) throw error;
        if (tries > 1) throw new AppError('credentials_changed', 'the account is gone', { cause: error });
        return undefined;
      });
      if (!rows) continue;
      const [row] = rows;
      if (!row) throw new Error('a guess left no row');
      if (row.verdict !== 'busy') return row;
      // Neither allowed nor refused yet: the reserved guesses may turn out to be right.
      if (tries === BUSY_TRIES) throw unavailable('signing in to this account');
      await pause(BUSY_PAUSE_MS);
    }
  }

  return {
    async reservePasswordGuess({ identifier, deviceCookie }) {
      const lookup = blindIndex(indexKey, normaliseIdentifier(identifier));
      const spellings = storedFormsOf(identifier).map((form) => blindIndex(indexKey, form));
      const tokens = deviceHashes(deviceCookie);
      const row = await reserveWaiting(() =>
        ATTEMPT_STATEMENTS.reservePassword.bind({ now: time(), tokens, lookup, spellings }),
      );
      return {
        ...guessOf(row),
        credentials: accounts.credentialsOf(row),
        account: () => accounts.fromRow(row),
        device: { known: row.device_known, trusted: row.device_trusted, first: row.device_first },
      };
    },

    async reserveGuess({ account, factor, deviceCookie }) {
      const tokens = deviceHashes(deviceCookie);
      const bind = () => ATTEMPT_STATEMENTS.reserve.bind({ now: time(), tokens, accountId: account.id, factor });
      return guessOf(await reserveWaiting(bind));
    },

    async countFailure({ bucket, allowed }, { failed = [], locked = [] } = {}) {
      const bound = ATTEMPT_STATEMENTS.fail.bind({ bucket, now: time(), counts: allowed, failed, locked });
      const [row] = await db.query(bound);
      return { lockedNow: row?.locked_now ?? false };
    },

    async releaseGuess({ bucket }) {
      await db.query(ATTEMPT_STATEMENTS.release.bind({ bucket }));
    },

    clearFailures: ({ bucket }) => ATTEMPT_STATEMENTS.clear.bind({ bucket }),
    unlock: (accountId) => ATTEMPT_STATEMENTS.unlock.bind({ accountId }),
    unlockPassword: (accountId) => ATTEMPT_STATEMENTS.unlockPassword.bind({ accountId }),
    locksOf: (accountId) => db.query(ATTEMPT_STATEMENTS.locks.bind({ accountId, now: time() })),

    listLocks(request = {}) {
      const where = (add: AddParameter) => `locked_until > ${add(time(), 'timestamptz')}`;
      return LOCK_LIST.read(db, request, { where });
    },

    async endingLock(id) {
      const bound = { bucket: Buffer.from(id, 'hex'), now: time() };
      const [row] = await db.query(ATTEMPT_STATEMENTS.findLock.bind(bound));
      if (!row) throw notFound('lock', id);
      return {
        before: lockOf(row),
        statements: [ATTEMPT_STATEMENTS.endLock.bind(bound)],
        refuse: refusedBy({ require_rows: () => notFound('lock', id) }),
      };
    },
  };
}

function guessOf({ bucket, verdict }: GuessRow): Guess {
  return { allowed: verdict === 'taken', bucket };
}
