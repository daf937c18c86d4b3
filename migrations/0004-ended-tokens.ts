// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** What ends JWT access tokens, which are not stored. Most go with the grant that they were issued under. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    ALTER TABLE grants
      -- counts how often its tokens were ended while it stayed: a JWT names the epoch that it was issued in
      ADD COLUMN epoch integer NOT NULL DEFAULT 0`.execute(db);
  await sql`
    CREATE INDEX session_authorizations_grant ON session_authorizations (grant_id) WHERE grant_id IS NOT NULL`.execute(
    db,
  );
  await sql`
    CREATE TABLE ended_tokens (
      -- 'jti …' or 'client …': tokens that hang on no row which could go
      what         text PRIMARY KEY,
      -- those issued up to then are ended
      issued_until timestamptz NOT NULL,
      -- when the last of them has expired
      expires_at   timestamptz NOT NULL
    )`.execute(db);
  await sql`CREATE INDEX ended_tokens_expiry ON ended_tokens (expires_at)`.execute(db);

  // Empty unless CARDEA_TOKEN_STATUS_LIST is on: which token has which place in which list, and what it hangs on.
  await sql`
    CREATE TABLE status_list_places (
      jti               text PRIMARY KEY,
      list_id           text NOT NULL,
      idx               integer NOT NULL,
      client_id         text NOT NULL,
      grant_id          text,
      grant_epoch       integer,
      ends_with_session boolean NOT NULL,
      issued_at         timestamptz NOT NULL,
      expires_at        timestamptz NOT NULL
    )`.execute(db);
  await sql`CREATE UNIQUE INDEX status_list_places_once ON status_list_places (list_id, idx)`.execute(db);
  await sql`CREATE INDEX status_list_places_expiry ON status_list_places (expires_at)`.execute(db);
}
