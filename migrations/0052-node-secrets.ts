// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** Which secrets of its settings each node uses, as keyed hashes; none for a node of an earlier version, which does not say. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`ALTER TABLE key_nodes ADD COLUMN secrets text[] NOT NULL DEFAULT '{}'`.execute(db);
}
