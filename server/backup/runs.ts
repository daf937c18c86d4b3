import { sql } from 'kysely';
import type { BoundStatement, Db } from '../platform/db.ts';
import { statement } from '../platform/statement.ts';

/** The outcomes of the last backups that this installation has made. */
export interface Run {
  readonly id: string;
  /** Undefined for one that failed. */
  readonly name: string | null;
  readonly began_at: Date;
  readonly ended_at: Date;
  readonly bytes: number | null;
  /** The code of the error. */
  readonly failure: string | null;
}

export interface LastRuns {
  readonly good: Run | undefined;
  /** The newest, if it is newer than the last good one. */
  readonly failed: Run | undefined;
}

/** Rows that are kept, for the history. */
const KEPT = 1_000;

export const BACKUP_STATEMENTS = {
  note: statement(
    'backups.note',
    ($: Run) => sql`
      INSERT INTO backups (id, name, began_at, ended_at, bytes, failure)
      VALUES (${$.id}, ${$.name}, ${$.began_at}, ${$.ended_at}, ${$.bytes}, ${$.failure})`,
  ),
  // A week of failures must not take away what is known of the last good one.
  forget: statement(
    'backups.forget',
    () => sql`
      DELETE FROM backups WHERE id IN (SELECT id FROM backups ORDER BY began_at DESC OFFSET ${sql.lit(KEPT)})
         AND id NOT IN (SELECT id FROM backups WHERE failure IS NULL AND began_at < now() + interval '1 hour' ORDER BY began_at DESC LIMIT 1)`,
  ),
  time: statement('backups.time', () => sql<{ at: Date }>`SELECT clock_timestamp() AS at`),
  // A database whose clock was ahead must not stop the schedule until then.
  last: statement(
    'backups.last',
    () => sql<LastRow>`
      (SELECT id, name, began_at, ended_at, bytes, failure FROM backups WHERE failure IS NULL AND began_at < now() + interval '1 hour' ORDER BY began_at DESC LIMIT 1)
      UNION ALL
      (SELECT id, name, began_at, ended_at, bytes, failure FROM backups WHERE failure IS NOT NULL AND began_at < now() + interval '1 hour' ORDER BY began_at DESC LIMIT 1)`,
  ),
};

/**
 * The time of the database, by which backups are named, due and removed: that of one node, whose clock is days ahead, would make a backup
 * at each look, or remove those of the last weeks.
 */
export async function databaseTime(db: Pick<Db, 'query'>): Promise<Date> {
  const [row] = await db.query(BACKUP_STATEMENTS.time.bind());
  if (!row) throw new Error('a SELECT without FROM has one row');
  return row.at;
}

export const lastRuns = async (db: Pick<Db, 'query'>): Promise<LastRuns> =>
  lastOf(await db.query(BACKUP_STATEMENTS.last.bind()));

export type LastRow = Omit<Run, 'bytes'> & { readonly bytes: string | null };

/** @param rows of the statement `last` */
export function lastOf(rows: readonly LastRow[]): LastRuns {
  const runs = rows.map((row): Run => ({ ...row, bytes: row.bytes === null ? null : Number(row.bytes) }));
  const good = runs.find(({ failure }) => failure === null);
  const failed = runs.find(({ failure }) => failure !== null);
  const isNewer = failed && (!good || failed.began_at > good.began_at);
  return { good, failed: isNewer ? failed : undefined };
}

/** For a transaction with others. */
export const noting = (run: Run): BoundStatement => BACKUP_STATEMENTS.note.bind(run);

export const noteRun = (db: Pick<Db, 'transact'>, run: Run): Promise<unknown> =>
  db.transact([noting(run), BACKUP_STATEMENTS.forget.bind()]);
