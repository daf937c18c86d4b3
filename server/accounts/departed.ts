import { type Selectable, sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { DepartedSubjects, ErasedAccounts } from '../platform/database.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import type { Place, Sealer } from '../platform/sealing.ts';
import { statement } from '../platform/statement.ts';
import type { Account } from './account.ts';

/**
 * The subjects of people who were deleted and whom apps know by another `sub` than the id of the account. Logout tokens need it
 * (OpenID Connect Back-Channel Logout 1.0 §2.4), and they are sent after the account is gone.
 */
export interface Departed {
  /** For the transaction that deletes the account; none for an account without a subject of its own. */
  noting(account: Pick<Account, 'id' | 'subject'>): BoundStatement[];
  /** @returns undefined when no account of this id was deleted lately, or the id was the subject */
  subjectOf(accountId: string): Promise<string | undefined>;
  /** For the same transaction: notes the id, so that what requests write that were under way is removed. */
  erased(accountId: string): BoundStatement;
  /** The ids of accounts that were erased within the last hour, without those that were imported again since. */
  erasedLately(): Promise<string[]>;
}

/** Logouts are tried for a day after the first attempt, which may come late. */
const KEPT_MS = 3 * 86_400_000;
/** Far longer than any request takes. */
const ERASED_KEPT_MS = 3_600_000;

type Row = Selectable<DepartedSubjects>;

export const DEPARTED_STATEMENTS = {
  erased: statement(
    'erased_accounts.insert',
    ($: Selectable<ErasedAccounts>) => sql`
      INSERT INTO erased_accounts (account_id, erased_at, expires_at)
      VALUES (${$.account_id}, ${$.erased_at}, ${$.expires_at})
      ON CONFLICT (account_id) DO UPDATE SET erased_at = excluded.erased_at, expires_at = excluded.expires_at`,
  ),
  erasedLately: statement(
    'erased_accounts.lately',
    ($: { now: Date }) => sql<Pick<ErasedAccounts, 'account_id'>>`
      SELECT e.account_id FROM erased_accounts e
       WHERE e.expires_at > ${$.now} AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.id = e.account_id)`,
  ),
  insert: statement(
    'departed_subjects.insert',
    ($: Row) => sql`
      INSERT INTO departed_subjects (account_id, sealed, expires_at) VALUES (${$.account_id}, ${$.sealed}, ${$.expires_at})
      ON CONFLICT (account_id) DO UPDATE SET sealed = excluded.sealed, expires_at = excluded.expires_at`,
  ),
  find: statement(
    'departed_subjects.find',
    ($: { accountId: string; now: Date }) => sql<Pick<Row, 'sealed'>>`
      SELECT sealed FROM departed_subjects WHERE account_id = ${$.accountId}::uuid AND expires_at > ${$.now}`,
  ),
};

export function createDeparted({ db, sealer, now }: { db: Db; sealer: Sealer; now: Clock }): Departed {
  return {
    noting({ id, subject }) {
      if (subject === undefined) return [];
      const sealed = sealer.seal(departedPlace(id), Buffer.from(subject));
      return [DEPARTED_STATEMENTS.insert.bind({ account_id: id, sealed, expires_at: new Date(now() + KEPT_MS) })];
    },
    erased(accountId) {
      const [erasedAt, expiresAt] = [new Date(now()), new Date(now() + ERASED_KEPT_MS)];
      return DEPARTED_STATEMENTS.erased.bind({ account_id: accountId, erased_at: erasedAt, expires_at: expiresAt });
    },
    async erasedLately() {
      const rows = await db.query(DEPARTED_STATEMENTS.erasedLately.bind({ now: new Date(now()) }));
      return rows.map(({ account_id: accountId }) => accountId);
    },
    async subjectOf(accountId) {
      const [row] = await db.query(DEPARTED_STATEMENTS.find.bind({ accountId, now: new Date(now()) }));
      return row && sealer.open(departedPlace(accountId), row.sealed).toString();
    },
  };
}

const departedPlace = (accountId: string): Place => ({ table: 'departed_subjects', column: 'sealed', row: accountId });
