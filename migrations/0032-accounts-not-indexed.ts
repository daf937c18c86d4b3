// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** The accounts that are not in the index for searches yet, in the order in which they are indexed. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`CREATE INDEX accounts_not_indexed_id ON accounts (id) WHERE search_tokens IS NULL`.execute(db);
}
