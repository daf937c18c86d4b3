// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/**
 * Answers to forms are kept beside those to refreshes, and most of them carry nothing that a client could use up: they
 * have no successor.
 */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`ALTER TABLE repeated_answers ALTER COLUMN successor_hash DROP NOT NULL`.execute(db);
}

export async function down(db: Kysely<any>): Promise<void> {
  await sql`DELETE FROM repeated_answers WHERE successor_hash IS NULL`.execute(db);
  await sql`ALTER TABLE repeated_answers ALTER COLUMN successor_hash SET NOT NULL`.execute(db);
}
