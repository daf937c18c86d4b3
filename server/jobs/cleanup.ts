import { sql } from 'kysely';
import { EXPIRES as ACCOUNTS } from '../accounts/tables.ts';
import { EXPIRES as CLIENTS } from '../clients/tables.ts';
import { EXPIRES as OPERATIONS } from '../operations/tables.ts';
import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { statement } from '../platform/statement.ts';
import { type ExpiringTable, EXPIRES as PLATFORM } from '../platform/tables.ts';
import { EXPIRES as RECORDS } from '../records/tables.ts';

/** Rows deleted by one statement: few enough that no lock is held for long. */
const BATCH = 1_000;

/** All tables with rows that expire. Each folder lists its own. */
export const EXPIRES: readonly ExpiringTable[] = [...RECORDS, ...ACCOUNTS, ...CLIENTS, ...OPERATIONS, ...PLATFORM];

export const CLEANUP_STATEMENTS = {
  // SKIP LOCKED: nodes that clean up at the same time share the rows instead of waiting for each other.
  // MATERIALIZED: some plans run a subquery more than once, and each time it selects other rows.
  deleteExpired: EXPIRES.map(({ table: name, key: column }) => {
    const [table, key] = [sql.table(name), sql.ref(column)];
    return statement(
      `cleanup_${name}`,
      ($: { now: Date }) => sql`
        WITH batch AS MATERIALIZED (
          SELECT ${key} FROM ${table} WHERE expires_at < ${$.now} ORDER BY expires_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED
        )
        DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM batch) RETURNING 1 AS deleted`,
    );
  }),
  oldest: statement('cleanup_oldest', () => {
    const oldest = EXPIRES.map(({ table }) => sql`(SELECT min(expires_at) AS oldest FROM ${sql.table(table)})`);
    return sql<{ oldest: Date | null }>`
      SELECT min(oldest) AS oldest FROM (${sql.join(oldest, sql` UNION ALL `)}) AS all_tables`;
  }),
};

/**
 * Deletes expired rows in small batches until none is left.
 * @returns the number of rows deleted
 */
export async function cleanUp({ db, now }: { db: Db; now: Clock }): Promise<number> {
  let total = 0;
  for (const { bind } of CLEANUP_STATEMENTS.deleteExpired) {
    for (let deleted = BATCH; deleted === BATCH; total += deleted) {
      deleted = (await db.query(bind({ now: new Date(now()) }))).length;
    }
  }
  return total;
}

/** Seconds since the oldest row that is still stored expired: 0 when cleaning up keeps pace. */
export async function cleanUpLag({ db, now }: { db: Db; now: Clock }): Promise<number> {
  const [row] = await db.query(CLEANUP_STATEMENTS.oldest.bind());
  return row?.oldest ? Math.max(0, (now() - row.oldest.getTime()) / 1000) : 0;
}
