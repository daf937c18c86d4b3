// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** The subjects of people who were deleted, until their apps have been told that they are signed out. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    CREATE TABLE departed_subjects (
      -- no foreign key: the account is gone
      account_id uuid PRIMARY KEY,
      sealed     bytea NOT NULL,
      expires_at timestamptz NOT NULL
    )`.execute(db);
  await sql`CREATE INDEX departed_subjects_expiry ON departed_subjects (expires_at)`.execute(db);
}
