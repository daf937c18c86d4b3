// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** The networks that unused clients were registered from; networks of one owner count together. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    ALTER TABLE clients
      -- as origin, of the larger network: an IPv4 /24 or an IPv6 /48; null: registered before there was this column
      ADD COLUMN origin_prefix bytea`.execute(db);
  await sql`
    CREATE INDEX clients_unused_prefix ON clients (origin_prefix, created_at)
     WHERE kind = 'dynamic' AND used_at IS NULL`.execute(db);
}
