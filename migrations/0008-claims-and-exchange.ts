// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/**
 * What an operator decides about a client, and what no client may say about itself: these are no RFC 7591 metadata, so
 * that no registration reaches them.
 */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    ALTER TABLE clients
      -- rules by which the client's tokens and userinfo get claims of the operator's making
      ADD COLUMN claim_mapping jsonb NOT NULL DEFAULT '[]',
      -- whose tokens the client may exchange, and for what (RFC 8693); null: nobody's
      ADD COLUMN token_exchange jsonb`.execute(db);
}
