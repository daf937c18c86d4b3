import { EXPIRES as ACCOUNTS } from '../accounts/tables.ts';
import { EXPIRES as CLIENTS } from '../clients/tables.ts';
import type { Clock } from '../platform/clock.ts';
import type { Db, Statement } from '../platform/db.ts';
import { type ExpiringTable, EXPIRES as PLATFORM } from '../platform/tables.ts';
import { EXPIRES as RECORDS } from '../records/tables.ts';

/** Rows deleted by one statement: few enough that no lock is held for long. */
const BATCH = 1_000;

/** All tables with rows that expire. Each folder lists its own. */
export const EXPIRES: readonly ExpiringTable[] = [...RECORDS, ...ACCOUNTS, ...CLIENTS, ...PLATFORM];

export const DELETE: readonly Statement[] = EXPIRES.map(({ table, key }) => ({
  name: `cleanup_${table}`,
  // SKIP LOCKED: nodes that clean up at the same time share the rows instead of waiting for each other
  text: `DELETE FROM ${table} WHERE ${key} IN (
           SELECT ${key} FROM ${table} WHERE expires_at < $1 ORDER BY expires_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED
         ) RETURNING 1 AS deleted`,
}));

/**
 * Deletes expired rows in small batches until none is left.
 * @returns the number of rows deleted
 */
export async function cleanUp({ db, now }: { db: Db; now: Clock }): Promise<number> {
  let total = 0;
  for (const statement of DELETE) {
    for (let deleted = BATCH; deleted === BATCH; total += deleted) {
      deleted = (await db.run(statement, [new Date(now())])).length;
    }
  }
  return total;
}

export const OLDEST: Statement = {
  name: 'cleanup_oldest',
  text: `SELECT min(oldest) AS oldest FROM (
           ${EXPIRES.map(({ table }) => `(SELECT min(expires_at) AS oldest FROM ${table})`).join(' UNION ALL ')}
         ) AS all_tables`,
};

/** Seconds since the oldest row that is still stored expired: 0 when cleaning up keeps pace. */
export async function cleanUpLag({ db, now }: { db: Db; now: Clock }): Promise<number> {
  const [row] = await db.run<{ oldest: Date | null }>(OLDEST, []);
  return row?.oldest ? Math.max(0, (now() - row.oldest.getTime()) / 1000) : 0;
}
