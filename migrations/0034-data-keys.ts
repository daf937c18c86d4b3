// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/**
 * People's own keys move into a table of their own, so that a backup can leave them out or keep them for a shorter time, and so that
 * each destroyed key leaves its id: a backup that is restored holds keys that were destroyed since, and the ids tell which.
 */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    CREATE TABLE data_keys (
      account_id uuid PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
      -- random, so that it tells nothing of the account when that is gone
      key_id     uuid NOT NULL UNIQUE,
      sealed_key bytea NOT NULL,
      created_at timestamptz NOT NULL
    )`.execute(db);
  await sql`
    CREATE TABLE destroyed_data_keys (
      key_id       uuid PRIMARY KEY,
      destroyed_at timestamptz NOT NULL
    )`.execute(db);

  // A trigger, so that a key is noted in the transaction that destroys it, also when a foreign key does.
  await sql`
    CREATE FUNCTION note_destroyed_data_key() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO destroyed_data_keys (key_id, destroyed_at) VALUES (OLD.key_id, now()) ON CONFLICT DO NOTHING;
      RETURN NULL;
    END $$`.execute(db);
  await sql`
    CREATE TRIGGER note_destroyed AFTER DELETE ON data_keys
    FOR EACH ROW EXECUTE FUNCTION note_destroyed_data_key()`.execute(db);

  await sql`
    CREATE FUNCTION refuse_other_than_insert() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'rows of % are only added', TG_TABLE_NAME;
    END $$`.execute(db);
  await sql`
    CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON destroyed_data_keys
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_other_than_insert()`.execute(db);

  // The values stay bound to accounts.sealed_key, since a migration has no keys: servers read both forms (openDataKey in
  // accounts/rows.ts), and "cardea master-key rotate" seals them again for their new place.
  await sql`
    INSERT INTO data_keys (account_id, key_id, sealed_key, created_at)
    SELECT id, gen_random_uuid(), sealed_key, created_at FROM accounts`.execute(db);
  await sql`ALTER TABLE accounts DROP COLUMN sealed_key`.execute(db);
}
