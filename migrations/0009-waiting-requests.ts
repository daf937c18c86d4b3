// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/**
 * Requests of apps that wait for a person to decide (OpenID Connect Client-Initiated Backchannel Authentication). Names
 * tell what a column holds as in 0001. What was asked is in `records`; it does not refer to that, as in 0007.
 */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    CREATE TABLE waiting_requests (
      -- what the person's form calls it: nobody redeems anything with it
      id         uuid PRIMARY KEY,
      -- of the auth_req_id
      id_hash    bytea NOT NULL,
      account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
      client_id  text NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
      -- the auth_req_id
      sealed     bytea NOT NULL,
      asked_at   timestamptz NOT NULL,
      expires_at timestamptz NOT NULL
    )`.execute(db);
  await sql`CREATE INDEX waiting_requests_account ON waiting_requests (account_id)`.execute(db);
  await sql`CREATE INDEX waiting_requests_client ON waiting_requests (client_id)`.execute(db);
  await sql`CREATE INDEX waiting_requests_expiry ON waiting_requests (expires_at)`.execute(db);
}
