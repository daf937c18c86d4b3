import { type Selectable, sql } from 'kysely';
import type { Totp } from '../platform/database.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import type { Place, Sealer } from '../platform/sealing.ts';
import { columns, statement } from '../platform/statement.ts';
import type { Account } from './account.ts';

/** The place that the sealed secret of an authenticator app is bound to. */
export function secretPlace({ id }: Pick<Account, 'id'>): Place {
  return { table: 'totp', column: 'sealed_own', row: id };
}

export type TotpRow = Omit<Selectable<Totp>, 'last_step'> & { readonly last_step: number };

export type NewTotp = Omit<TotpRow, 'last_step'>;

const NEW_TOTP = columns<keyof NewTotp>({ account_id: 'uuid', sealed_own: 'bytea', created_at: 'timestamptz' });

export const TOTP_SECRET_STATEMENTS = {
  import: statement(
    'totp.import',
    ($: { secrets: readonly NewTotp[] }) => sql`
      INSERT INTO totp (${NEW_TOTP.names}, last_step)
      SELECT ${NEW_TOTP.names}, 0 FROM ${NEW_TOTP.unnest($.secrets)} AS n (${NEW_TOTP.names}) ORDER BY account_id`,
  ),
  secrets: statement(
    'totp.secrets',
    ($: { ids: readonly string[] }) => sql<Pick<TotpRow, 'account_id' | 'sealed_own'>>`
      SELECT account_id, sealed_own FROM totp WHERE account_id = ANY(${$.ids}::uuid[])`,
  ),
};

/** The secrets of those people who have one, by the id of their account. */
export async function totpSecretsOf(
  db: Pick<Db, 'query'>,
  { sealerOf }: { sealerOf(account: Account): Sealer },
  people: readonly Account[],
): Promise<ReadonlyMap<string, Buffer>> {
  const byId = new Map(people.map((account) => [account.id, account]));
  const rows = await db.query(TOTP_SECRET_STATEMENTS.secrets.bind({ ids: [...byId.keys()] }));
  return new Map(
    rows.flatMap(({ account_id: id, sealed_own: sealed }) => {
      const account = byId.get(id);
      return account ? [[id, sealerOf(account).open(secretPlace(account), sealed)] as const] : [];
    }),
  );
}

/** A secret that an account is imported with. */
export function totpRow(account: Pick<Account, 'id'>, accountSealer: Sealer, secret: Buffer, now: Date): NewTotp {
  return { account_id: account.id, sealed_own: accountSealer.seal(secretPlace(account), secret), created_at: now };
}

/** For the transaction that imports the accounts. */
export function importTotp(secrets: readonly NewTotp[]): BoundStatement {
  return TOTP_SECRET_STATEMENTS.import.bind({ secrets });
}
