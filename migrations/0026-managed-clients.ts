// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** The members of a client that operators see: a change of one of them raises the version. */
const SHOWN = [
  'name',
  'secret_hash',
  'previous_secret_hash',
  'previous_secret_until',
  'first_party',
  'demo',
  'metadata',
  'second_factor_required',
  'open_scope',
  'claim_mapping',
  'token_exchange',
  'introspects_all',
  'opened_scopes',
  'managed_by',
  'updated_at',
];

/** Versions, owners and list orders of everything that operators list, change and end. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    CREATE OR REPLACE FUNCTION raise_version() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      NEW.version := OLD.version + 1;
      RETURN NEW;
    END $$`.execute(db);

  await sql`
    ALTER TABLE clients
      -- raised by each change of what operators see
      ADD COLUMN version integer NOT NULL DEFAULT 1,
      -- 'file' where the configuration file owns it
      ADD COLUMN managed_by text,
      -- SHA-256 of the secret before the last rotation, which works until then
      ADD COLUMN previous_secret_hash bytea,
      ADD COLUMN previous_secret_until timestamptz,
      ADD CONSTRAINT clients_previous_secret CHECK ((previous_secret_hash IS NULL) = (previous_secret_until IS NULL))`.execute(
    db,
  );
  const columns = (row: 'OLD' | 'NEW') => sql.join(SHOWN.map((column) => sql`${sql.raw(row)}.${sql.ref(column)}`));
  await sql`
    CREATE TRIGGER raise_version BEFORE UPDATE ON clients
    FOR EACH ROW WHEN ((${columns('OLD')}) IS DISTINCT FROM (${columns('NEW')})) EXECUTE FUNCTION raise_version()`.execute(
    db,
  );
  await sql`
    CREATE INDEX clients_previous_secret_end ON clients (previous_secret_until)
     WHERE previous_secret_until IS NOT NULL`.execute(db);
  await sql`CREATE INDEX clients_demo ON clients (created_at, id) WHERE demo`.execute(db);
  // in these orders they are listed
  for (const column of ['created_at', 'updated_at', 'name']) {
    await sql`CREATE INDEX ${sql.ref(`clients_${column}`)} ON clients (${sql.ref(column)}, id)`.execute(db);
  }
  // and by these they are filtered
  await sql`CREATE INDEX clients_grant_types ON clients USING gin ((metadata->'grant_types'))`.execute(db);
  await sql`CREATE INDEX clients_scopes ON clients USING gin (string_to_array(metadata->>'scope', ' '))`.execute(db);

  await sql`
    ALTER TABLE resource_servers
      ADD COLUMN version integer NOT NULL DEFAULT 1,
      ADD COLUMN managed_by text,
      ADD COLUMN updated_at timestamptz`.execute(db);
  await sql`UPDATE resource_servers SET updated_at = created_at`.execute(db);
  // A node of the version before inserts without it.
  await sql`
    ALTER TABLE resource_servers ALTER COLUMN updated_at SET DEFAULT now(), ALTER COLUMN updated_at SET NOT NULL`.execute(
    db,
  );
  await sql`
    CREATE TRIGGER raise_version BEFORE UPDATE ON resource_servers
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION raise_version()`.execute(db);
  for (const column of ['created_at', 'updated_at', 'name']) {
    await sql`
      CREATE INDEX ${sql.ref(`resource_servers_${column}`)} ON resource_servers (${sql.ref(column)}, identifier)`.execute(
      db,
    );
  }

  await sql`CREATE INDEX registration_tokens_created_at ON registration_tokens (created_at, id)`.execute(db);

  // The nodes of the version before set no time.
  await sql`ALTER TABLE sessions ADD COLUMN created_at timestamptz NOT NULL DEFAULT now()`.execute(db);
  await sql`
    CREATE INDEX sessions_created_at ON sessions (created_at, uid) WHERE account_id IS NOT NULL`.execute(db);
  await sql`ALTER TABLE grants ADD COLUMN created_at timestamptz NOT NULL DEFAULT now()`.execute(db);
  await sql`CREATE INDEX grants_created_at ON grants (created_at, id)`.execute(db);

  for (const [table, due] of [
    ['mails', 'due_at'],
    ['deliveries', 'next_attempt_at'],
  ] as const) {
    await sql`
      ALTER TABLE ${sql.table(table)}
        -- equal to the due time while a node sends it
        ADD COLUMN leased_until timestamptz`.execute(db);
    await sql`DROP INDEX ${sql.ref(`${table}_due`)}`.execute(db);
    await sql`CREATE INDEX ${sql.ref(`${table}_due`)} ON ${sql.table(table)} (${sql.ref(due)}, id)`.execute(db);
  }
  // A time that can be shown, and that a list can go on from.
  await sql`ALTER TABLE deliveries ALTER COLUMN next_attempt_at SET DEFAULT 'epoch'`.execute(db);
  await sql`UPDATE deliveries SET next_attempt_at = 'epoch' WHERE next_attempt_at = '-infinity'`.execute(db);

  await sql`
    CREATE INDEX attempts_locked ON attempts (locked_until, encode(bucket, 'hex')) WHERE locked_until IS NOT NULL`.execute(
    db,
  );
}
