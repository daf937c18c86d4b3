// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/**
 * The audit of operations, the results of repeated requests, and groups and roles as rows of their own. Accounts still name
 * their groups and roles; each name that an account has becomes a row.
 */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    CREATE FUNCTION raise_version() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      NEW.version := OLD.version + 1;
      RETURN NEW;
    END $$`.execute(db);

  await sql`
    CREATE TABLE audit (
      id          uuid PRIMARY KEY,
      at          timestamptz NOT NULL,
      -- cli, client, person or system
      actor_kind  text NOT NULL,
      actor_id    text NOT NULL,
      -- the app by which a person acted
      client_id   text,
      action      text NOT NULL,
      target_kind text NOT NULL,
      target_id   text NOT NULL,
      -- done, refused or denied
      outcome     text NOT NULL,
      -- the error code of an operation that was not carried out
      reason      text,
      -- the fields that changed; no personal data
      changes     jsonb NOT NULL DEFAULT '{}',
      request_id  text NOT NULL
    )`.execute(db);
  await sql`CREATE INDEX audit_target ON audit (target_id, id)`.execute(db);
  await sql`CREATE INDEX audit_actor ON audit (actor_id, id)`.execute(db);
  await sql`CREATE INDEX audit_action ON audit (action, id)`.execute(db);

  await sql`
    CREATE TABLE operation_results (
      -- SHA-256 of the actor, the operation and its Idempotency-Key
      key_hash     bytea PRIMARY KEY,
      -- SHA-256 of the input
      input_hash   bytea NOT NULL,
      sealed       bytea NOT NULL,
      expires_at   timestamptz NOT NULL
    )`.execute(db);
  await sql`CREATE INDEX operation_results_expiry ON operation_results (expires_at)`.execute(db);

  for (const [table, column] of [
    ['groups', 'groups'],
    ['roles', 'roles'],
  ] as const) {
    await sql`
      CREATE TABLE ${sql.table(table)} (
        name        text PRIMARY KEY,
        description text NOT NULL DEFAULT '',
        -- in the admin API, for roles
        permissions text[] NOT NULL DEFAULT '{}',
        -- 'file' where the configuration file owns it
        managed_by  text,
        version     integer NOT NULL DEFAULT 1,
        created_at  timestamptz NOT NULL,
        updated_at  timestamptz NOT NULL
      )`.execute(db);
    await sql`
      CREATE TRIGGER raise_version BEFORE UPDATE ON ${sql.table(table)}
      FOR EACH ROW EXECUTE FUNCTION raise_version()`.execute(db);
    await sql`
      INSERT INTO ${sql.table(table)} (name, created_at, updated_at)
      SELECT DISTINCT unnest(${sql.ref(column)}), now(), now() FROM accounts`.execute(db);
  }
}
