// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** Which clients may introspect tokens that were issued to others (RFC 7662 §4). */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    CREATE TABLE resource_server_clients (
      resource_server text NOT NULL REFERENCES resource_servers (identifier) ON DELETE CASCADE,
      -- it may introspect the tokens whose audience this resource server is
      client_id       text NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
      PRIMARY KEY (resource_server, client_id)
    )`.execute(db);
  await sql`CREATE INDEX resource_server_clients_client ON resource_server_clients (client_id)`.execute(db);
  await sql`
    ALTER TABLE clients
      -- it may introspect everybody's access tokens
      ADD COLUMN introspects_all boolean NOT NULL DEFAULT false,
      ADD CONSTRAINT clients_introspection CHECK (kind = 'operator' OR NOT introspects_all)`.execute(db);
}
