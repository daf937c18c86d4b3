import { FOREIGN_KEY_VIOLATION, sqlState, UNIQUE_VIOLATION } from '../platform/db.ts';
import { AppError } from '../platform/errors.ts';

/** SQLSTATE that `require_single_use` raises (migration 0001). */
const ALREADY_USED = 'CD001';
/** SQLSTATE that `require_epoch` raises (migration 0002). */
const CREDENTIALS_CHANGED = 'CD002';

/** Verdicts that only the database can give, by SQLSTATE. */
const REFUSALS: Readonly<Record<string, { code: string; status: number; message: string }>> = {
  [ALREADY_USED]: { code: 'already_used', status: 400, message: 'it was used already' },
  [CREDENTIALS_CHANGED]: {
    code: 'credentials_changed',
    status: 400,
    message: 'the password was changed meanwhile; sign in again',
  },
  [FOREIGN_KEY_VIOLATION]: { code: 'grant_revoked', status: 400, message: 'what it was granted under is gone' },
  [UNIQUE_VIOLATION]: { code: 'replayed', status: 401, message: 'it was presented before' },
};

/** @returns what a failed commit says of the request; undefined when it is the database that failed */
export function refusalOf(error: unknown): AppError | undefined {
  const refusal = REFUSALS[sqlState(error) ?? ''];
  return refusal && new AppError(refusal.code, refusal.status, refusal.message, { cause: error });
}
