// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** Refuses a transaction that would overwrite a change which was made since the row was read. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    CREATE FUNCTION require_as_read(changed bigint) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
      IF changed = 0 THEN
        RAISE EXCEPTION 'changed since it was read' USING ERRCODE = 'CD004';
      END IF;
      RETURN true;
    END $$`.execute(db);
}
