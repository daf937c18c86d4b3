// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** Where the sealed log of the audit is sent to, and what could not be sent. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    CREATE TABLE audit_destinations (
      id               uuid PRIMARY KEY,
      name             text NOT NULL,
      -- webhook, cloudevents, syslog or file
      kind             text NOT NULL,
      -- such as the URL
      settings         jsonb NOT NULL,
      -- the secret that signs, and during its rotation the one before
      sealed_secret    bytea,
      -- of actions, or their beginnings with an asterisk; of a client's destination, of types of events. Empty: all
      actions          text[] NOT NULL,
      -- empty: all
      outcomes         text[] NOT NULL,
      -- whose events they are, for a destination of an app
      client_id        text REFERENCES clients ON DELETE CASCADE,
      -- also about people who have not used the app
      everybody        boolean NOT NULL,
      -- also sends signed heads
      heads            boolean NOT NULL,
      -- the index of the leaf that comes next
      position         bigint NOT NULL,
      -- the size of the last head that was sent
      head_position    bigint NOT NULL,
      enabled          boolean NOT NULL,
      -- the reason, when the server has disabled it
      disabled_reason  text,
      -- of what comes next
      attempts         integer NOT NULL DEFAULT 0,
      last_failure     text,
      next_attempt_at  timestamptz NOT NULL,
      -- who sends at this moment: a change of the destination takes it away
      lease_id         uuid,
      leased_until     timestamptz,
      version          integer NOT NULL DEFAULT 1,
      created_at       timestamptz NOT NULL,
      updated_at       timestamptz NOT NULL
    )`.execute(db);
  await sql`CREATE INDEX audit_destinations_due ON audit_destinations (next_attempt_at, id)`.execute(db);
  await sql`CREATE INDEX audit_destinations_age ON audit_destinations (created_at, id)`.execute(db);
  await sql`CREATE INDEX audit_destinations_client ON audit_destinations (client_id)`.execute(db);
  await sql`
    CREATE TABLE audit_dead_letters (
      id             uuid PRIMARY KEY,
      destination_id uuid NOT NULL REFERENCES audit_destinations ON DELETE CASCADE,
      -- of the first and the last event; of a head, its size less one
      first_index    bigint NOT NULL,
      last_index     bigint NOT NULL,
      is_head        boolean NOT NULL,
      reason         text NOT NULL,
      attempts       integer NOT NULL,
      -- an operator wants it to be sent again
      wanted         boolean NOT NULL DEFAULT false,
      created_at     timestamptz NOT NULL
    )`.execute(db);
  await sql`CREATE INDEX audit_dead_letters_age ON audit_dead_letters (created_at, id)`.execute(db);
  await sql`CREATE INDEX audit_dead_letters_destination ON audit_dead_letters (destination_id, id)`.execute(db);
  await sql`
    CREATE INDEX audit_dead_letters_wanted ON audit_dead_letters (destination_id, id) WHERE wanted`.execute(db);
}
