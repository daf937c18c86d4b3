import type { BoundStatement, Db } from '../platform/db.ts';
import type { Account } from './account.ts';
import { changeFactors } from './factor_change.ts';

export const SECOND_FACTOR_STATEMENTS = {
  removeTotp: { name: 'second_factors.remove_totp', text: 'DELETE FROM totp WHERE account_id = $1' },
  removePasskeys: { name: 'second_factors.remove_passkeys', text: 'DELETE FROM passkeys WHERE account_id = $1' },
};

/**
 * Takes everything from a person that they could show beside their password, recovery codes included: they have lost it.
 * @param also statements for the same transaction: what must end with that, and who is told of it
 * @throws AppError 400 `credentials_changed`
 */
export async function removeSecondFactors(
  db: Db,
  account: Account,
  also: readonly BoundStatement[] = [],
): Promise<void> {
  const change = [SECOND_FACTOR_STATEMENTS.removeTotp, SECOND_FACTOR_STATEMENTS.removePasskeys].map((statement) => ({
    statement,
    values: [account.id],
  }));
  await changeFactors(db, account, change, also);
}
