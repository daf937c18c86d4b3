// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** The `typ` header of access tokens for a resource server: that of RFC 9068, or the one that older libraries insist on. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    ALTER TABLE resource_servers
      ADD COLUMN token_typ text NOT NULL DEFAULT 'at+jwt' CHECK (token_typ IN ('at+jwt', 'JWT'))`.execute(db);
}
