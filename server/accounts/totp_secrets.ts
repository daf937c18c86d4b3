import type { Selectable } from 'kysely';
import type { Totp } from '../platform/database.ts';
import type { BoundStatement } from '../platform/db.ts';
import type { Place, Sealer } from '../platform/sealing.ts';
import { statement, tables } from '../platform/statement.ts';
import type { Account } from './account.ts';

/** The place that the sealed secret of an authenticator app is bound to. */
export function secretPlace({ id }: Pick<Account, 'id'>): Place {
  return { table: 'totp', column: 'sealed_own', row: id };
}

export type TotpRow = Omit<Selectable<Totp>, 'last_step'> & { readonly last_step: number };

export const TOTP_SECRET_STATEMENTS = {
  import: statement('totp.import', ($: Omit<TotpRow, 'last_step'>) =>
    tables
      .insertInto('totp')
      .values({ account_id: $.account_id, sealed_own: $.sealed_own, last_step: 0, created_at: $.created_at }),
  ),
};

/** For the transaction that imports an account with its secret. */
export function importTotp(
  account: Pick<Account, 'id'>,
  accountSealer: Sealer,
  secret: Buffer,
  now: Date,
): BoundStatement {
  return TOTP_SECRET_STATEMENTS.import.bind({
    account_id: account.id,
    sealed_own: accountSealer.seal(secretPlace(account), secret),
    created_at: now,
  });
}
