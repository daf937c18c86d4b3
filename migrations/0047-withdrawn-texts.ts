// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** The time when the operator withdrew a version of a text: people are not asked for it any more, and records of its acceptance stay. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`ALTER TABLE texts ADD COLUMN withdrawn_at timestamptz`.execute(db);
}
