import { type BoundStatement, type Db, failedGuard } from '../platform/db.ts';
import { AppError } from '../platform/errors.ts';
import type { Account } from './account.ts';

export const FACTOR_CHANGE_STATEMENTS = {
  // FOR UPDATE: changes of one person's factors happen one after the other, each over what the last one left.
  require: {
    name: 'factors.require_epoch',
    text: 'SELECT require_epoch($2, (SELECT epoch FROM accounts WHERE id = $1 FOR UPDATE))',
  },
  // What the person has is read off the tables themselves, so that it cannot drift from them.
  settle: {
    name: 'factors.settle',
    text: `UPDATE accounts
              SET epoch = epoch + 1,
                  second_factors = ARRAY(
                    SELECT kind FROM (
                      SELECT 1 AS place, 'totp' AS kind WHERE EXISTS (SELECT 1 FROM totp WHERE account_id = $1)
                      UNION ALL
                      SELECT 2, 'passkey' WHERE EXISTS (SELECT 1 FROM passkeys WHERE account_id = $1)
                    ) kinds ORDER BY place)
            WHERE id = $1 RETURNING epoch`,
  },
  // Codes stand in for a factor: without one they would be one themselves.
  dropCodes: {
    name: 'factors.drop_codes',
    text: `DELETE FROM recovery_codes
            WHERE account_id = $1 AND EXISTS (SELECT 1 FROM accounts WHERE id = $1 AND second_factors = '{}')`,
  },
  distrust: {
    name: 'factors.distrust_devices',
    text: 'UPDATE devices SET trusted_until = NULL WHERE account_id = $1 AND trusted_until IS NOT NULL',
  },
};

/**
 * Changes what a person's second factors are, as one transaction: the factor itself, the list of kinds, the epoch (so
 * that a sign-in which began before does not end after), codes that have nothing to stand in for, trust in browsers.
 * @param account as it was when the change was decided: one that has changed since is not touched
 * @param change the first statement's rows are returned
 * @throws AppError 400 `credentials_changed` when the person's credentials changed meanwhile
 */
export async function changeFactors(
  db: Db,
  account: Account,
  change: readonly BoundStatement[],
  also: readonly BoundStatement[] = [],
): Promise<{ epoch: number; rows: readonly unknown[] }> {
  const of = (statement: BoundStatement['statement'], ...values: unknown[]): BoundStatement => ({
    statement,
    values: [account.id, ...values],
  });
  try {
    const answers = await db.transact([
      of(FACTOR_CHANGE_STATEMENTS.require, account.epoch),
      ...change,
      of(FACTOR_CHANGE_STATEMENTS.settle),
      of(FACTOR_CHANGE_STATEMENTS.dropCodes),
      of(FACTOR_CHANGE_STATEMENTS.distrust),
      ...also,
    ]);
    const settled = answers[change.length + 1]?.[0] as { epoch: number };
    return { epoch: settled.epoch, rows: answers[1] ?? [] };
  } catch (cause) {
    if (failedGuard(cause) !== 'require_epoch') throw cause;
    throw new AppError('credentials_changed', 'the account was changed meanwhile; try again', { cause });
  }
}
