// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/**
 * What signing in needs to hold under attack. Names tell what a column holds as in 0001. `sealed_own` is
 * sealed under the person's own key, and so becomes unreadable with it.
 */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    ALTER TABLE accounts
      -- null without a password, and for one whose age is not known
      ADD COLUMN password_set_at timestamptz,
      -- counts changes of what signs a person in: a sign-in that began before such a change does not end after it
      ADD COLUMN epoch integer NOT NULL DEFAULT 0,
      ADD COLUMN groups text[] NOT NULL DEFAULT '{}',
      -- kinds of second factor that the person has, so that signing in need not look for each
      ADD COLUMN second_factors text[] NOT NULL DEFAULT '{}'`.execute(db);
  await sql`UPDATE accounts SET password_set_at = created_at WHERE password_hash IS NOT NULL`.execute(db);
  // Refuses a transaction that would complete a sign-in which a change of credentials has overtaken.
  await sql`
    CREATE FUNCTION require_epoch(expected integer, actual integer) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
      IF actual IS DISTINCT FROM expected THEN
        RAISE EXCEPTION 'credentials changed' USING ERRCODE = 'CD002';
      END IF;
      RETURN true;
    END $$`.execute(db);

  await sql`
    CREATE TABLE password_history (
      id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      account_id    uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
      password_hash text NOT NULL
    )`.execute(db);
  await sql`CREATE INDEX password_history_account ON password_history (account_id, id)`.execute(db);

  await sql`
    CREATE TABLE attempts (
      -- SHA-256 of whom (an account's id, or the lookup of an identifier that nobody has), factor and device
      bucket          bytea PRIMARY KEY,
      account_id      uuid REFERENCES accounts (id) ON DELETE CASCADE,
      factor          text NOT NULL CHECK (factor IN ('password', 'totp', 'recovery_code')),
      -- what was said of the latest guess: go ahead, wait for those in flight, or not before locked_until
      verdict         text NOT NULL CHECK (verdict IN ('taken', 'busy', 'locked')),
      failures        integer NOT NULL,
      -- guesses whose outcome is not known yet; after in_flight_until they count as failures
      in_flight       integer NOT NULL,
      in_flight_until timestamptz NOT NULL,
      -- how often in a row it was locked: the next lock lasts twice as long
      locks           integer NOT NULL,
      locked_until    timestamptz,
      expires_at      timestamptz NOT NULL
    )`.execute(db);
  await sql`CREATE INDEX attempts_account ON attempts (account_id)`.execute(db);
  await sql`CREATE INDEX attempts_expiry ON attempts (expires_at)`.execute(db);

  await sql`
    CREATE TABLE devices (
      -- SHA-256 of the browser's cookie (as a hash) and the account's id: one browser may know several people
      id_hash       bytea PRIMARY KEY,
      account_id    uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
      -- until then the second factor is not asked for here
      trusted_until timestamptz,
      created_at    timestamptz NOT NULL,
      expires_at    timestamptz NOT NULL
    )`.execute(db);
  await sql`CREATE INDEX devices_account ON devices (account_id)`.execute(db);
  await sql`CREATE INDEX devices_expiry ON devices (expires_at)`.execute(db);

  // -- second factors ------------------------------------------------------------------------------------------------
  await sql`
    CREATE TABLE totp (
      account_id uuid PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
      sealed_own bytea NOT NULL,
      -- the latest time step of which a code was accepted (RFC 6238 §5.2)
      last_step  bigint NOT NULL,
      created_at timestamptz NOT NULL
    )`.execute(db);
  await sql`
    CREATE TABLE recovery_codes (
      -- HMAC of account and code under a sealed key: a code is too short for a plain hash
      lookup     bytea PRIMARY KEY,
      account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
      used_at    timestamptz
    )`.execute(db);
  await sql`CREATE INDEX recovery_codes_account ON recovery_codes (account_id)`.execute(db);
  await sql`
    CREATE TABLE passkeys (
      -- the WebAuthn credential id
      id           bytea PRIMARY KEY,
      account_id   uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
      public_key   bytea NOT NULL,
      counter      bigint NOT NULL,
      transports   text[] NOT NULL DEFAULT '{}',
      -- synchronised by the person's platform rather than bound to one device
      backed_up    boolean NOT NULL,
      -- what the person calls it
      sealed_own   bytea NOT NULL,
      created_at   timestamptz NOT NULL,
      last_used_at timestamptz
    )`.execute(db);
  await sql`CREATE INDEX passkeys_account ON passkeys (account_id)`.execute(db);

  // -- mail ------------------------------------------------------------------------------------------------------------
  await sql`
    CREATE TABLE links (
      token_hash bytea PRIMARY KEY,
      purpose    text NOT NULL,
      account_id uuid REFERENCES accounts (id) ON DELETE CASCADE,
      sealed     bytea NOT NULL,
      created_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL
    )`.execute(db);
  await sql`CREATE INDEX links_account ON links (account_id)`.execute(db);
  await sql`CREATE INDEX links_expiry ON links (expires_at)`.execute(db);
  await sql`
    CREATE TABLE mails (
      id         uuid PRIMARY KEY,
      sealed     bytea NOT NULL,
      tries      integer NOT NULL DEFAULT 0,
      due_at     timestamptz NOT NULL,
      expires_at timestamptz NOT NULL
    )`.execute(db);
  await sql`CREATE INDEX mails_due ON mails (due_at)`.execute(db);
  await sql`CREATE INDEX mails_expiry ON mails (expires_at)`.execute(db);

  // -- what a person sees of their own account --------------------------------------------------------------------------
  await sql`
    CREATE TABLE session_details (
      session_uid  text PRIMARY KEY REFERENCES sessions (uid) ON DELETE CASCADE,
      sealed_own   bytea NOT NULL,
      signed_in_at timestamptz NOT NULL,
      last_seen_at timestamptz NOT NULL
    )`.execute(db);
  await sql`
    CREATE TABLE security_events (
      id         uuid PRIMARY KEY,
      account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
      kind       text NOT NULL,
      sealed_own bytea NOT NULL,
      created_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL
    )`.execute(db);
  await sql`CREATE INDEX security_events_account ON security_events (account_id, id)`.execute(db);
  await sql`CREATE INDEX security_events_expiry ON security_events (expires_at)`.execute(db);

  await sql`
    ALTER TABLE clients
      -- Cardea's own pages; not the operator's to change
      ADD COLUMN builtin boolean NOT NULL DEFAULT false,
      -- nobody gets in there with one factor
      ADD COLUMN second_factor_required boolean NOT NULL DEFAULT false`.execute(db);
}
