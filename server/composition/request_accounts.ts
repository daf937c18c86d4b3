import type { Account } from '../accounts/account.ts';
import type { Accounts } from '../accounts/store.ts';
import type { Unit, Units } from '../records/unit.ts';

/** Reads each account at most once in a request. */
export interface RequestAccounts {
  find(id: string): Promise<Account | undefined>;
  /** Remembers an account that was read in another way, so that this request does not read it again. */
  keep(account: Account): void;
}

export function createRequestAccounts(
  units: Pick<Units, 'current'>,
  accounts: Pick<Accounts, 'findById' | 'fromRow'>,
): RequestAccounts {
  const byUnit = new WeakMap<Unit, Map<string, Promise<Account | undefined>>>();
  const accountsOf = (unit: Unit) => {
    const map = byUnit.get(unit) ?? new Map<string, Promise<Account | undefined>>();
    byUnit.set(unit, map);
    return map;
  };
  const read = async (unit: Unit, id: string) => {
    const row = unit.joinedAccount(id);
    return row ? accounts.fromRow(row) : unit.trackRead(accounts.findById(id));
  };
  return {
    find(id) {
      const unit = units.current();
      const account = accountsOf(unit).get(id) ?? read(unit, id);
      accountsOf(unit).set(id, account);
      return account;
    },
    keep(account) {
      accountsOf(units.current()).set(account.id, Promise.resolve(account));
    },
  };
}
