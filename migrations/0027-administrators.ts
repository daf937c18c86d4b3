// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** Finds the administrators without reading all accounts, and refuses a transaction that would leave none. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    CREATE INDEX accounts_administrators ON accounts (id)
     WHERE 'cardea-admin' = ANY (roles) AND disabled_at IS NULL`.execute(db);
  await sql`
    CREATE FUNCTION require_administrator(remaining bigint) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
      IF remaining = 0 THEN
        RAISE EXCEPTION 'no administrator would be left' USING ERRCODE = 'CD005';
      END IF;
      RETURN true;
    END $$`.execute(db);
}
