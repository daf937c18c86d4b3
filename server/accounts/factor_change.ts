import { type Selectable, sql } from 'kysely';
import type { Accounts } from '../platform/database.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { AppError } from '../platform/errors.ts';
import { carryOut, type PlannedChange, refusedBy } from '../platform/planned.ts';
import { statement } from '../platform/statement.ts';
import type { Account } from './account.ts';
import { lastAdministrator, requireAbleAdministrator } from './administrators.ts';

export const FACTOR_CHANGE_STATEMENTS = {
  // FOR UPDATE: changes of an account's factors happen one after the other, each on the result of the one before.
  require: statement(
    'factors.require_epoch',
    ($: { accountId: string; epoch: number }) => sql`
      SELECT require_epoch(${$.epoch}, (SELECT epoch FROM accounts WHERE id = ${$.accountId} FOR UPDATE))`,
  ),
  // The kinds are read off the tables of the factors, so that they cannot differ from them.
  update: statement(
    'factors.update',
    ($: { accountId: string }) => sql<Pick<Selectable<Accounts>, 'epoch'>>`
      UPDATE accounts
         SET epoch = epoch + 1,
             second_factors = ARRAY(
               SELECT kind FROM (
                 SELECT 1 AS place, 'totp' AS kind WHERE EXISTS (SELECT 1 FROM totp WHERE account_id = ${$.accountId})
                 UNION ALL
                 SELECT 2, 'passkey' WHERE EXISTS (SELECT 1 FROM passkeys WHERE account_id = ${$.accountId})
               ) kinds ORDER BY place)
       WHERE id = ${$.accountId} RETURNING epoch`,
  ),
  // Recovery codes replace a second factor: without one they would be a factor of their own.
  dropCodes: statement(
    'factors.drop_codes',
    ($: { accountId: string }) => sql`
      DELETE FROM recovery_codes
       WHERE account_id = ${$.accountId}
         AND EXISTS (SELECT 1 FROM accounts WHERE id = ${$.accountId} AND second_factors = '{}')`,
  ),
  distrust: statement(
    'factors.distrust_devices',
    ($: { accountId: string }) => sql`
      UPDATE devices SET trusted_until = NULL WHERE account_id = ${$.accountId} AND trusted_until IS NOT NULL`,
  ),
};

/**
 * Changes the second factors of an account in one transaction: the factor itself, the list of kinds, the epoch (so that a
 * sign-in that began before does not complete after), recovery codes without a factor, and trust in browsers.
 * @param account as it was when the change was decided: an account that has changed since is not changed
 * @param change the first statement's rows are returned
 * @throws AppError 400 `credentials_changed` when the person's credentials changed meanwhile, 409 `last_administrator`
 */
export async function changeFactors(
  db: Db,
  account: Account,
  change: readonly BoundStatement[],
  also: readonly BoundStatement[] = [],
): Promise<{ epoch: number; rows: readonly unknown[] }> {
  const rows = await carryOut(db, changingFactors(account, change, also));
  const updated = rows[change.length + 1]?.[0] as unknown as { epoch: number };
  return { epoch: updated.epoch, rows: rows[1] ?? [] };
}

/** The same, for the caller's transaction. */
export function changingFactors(
  account: Pick<Account, 'id' | 'epoch' | 'passwordHash' | 'secondFactors'>,
  change: readonly BoundStatement[],
  also: readonly BoundStatement[] = [],
): PlannedChange {
  const accountId = account.id;
  return {
    statements: [
      FACTOR_CHANGE_STATEMENTS.require.bind({ accountId, epoch: account.epoch }),
      ...change,
      FACTOR_CHANGE_STATEMENTS.update.bind({ accountId }),
      FACTOR_CHANGE_STATEMENTS.dropCodes.bind({ accountId }),
      FACTOR_CHANGE_STATEMENTS.distrust.bind({ accountId }),
      ...also,
      ...requireAbleAdministrator(account),
    ],
    refuse: refusedBy({
      require_administrator: lastAdministrator,
      require_epoch: (cause) =>
        new AppError('credentials_changed', 'the account was changed meanwhile; try again', { cause }),
    }),
  };
}
