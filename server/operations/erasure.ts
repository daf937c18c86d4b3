import type { Account } from '../accounts/account.ts';
import type { BoundStatement } from '../platform/db.ts';
import { endSessions } from '../records/overview.ts';
import type { AccountStores } from './services.ts';

/**
 * Removes every row about a person in one transaction (GDPR Art. 17), and with the account's key what backups hold of them. A request
 * of the same person that is under way waits for the account's row, and then fails; `sweep` removes what one of them has written that
 * needs no account. What stays: the audit, and what clients must still be told, both of which name the id alone; the subject by which
 * a client knows the person, sealed, until it was told.
 */
export function erasing(
  stores: Pick<AccountStores, 'accounts' | 'departed' | 'deliveries'>,
  account: Account,
): BoundStatement[] {
  const { id } = account;
  return [
    ...endSessions(id),
    stores.deliveries.forgetOf(id),
    ...stores.departed.noting(account),
    stores.departed.erased(id),
    stores.accounts.plans.deleting(id),
  ];
}
