// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/**
 * A transaction whose statements are all sent at once cannot look at what the first one did: this makes it fail when that
 * changed nothing, so that the others don't happen either.
 */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    CREATE FUNCTION require_rows(changed bigint) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
      IF changed = 0 THEN
        RAISE EXCEPTION 'nothing to change' USING ERRCODE = 'CD003';
      END IF;
      RETURN true;
    END $$`.execute(db);
}
