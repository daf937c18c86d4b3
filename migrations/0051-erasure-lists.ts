// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/**
 * The newest list of erased people that was written beside the backups, and whose lists they are. Lists that were written before this
 * have no number, so that all ids are listed again.
 */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    CREATE TABLE erasure_lists (
      id           boolean PRIMARY KEY DEFAULT true CHECK (id),
      installation uuid NOT NULL DEFAULT gen_random_uuid(),
      number       bigint NOT NULL DEFAULT 0,
      -- of its file, hex; null before the first
      sha256       text
    )`.execute(db);
  await sql`INSERT INTO erasure_lists DEFAULT VALUES`.execute(db);
  await sql`
    INSERT INTO unlisted_destroyed_keys (key_id) SELECT key_id FROM destroyed_data_keys ON CONFLICT DO NOTHING`.execute(
    db,
  );
}
