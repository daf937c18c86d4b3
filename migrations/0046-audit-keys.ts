// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** The keys that replaced the first key of the audit. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    CREATE TABLE audit_keys (
      -- from 2: the first key needs no statement
      generation    integer PRIMARY KEY CHECK (generation > 1),
      -- RFC 7638 thumbprint; the key itself is derived from a secret in server_secrets
      key_id        text NOT NULL UNIQUE,
      -- which key follows which one, and from where in the log on; canonical JSON, as it is signed
      succession    text NOT NULL,
      -- by the key before
      signature     bytea NOT NULL,
      -- by the new key
      own_signature bytea NOT NULL,
      created_at    timestamptz NOT NULL
    )`.execute(db);
  await sql`
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_keys
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_audit()`.execute(db);
  await sql`
    CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON audit_keys
    EXECUTE FUNCTION refuse_change_of_audit()`.execute(db);
}
