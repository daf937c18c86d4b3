// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** The entries of the configuration file as it was applied last, and the settings that it declares. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    CREATE TABLE declared_entries (
      -- the member of the file, such as clients
      kind text NOT NULL,
      key  text NOT NULL,
      -- SHA-256 of the entry with its defaults
      entry_hash bytea NOT NULL,
      PRIMARY KEY (kind, key)
    )`.execute(db);
  await sql`
    CREATE TABLE declared_settings (
      -- as in the environment, such as CARDEA_PASSWORD_POLICY
      name  text PRIMARY KEY,
      value text NOT NULL
    )`.execute(db);
}
