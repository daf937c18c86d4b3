import { sql } from 'kysely';
import type { Db } from './db.ts';
import { AppError } from './errors.ts';
import { statement } from './statement.ts';

/** The table that a database has while it is restored. It is no part of the schema: there may be none yet. */
export const UNFINISHED_RESTORE = 'unfinished_restore';

export const UNFINISHED_RESTORE_STATEMENTS = {
  find: statement(
    'unfinished_restore.find',
    () => sql<{ there: boolean }>`SELECT to_regclass(${sql.lit(UNFINISHED_RESTORE)}) IS NOT NULL AS there`,
  ),
};

/** Whether the database has a part of a backup alone: a restore is under way, or was interrupted. */
export async function isPartlyRestored(db: Pick<Db, 'query'>): Promise<boolean> {
  const [row] = await db.query(UNFINISHED_RESTORE_STATEMENTS.find.bind());
  return row?.there ?? false;
}

/** @throws AppError 409 `restore_unfinished` for a database that has a part of a backup alone */
export async function assertRestored(db: Pick<Db, 'query'>): Promise<void> {
  if (!(await isPartlyRestored(db))) return;
  throw new AppError(
    'restore_unfinished',
    'the database is being restored, or a restore of it was interrupted: wait for it, or run "cardea backup restore" again',
  );
}
