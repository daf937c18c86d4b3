// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/**
 * Who had allowed something to a client that gets events: it is told of what ends that as well, such as the deletion of the account,
 * when the grants are gone.
 */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    CREATE TABLE former_grants (
      -- of the client and the account
      id         text PRIMARY KEY,
      client_id  text NOT NULL,
      -- no foreign key: the account may be gone
      account_id uuid NOT NULL,
      expires_at timestamptz NOT NULL
    )`.execute(db);
  await sql`CREATE INDEX former_grants_expiry ON former_grants (expires_at)`.execute(db);
  // Sorted, so that two transactions never wait for one another in a circle.
  await sql`
    CREATE FUNCTION note_former_grants() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO former_grants (id, client_id, account_id, expires_at)
      SELECT DISTINCT d.account_id || ' ' || d.client_id, d.client_id, d.account_id, now() + interval '3 days'
        FROM deleted d
       WHERE d.account_id IS NOT NULL AND d.client_id IN (SELECT client_id FROM audit_destinations WHERE client_id IS NOT NULL)
       ORDER BY 1
      ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at;
      RETURN NULL;
    END $$`.execute(db);
  await sql`
    CREATE TRIGGER note_former_grants AFTER DELETE ON grants REFERENCING OLD TABLE AS deleted
    FOR EACH STATEMENT EXECUTE FUNCTION note_former_grants()`.execute(db);
}
