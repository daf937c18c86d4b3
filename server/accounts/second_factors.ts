import type { BoundStatement, Db } from '../platform/db.ts';
import type { Account } from './account.ts';
import { changeFactors } from './factor_change.ts';
import { normaliseName } from './profile.ts';

/** Who has to show a second factor, as the operator wants it; apps may want more. */
export interface SecondFactorPolicy {
  isRequired(account: Account): boolean;
}

/** @param settings `groups`: those whose members have to, when not everybody has */
export function createSecondFactorPolicy(settings: {
  required: boolean;
  groups: readonly string[];
}): SecondFactorPolicy {
  const demanding = new Set(settings.groups.map(normaliseName));
  return { isRequired: (account) => settings.required || account.groups.some((group) => demanding.has(group)) };
}

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
