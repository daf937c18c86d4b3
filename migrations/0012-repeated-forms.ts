// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/**
 * Answers to forms are kept beside those to refreshes, and most of them carry nothing that a client could use up: they
 * have no successor.
 */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`ALTER TABLE repeated_answers ALTER COLUMN successor_hash DROP NOT NULL`.execute(db);
}
