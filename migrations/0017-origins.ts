// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/**
 * Whom something is counted as that is kept before anybody has signed in: an address, a client or an account, as HMAC
 * under a sealed key. Of each only so much is kept, and the oldest goes first.
 */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`ALTER TABLE records ADD COLUMN origin bytea`.execute(db);
  await sql`CREATE INDEX records_origin ON records (model, origin, expires_at) WHERE origin IS NOT NULL`.execute(db);
  await sql`CREATE INDEX records_unfinished ON records (model, expires_at) WHERE origin IS NOT NULL`.execute(db);
  // Null as soon as somebody has signed in there.
  await sql`ALTER TABLE sessions ADD COLUMN origin bytea`.execute(db);
  await sql`CREATE INDEX sessions_origin ON sessions (origin, expires_at) WHERE origin IS NOT NULL`.execute(db);
  await sql`CREATE INDEX sessions_unfinished ON sessions (expires_at) WHERE origin IS NOT NULL`.execute(db);
  // SHA-256 of the device code that a user code stands for, so that it goes with it.
  await sql`ALTER TABLE user_codes ADD COLUMN id_hash bytea`.execute(db);
  await sql`CREATE INDEX user_codes_device ON user_codes (id_hash) WHERE id_hash IS NOT NULL`.execute(db);
}
