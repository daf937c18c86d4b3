import type { Bound } from '../platform/db.ts';
import type { Place, Sealer } from '../platform/sealing.ts';
import type { Account } from './account.ts';

/** Where the secret of an authenticator app is kept, for what binds it to its place. */
export function secretPlace({ id }: Pick<Account, 'id'>): Place {
  return { table: 'totp', column: 'sealed_own', row: id };
}

const SQL = {
  import: {
    name: 'totp.import',
    text: 'INSERT INTO totp (account_id, sealed_own, last_step, created_at) VALUES ($1, $2, 0, $3)',
  },
};

/** For the transaction that makes an account of somebody who has used the secret elsewhere. */
export function importTotp(account: Pick<Account, 'id'>, own: Sealer, secret: Buffer, now: Date): Bound {
  return { statement: SQL.import, values: [account.id, own.seal(secretPlace(account), secret), now] };
}
