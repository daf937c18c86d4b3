// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** Clients that nobody at the operator's made: those that registered themselves, and those that are a document. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    ALTER TABLE clients
      -- dynamic: by RFC 7591; document: its id is the URL of what describes it
      ADD COLUMN kind text NOT NULL DEFAULT 'operator' CHECK (kind IN ('operator', 'dynamic', 'document')),
      -- it named no scope, so it may ask at every resource server that is open to clients of its kind
      ADD COLUMN open_scope boolean NOT NULL DEFAULT false,
      -- SHA-256 of the registration access token (RFC 7592)
      ADD COLUMN management_token_hash bytea,
      -- what it was allowed to register, which also holds for what it changes
      ADD COLUMN policy jsonb,
      -- where it was registered from: HMAC of the network under a sealed key
      ADD COLUMN origin bytea,
      -- where it sends people back to, or what host its document is at
      ADD COLUMN host text,
      -- when tokens were last issued to it, to the day; null: never
      ADD COLUMN used_at timestamptz,
      -- until then its document need not be fetched again
      ADD COLUMN fresh_until timestamptz,
      -- from then on it goes, unless somebody has a live grant there
      ADD COLUMN expires_at timestamptz,
      ADD CONSTRAINT clients_first_party CHECK (kind = 'operator' OR NOT (first_party OR builtin OR demo)),
      ADD CONSTRAINT clients_expiry CHECK ((kind = 'operator') = (expires_at IS NULL))`.execute(db);
  await sql`CREATE INDEX clients_expiry_time ON clients (expires_at) WHERE kind <> 'operator'`.execute(db);
  // What quotas are counted by.
  await sql`CREATE INDEX clients_origin ON clients (origin) WHERE kind = 'dynamic'`.execute(db);
  await sql`
    CREATE INDEX clients_unused_origin ON clients (origin, created_at) WHERE kind = 'dynamic' AND used_at IS NULL`.execute(
    db,
  );
  await sql`
    CREATE INDEX clients_unused_host ON clients (kind, host, created_at) WHERE kind <> 'operator' AND used_at IS NULL`.execute(
    db,
  );
  await sql`
    CREATE INDEX clients_unused_documents ON clients (created_at) WHERE kind = 'document' AND used_at IS NULL`.execute(
    db,
  );

  await sql`
    ALTER TABLE resource_servers
      -- clients that nobody at the operator's made may ask people for access to it
      ADD COLUMN open boolean NOT NULL DEFAULT false`.execute(db);

  await sql`
    CREATE TABLE registration_tokens (
      id         text PRIMARY KEY,
      token_hash bytea NOT NULL UNIQUE,
      -- what may be registered with it
      policy     jsonb NOT NULL,
      uses_left  integer NOT NULL CHECK (uses_left >= 0),
      created_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL
    )`.execute(db);
  await sql`CREATE INDEX registration_tokens_expiry ON registration_tokens (expires_at)`.execute(db);
}
