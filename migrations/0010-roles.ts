// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** What a person may do, as the operator says it; apps read it by scope or by mapping, as they do groups. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`ALTER TABLE accounts ADD COLUMN roles text[] NOT NULL DEFAULT '{}'`.execute(db);
}
