import type { BoundStatement, Db } from '../platform/db.ts';
import type { Account } from './account.ts';
import { changeFactors } from './factor_change.ts';
import { PASSKEY_STATEMENTS } from './passkeys.ts';
import { TOTP_STATEMENTS } from './totp.ts';

/**
 * Removes all second factors of an account, recovery codes included, for a person who has lost them.
 * @param also statements for the same transaction, which end sessions and inform the person
 * @throws AppError 400 `credentials_changed`
 */
export async function removeSecondFactors(
  db: Db,
  account: Account,
  also: readonly BoundStatement[] = [],
): Promise<void> {
  const accountId = account.id;
  const change = [TOTP_STATEMENTS.remove.bind({ accountId }), PASSKEY_STATEMENTS.removeAll.bind({ accountId })];
  await changeFactors(db, account, change, also);
}
