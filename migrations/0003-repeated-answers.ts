// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/**
 * What a refresh token was used up for, for a client that did not get it and asks again. `sealed_by_token` is sealed
 * under the presented token, of which the database has the hash alone: neither a dump nor the master key opens it.
 */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    CREATE TABLE repeated_answers (
      -- that of the used record; without that record nothing leads here, so it need not go with it
      id_hash         bytea PRIMARY KEY,
      -- the refresh token that was issued for it: once that is used, the answer has arrived
      successor_hash  bytea NOT NULL,
      sealed_by_token bytea NOT NULL,
      expires_at      timestamptz NOT NULL
    )`.execute(db);
  await sql`CREATE INDEX repeated_answers_expiry ON repeated_answers (expires_at)`.execute(db);
}
