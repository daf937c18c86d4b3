import type { Accounts } from '../../server/accounts/store.ts';
import type { BoundStatement, Db } from '../../server/platform/db.ts';

/**
 * The statements by which the store of accounts sets a password, without the other consequences of a change: sessions and
 * sign-ins under way stay, so that a test of the account's epoch proves the epoch alone.
 */
export async function changePassword(accounts: Accounts, id: string): Promise<BoundStatement[]> {
  const account = await accounts.resolve(id);
  return accounts.passwordStatements(account, account.passwordHash ?? '');
}

/** Deletes an account, or all of them. In SQL, because no operation of the server does so. */
export async function deleteAccounts(db: Db, id?: string): Promise<void> {
  await db.run({ name: '', text: 'DELETE FROM accounts WHERE $1::uuid IS NULL OR id = $1' }, [id ?? null]);
}
