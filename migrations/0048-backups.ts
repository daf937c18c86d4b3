// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** What became of the last backups, and the destroyed keys that no list beside the backups has yet. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    CREATE TABLE backups (
      id       uuid PRIMARY KEY,
      name     text,
      began_at timestamptz NOT NULL,
      ended_at timestamptz NOT NULL,
      bytes    bigint,
      -- the code of the error; null for a good one
      failure  text
    )`.execute(db);
  await sql`CREATE INDEX backups_began ON backups (began_at)`.execute(db);
  await sql`CREATE TABLE unlisted_destroyed_keys (key_id uuid PRIMARY KEY)`.execute(db);
  await sql`INSERT INTO unlisted_destroyed_keys (key_id) SELECT key_id FROM destroyed_data_keys`.execute(db);
  await sql`
    CREATE OR REPLACE FUNCTION note_destroyed_data_key() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO destroyed_data_keys (key_id, destroyed_at) VALUES (OLD.key_id, now()) ON CONFLICT DO NOTHING;
      INSERT INTO unlisted_destroyed_keys (key_id) VALUES (OLD.key_id) ON CONFLICT DO NOTHING;
      RETURN NULL;
    END $$`.execute(db);
}
