// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/**
 * Which issuer the database belongs to, and a place to try whether writing works. A database that was used before takes
 * the issuer from the client of the account pages, whose redirect URI is made from it.
 */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    CREATE TABLE installation (
      -- one row
      id       boolean PRIMARY KEY DEFAULT true CHECK (id),
      -- an origin, as CARDEA_ISSUER has it
      issuer   text NOT NULL,
      since    timestamptz NOT NULL
    )`.execute(db);
  await sql`
    INSERT INTO installation (issuer, since)
    SELECT substring(metadata #>> '{redirect_uris,0}' FROM '^https?://[^/]+'), created_at
    FROM clients WHERE id = 'cardea-account' AND builtin AND metadata #>> '{redirect_uris,0}' ~ '^https?://[^/]+'`.execute(
    db,
  );
  await sql`
    CREATE TABLE write_checks (
      node       uuid PRIMARY KEY,
      -- random and stored outside the row as it is, so that each check takes new pages of the disk
      filler     bytea NOT NULL,
      expires_at timestamptz NOT NULL
    )`.execute(db);
  await sql`ALTER TABLE write_checks ALTER COLUMN filler SET STORAGE EXTERNAL`.execute(db);
  await sql`CREATE INDEX write_checks_expiry ON write_checks (expires_at)`.execute(db);
}
