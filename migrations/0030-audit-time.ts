// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** Entries of the audit are found by their time. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`CREATE INDEX audit_time ON audit (at, id)`.execute(db);
}
