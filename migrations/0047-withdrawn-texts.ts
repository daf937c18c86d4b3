// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** When the operator withdrew a version of a text: nobody is asked for it any more, and who accepted it keeps the record. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`ALTER TABLE texts ADD COLUMN withdrawn_at timestamptz`.execute(db);
}

export async function down(db: Kysely<any>): Promise<void> {
  await sql`ALTER TABLE texts DROP COLUMN withdrawn_at`.execute(db);
}
