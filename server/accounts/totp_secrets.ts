import type { BoundStatement } from '../platform/db.ts';
import type { Place, Sealer } from '../platform/sealing.ts';
import type { Account } from './account.ts';

/** Where the secret of an authenticator app is kept, for what binds it to its place. */
export function secretPlace({ id }: Pick<Account, 'id'>): Place {
  return { table: 'totp', column: 'sealed_own', row: id };
}

export const TOTP_SECRET_STATEMENTS = {
  import: {
    name: 'totp.import',
    text: 'INSERT INTO totp (account_id, sealed_own, last_step, created_at) VALUES ($1, $2, 0, $3)',
  },
};

/** For the transaction that makes an account of somebody who has used the secret elsewhere. */
export function importTotp(
  account: Pick<Account, 'id'>,
  accountSealer: Sealer,
  secret: Buffer,
  now: Date,
): BoundStatement {
  return {
    statement: TOTP_SECRET_STATEMENTS.import,
    values: [account.id, accountSealer.seal(secretPlace(account), secret), now],
  };
}
