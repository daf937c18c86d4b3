// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** Public halves of retired keys, for ID tokens that come back as a hint after their key is gone. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    ALTER TABLE signing_keys
      -- sealed, so that a key that somebody writes into the database is not trusted
      ADD COLUMN sealed_public bytea,
      ADD CONSTRAINT signing_keys_public CHECK (sealed_public IS NULL OR (state = 'retired' AND NOT revoked))`.execute(
    db,
  );
}
