// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/**
 * Codes that a person types in for a device, and how often a client asks how that went. Names tell what a column holds
 * as in 0001. Neither table refers to `records`, which lose rows with most requests: what is left behind here is found
 * by nobody, and expires.
 */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    CREATE TABLE user_codes (
      -- HMAC of the code under a sealed key: there are few enough of them to try them all on a bare hash
      lookup     bytea PRIMARY KEY,
      -- the device code that it stands for
      sealed     bytea NOT NULL,
      expires_at timestamptz NOT NULL
    )`.execute(db);
  await sql`CREATE INDEX user_codes_expiry ON user_codes (expires_at)`.execute(db);

  // Room in each page: a client that waits changes its row every few seconds.
  await sql`
    CREATE TABLE polls (
      -- of the device code
      id_hash          bytea PRIMARY KEY,
      polled_at        timestamptz NOT NULL,
      interval_seconds integer NOT NULL,
      -- the latest poll was
      too_soon         boolean NOT NULL,
      expires_at       timestamptz NOT NULL
    ) WITH (fillfactor = 80)`.execute(db);
  await sql`CREATE INDEX polls_expiry ON polls (expires_at)`.execute(db);
}
