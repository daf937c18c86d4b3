// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** A destination of the audit may get address and device, in clear. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    ALTER TABLE audit_destinations
      -- also gets address and device, which are sealed in the audit
      ADD COLUMN details boolean NOT NULL DEFAULT false`.execute(db);
}
