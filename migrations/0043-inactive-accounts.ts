// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** Indexes by which the job finds the accounts that are next, without reading those that it has seen before. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`DROP INDEX accounts_active`.execute(db);
  await sql`
    CREATE INDEX accounts_active ON accounts (active_at, id)
     WHERE inactive_stage IS NULL AND disabled_at IS NULL AND restricted_at IS NULL AND deletion_due_at IS NULL`.execute(
    db,
  );
  await sql`
    CREATE INDEX accounts_inactive ON accounts (inactive_stage, inactive_stage_at, id)
     WHERE inactive_stage IS NOT NULL AND restricted_at IS NULL AND deletion_due_at IS NULL`.execute(db);
}
