import { FOREIGN_KEY_VIOLATION, GUARDS, sqlState, UNIQUE_VIOLATION } from '../platform/db_errors.ts';
import { AppError, type ErrorCode } from '../platform/errors.ts';

/** The error of a request whose commit the database refuses, by SQLSTATE. */
const REFUSALS: Readonly<Record<string, { code: ErrorCode; message: string }>> = {
  [GUARDS.require_single_use]: { code: 'already_used', message: 'it was used already' },
  [GUARDS.require_epoch]: {
    code: 'credentials_changed',
    message: 'the password was changed meanwhile; sign in again',
  },
  [FOREIGN_KEY_VIOLATION]: { code: 'grant_revoked', message: 'what it was granted under is gone' },
  [UNIQUE_VIOLATION]: { code: 'replayed', message: 'it was presented before' },
};

/** @returns the error that a refused commit means for the request; undefined when the database itself failed */
export function refusalOf(error: unknown): AppError | undefined {
  const refusal = REFUSALS[sqlState(error) ?? ''];
  return refusal && new AppError(refusal.code, refusal.message, { cause: error });
}
