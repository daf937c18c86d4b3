// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/**
 * What a column holds when its name does not say:
 * - `sealed`  AES-256-GCM under a master key that is not in the database; unreadable in a dump
 * - `*_hash`  SHA-256 of a bearer secret with 256 bits of randomness
 * - `lookup`  HMAC of a person's identifier under a sealed key
 */
export async function up(db: Kysely<any>): Promise<void> {
  // -- secrets of the server: signing keys, cookie keys, index key ------------------------------------------------
  await sql`
    CREATE TABLE signing_keys (
      kid          text PRIMARY KEY,
      ring         text NOT NULL,
      alg          text NOT NULL,
      state        text NOT NULL CHECK (state IN ('pending', 'active', 'retiring', 'retired')),
      public_jwk   jsonb,
      sealed       bytea,
      created_at   timestamptz NOT NULL,
      activated_at timestamptz,
      retiring_at  timestamptz,
      retired_at   timestamptz,
      -- the longest lifetime of anything this key may have signed, in seconds
      signs_for    integer NOT NULL,
      -- an operator asked for it: it does not wait until the active key has signed for the rotation period
      expedited    boolean NOT NULL DEFAULT false,
      revoked      boolean NOT NULL DEFAULT false,
      -- which version of the whole key set this key first appeared in
      published_in bigint NOT NULL,
      -- the private half is there as long as the key is published, and no longer
      CHECK ((state = 'retired') = (sealed IS NULL))
    )`.execute(db);
  // A crash or a race may never leave two keys signing for one ring, or two waiting to.
  await sql`
    CREATE UNIQUE INDEX signing_keys_one_each ON signing_keys (ring, state) WHERE state IN ('pending', 'active')`.execute(
    db,
  );
  await sql`
    CREATE TABLE key_set (
      singleton    boolean PRIMARY KEY DEFAULT true CHECK (singleton),
      version      bigint NOT NULL,
      -- the latest instant at which any node was there to sign, by its own clock; never goes back when a clock does
      last_seen_at timestamptz NOT NULL
    )`.execute(db);
  await sql`INSERT INTO key_set (version, last_seen_at) VALUES (0, 'epoch')`.execute(db);
  await sql`
    CREATE TABLE key_nodes (
      node_id      text PRIMARY KEY,
      acknowledged bigint NOT NULL,
      -- since when it serves that version, in place of an older one
      acknowledged_at timestamptz NOT NULL,
      seen_at      timestamptz NOT NULL,
      -- what this node is configured to sign with; a ring goes when no live node has it any more
      rings        text[] NOT NULL
    )`.execute(db);
  await sql`CREATE TABLE server_secrets (name text PRIMARY KEY, sealed bytea NOT NULL, created_at timestamptz NOT NULL)`.execute(
    db,
  );

  // -- people ------------------------------------------------------------------------------------------------------
  await sql`
    CREATE TABLE accounts (
      id                  uuid PRIMARY KEY,
      -- the person's own key, sealed by the master key; destroying it makes the profile unreadable everywhere
      sealed_key          bytea NOT NULL,
      sealed_profile      bytea NOT NULL,
      password_hash       text,
      disabled_at         timestamptz,
      created_at          timestamptz NOT NULL,
      updated_at          timestamptz NOT NULL
    )`.execute(db);
  await sql`
    CREATE TABLE account_identifiers (
      lookup     bytea PRIMARY KEY,
      account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
      kind       text NOT NULL CHECK (kind IN ('email', 'username'))
    )`.execute(db);
  await sql`CREATE UNIQUE INDEX account_identifiers_account ON account_identifiers (account_id, kind)`.execute(db);

  // -- relying parties and resource servers ------------------------------------------------------------------------
  await sql`
    CREATE TABLE clients (
      id          text PRIMARY KEY,
      name        text NOT NULL,
      secret_hash bytea,
      first_party boolean NOT NULL DEFAULT false,
      -- RFC 7591 client metadata, without the secret
      metadata    jsonb NOT NULL,
      demo        boolean NOT NULL DEFAULT false,
      created_at  timestamptz NOT NULL,
      updated_at  timestamptz NOT NULL
    )`.execute(db);
  await sql`
    CREATE TABLE resource_servers (
      -- the RFC 8707 resource indicator, an absolute URI
      identifier text PRIMARY KEY,
      name       text NOT NULL,
      scopes     text[] NOT NULL,
      created_at timestamptz NOT NULL
    )`.execute(db);

  // -- what the provider persists ----------------------------------------------------------------------------------
  await sql`
    CREATE TABLE grants (
      id         text PRIMARY KEY,
      account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
      client_id  text NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
      sealed     bytea NOT NULL,
      expires_at timestamptz NOT NULL
    )`.execute(db);
  await sql`CREATE INDEX grants_account ON grants (account_id)`.execute(db);
  await sql`CREATE INDEX grants_client ON grants (client_id)`.execute(db);
  await sql`CREATE INDEX grants_expiry ON grants (expires_at)`.execute(db);

  await sql`
    CREATE TABLE sessions (
      uid        text PRIMARY KEY,
      id_hash    bytea NOT NULL UNIQUE,
      account_id uuid REFERENCES accounts (id) ON DELETE CASCADE,
      sealed     bytea NOT NULL,
      expires_at timestamptz NOT NULL
    )`.execute(db);
  await sql`CREATE INDEX sessions_account ON sessions (account_id)`.execute(db);
  await sql`CREATE INDEX sessions_expiry ON sessions (expires_at)`.execute(db);
  // One row a relying party that the session has signed in to: parallel requests add theirs without losing others.
  await sql`
    CREATE TABLE session_authorizations (
      session_uid     text NOT NULL REFERENCES sessions (uid) ON DELETE CASCADE,
      client_id       text NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
      sid             text,
      grant_id        text,
      persists_logout boolean NOT NULL DEFAULT false,
      PRIMARY KEY (session_uid, client_id)
    )`.execute(db);
  await sql`CREATE INDEX session_authorizations_client ON session_authorizations (client_id)`.execute(db);

  // Room in each page, so that marking a record as used touches no index (a heap-only update).
  await sql`
    CREATE TABLE records (
      id_hash     bytea PRIMARY KEY,
      model       text NOT NULL,
      -- a token cannot be saved for a grant that was revoked meanwhile, and goes with its grant
      grant_id    text REFERENCES grants (id) ON DELETE CASCADE,
      account_id  uuid,
      client_id   text,
      session_uid text,
      sealed      bytea NOT NULL,
      consumed_at timestamptz,
      expires_at  timestamptz NOT NULL
    ) WITH (fillfactor = 80)`.execute(db);
  await sql`CREATE INDEX records_grant ON records (grant_id) WHERE grant_id IS NOT NULL`.execute(db);
  await sql`CREATE INDEX records_client ON records (client_id) WHERE grant_id IS NULL`.execute(db);
  await sql`CREATE INDEX records_expiry ON records (expires_at)`.execute(db);

  // Insert-only: what is in here was used.
  await sql`CREATE TABLE replays (id_hash bytea PRIMARY KEY, expires_at timestamptz NOT NULL)`.execute(db);
  await sql`CREATE INDEX replays_expiry ON replays (expires_at)`.execute(db);

  // Refuses a transaction whose single-use records were not all there to be used (RFC 6749 §4.1.2, RFC 9700 §4.14.2).
  await sql`
    CREATE FUNCTION require_single_use(expected bigint, consumed bigint) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
      IF expected <> consumed THEN
        RAISE EXCEPTION 'already used' USING ERRCODE = 'CD001';
      END IF;
      RETURN true;
    END $$`.execute(db);
}
