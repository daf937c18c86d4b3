import pg from 'pg';
import { AppError, faultOfSender, unavailable } from './errors.ts';

/** SQLSTATE of an error that Postgres answered with. */
export function sqlState(error: unknown): string | undefined {
  if (error instanceof AppError) return sqlState(error.cause);
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

const WRONG_PASSWORD = '28P01';

export const isPasswordRefused = (error: unknown): boolean => sqlState(error) === WRONG_PASSWORD;

/** True when Postgres refused this value because a unique column has it already. */
export function conflictsOn(error: unknown, value: Uint8Array): boolean {
  if (error instanceof AppError) return conflictsOn(error.cause, value);
  // "Key (id_hash)=(\\x…) already exists.", in the language of the server
  const { detail } = error instanceof pg.DatabaseError && error.code === UNIQUE_VIOLATION ? error : {};
  return detail?.includes(Buffer.from(value).toString('hex')) ?? false;
}

/**
 * Functions of the schema that refuse a transaction, by calling one in a statement of it, and the SQLSTATE that each
 * raises. A transaction whose statements are all sent at once cannot decide anything between them.
 */
export const GUARDS = {
  /** A single-use value was used already. */
  require_single_use: 'CD001',
  /** The account's credentials have changed since they were checked, or the account was disabled. */
  require_epoch: 'CD002',
  /** There is no row to change. */
  require_rows: 'CD003',
  /** A row has changed since it was read. */
  require_as_read: 'CD004',
  /** No administrator would be left. */
  require_administrator: 'CD005',
} as const;

export type Guard = keyof typeof GUARDS;

/** The guard that refused a transaction; undefined for any other error. */
export function failedGuard(error: unknown): Guard | undefined {
  const state = sqlState(error);
  return (Object.keys(GUARDS) as Guard[]).find((guard) => GUARDS[guard] === state);
}

const DATABASE = 'the database';

/** `outages` logs once that the database is unavailable: failures for this reason are not logged again. */
export function isDatabaseAway(error: unknown): boolean {
  return error instanceof AppError && error.dependency === DATABASE;
}

export const UNIQUE_VIOLATION = '23505';
export const FOREIGN_KEY_VIOLATION = '23503';

/**
 * Passes refusals of Postgres (constraints…) on, turns everything that means that it is unavailable into a 503, and a
 * value that cannot be stored into a 400.
 */
export function translate(error: unknown): unknown {
  return isConnectionError(error) ? unavailable(DATABASE, error) : (faultOfSender(error) ?? error);
}

// 08 connection, 40 rolled back because of another transaction, 53 resources, 57 operator intervention (shutdown, statement timeout), 25006 a read-only standby
const UNAVAILABLE_STATES = /^(08|40|53|57)|^25006$/;

/** SQLSTATEs that are temporary, and no sign that Postgres is unavailable: rolled back because of another transaction, took too long. */
export const MOMENTARY = /^(40...|57014)$/;

export function isConnectionError(error: unknown): boolean {
  if (error instanceof AppError) return false;
  if (error instanceof pg.DatabaseError) return UNAVAILABLE_STATES.test(error.code ?? '');
  // All else is an error of a socket, or of pg that the connection is lost, unless it is a programming error.
  return error instanceof Error && !(error instanceof TypeError || error instanceof RangeError);
}
