// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** Scopes that the operator opens to a client that registered itself, or is a document. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    ALTER TABLE clients
      ADD COLUMN opened_scopes text[] NOT NULL DEFAULT '{}',
      ADD CONSTRAINT clients_opened_scopes CHECK (kind <> 'operator' OR opened_scopes = '{}')`.execute(db);
}
