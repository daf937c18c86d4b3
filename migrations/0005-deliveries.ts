// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** What relying parties are told in the background: queued in the transaction that it tells of. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    CREATE TABLE deliveries (
      id              uuid PRIMARY KEY,
      -- what is delivered; a node leaves alone what it does not know
      kind            text NOT NULL,
      -- no foreign keys: who is gone is told nothing, and a person who is gone may still be signed in at a relying party
      client_id       text NOT NULL,
      account_id      uuid,
      -- OpenID Connect Back-Channel Logout 1.0 §2.1
      sid             text,
      -- what else there is to say, of kinds that have more
      sealed          bytea,
      attempts        integer NOT NULL DEFAULT 0,
      next_attempt_at timestamptz NOT NULL DEFAULT '-infinity',
      -- null until the first attempt, from which it is counted
      expires_at      timestamptz
    )`.execute(db);
  await sql`CREATE INDEX deliveries_due ON deliveries (next_attempt_at)`.execute(db);
  await sql`CREATE INDEX deliveries_expiry ON deliveries (expires_at)`.execute(db);
}
