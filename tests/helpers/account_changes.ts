import type { Account } from '../../server/accounts/account.ts';
import type { ImportedAccount } from '../../server/accounts/profile.ts';
import type { Accounts } from '../../server/accounts/store.ts';
import type { BoundStatement, Db } from '../../server/platform/db.ts';
import { carryOut } from '../../server/platform/planned.ts';

/**
 * What operations change of accounts, by their own statements and without all other consequences: sessions stay, so that a test of
 * a disabled account proves that this alone is enough.
 */
export interface AccountChanges {
  /** As an import does. */
  createAll(inputs: readonly ImportedAccount[]): Promise<Account[]>;
  /** @param also statements for the same transaction */
  disable(id: string, also?: readonly BoundStatement[]): Promise<void>;
  enable(id: string): Promise<void>;
  setGroups(id: string, groups: readonly string[]): Promise<void>;
  setRoles(id: string, roles: readonly string[]): Promise<void>;
}

export function accountChanges(db: Db, { plans }: Pick<Accounts, 'plans'>): AccountChanges {
  return {
    async createAll(inputs) {
      const { accounts, ...planned } = await plans.creatingAll(inputs);
      await carryOut(db, planned);
      return accounts;
    },
    disable: async (id, also = []) => void (await db.transact([plans.disabling(id), ...also])),
    enable: async (id) => void (await db.query(plans.enabling(id))),
    setGroups: async (id, groups) => void (await db.query(plans.settingGroups(id, groups))),
    setRoles: async (id, roles) => void (await db.query(plans.settingRoles(id, roles))),
  };
}

/**
 * The statements by which the store of accounts sets a password, without the other consequences of a change: sessions and
 * sign-ins under way stay, so that a test of the account's epoch proves the epoch alone.
 */
export async function changePassword(accounts: Accounts, id: string, setAt?: Date): Promise<BoundStatement[]> {
  const account = await accounts.resolve(id);
  return accounts.passwordStatements(account, account.passwordHash ?? '', setAt);
}

/** Deletes an account, or all of them. In SQL, because no operation of the server does so. */
export async function deleteAccounts(db: Db, id?: string): Promise<void> {
  if (id === undefined) await db.run({ text: 'DELETE FROM accounts' }, []);
  else await db.run({ text: 'DELETE FROM accounts WHERE id = $1' }, [id]);
}
