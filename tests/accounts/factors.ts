import { randomBytes } from 'node:crypto';
import { createPasskeys } from '../../server/accounts/passkeys.ts';
import { createRecoveryCodes } from '../../server/accounts/recovery_codes.ts';
import { createAccounts } from '../../server/accounts/store.ts';
import { createTotp } from '../../server/accounts/totp.ts';
import type { Db } from '../../server/platform/db.ts';
import { readIssuer } from '../../server/platform/issuer.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { loadServerSecret } from '../../server/platform/server_secrets.ts';
import { accountChanges } from '../helpers/account_changes.ts';
import { database } from '../helpers/postgres.ts';
import type { Scope } from '../helpers/scope.ts';

export const ISSUER = readIssuer('https://id.example.com');
export const START = Date.UTC(2026, 0, 1);

/** A fresh database with the stores of accounts and factors, and an adjustable clock. */
export async function factorStores(scope: Scope) {
  const { url, db } = await database(scope);
  const clock = { ms: START };
  const now = () => clock.ms;
  const sealer = createSealer([randomBytes(32)]);
  const indexKey = await loadServerSecret(db, sealer, 'account-index', now);
  const store = createAccounts({ db, sealer, indexKey, searchKey: randomBytes(32), now });
  const accounts = { ...store, ...accountChanges(db, store) };
  const regressions: string[] = [];
  const again = async (id: string) => {
    const account = await accounts.findById(id);
    if (!account) throw new Error('the account is gone');
    return account;
  };
  return {
    url,
    db,
    clock,
    accounts,
    again,
    regressions,
    totp: createTotp({ db, accounts, issuer: 'Example: Ltd', now }),
    recoveryCodes: createRecoveryCodes({ db, key: randomBytes(32), now }),
    passkeys: createPasskeys({
      db,
      accounts,
      issuer: ISSUER,
      name: 'Example',
      now,
      async onCounterRegression(account) {
        regressions.push(account.id);
      },
    }),
  };
}

export const query = (db: Db, text: string, values: readonly unknown[] = []) => db.run({ name: '', text }, values);
