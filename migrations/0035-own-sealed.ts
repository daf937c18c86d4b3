// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/**
 * Data about a person that waits or is stored for a short time is sealed under the person's own key, like all their data. Rows that
 * are about people without an account stay sealed under the master key, and so do rows of the version before until they expire.
 */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    ALTER TABLE mails
      ADD COLUMN account_id uuid REFERENCES accounts (id) ON DELETE CASCADE,
      ADD COLUMN sealed_own bytea,
      ALTER COLUMN sealed DROP NOT NULL,
      ADD CONSTRAINT mails_sealed_once CHECK (num_nonnulls(sealed, sealed_own) = 1)`.execute(db);
  await sql`CREATE INDEX mails_account ON mails (account_id)`.execute(db);

  await sql`
    ALTER TABLE links
      ADD COLUMN sealed_own bytea,
      ALTER COLUMN sealed DROP NOT NULL,
      ADD CONSTRAINT links_sealed_once CHECK (num_nonnulls(sealed, sealed_own) = 1)`.execute(db);

  // A logout has no content. No foreign key: it is sent after its account is gone.
  await sql`
    ALTER TABLE deliveries
      ADD COLUMN sealed_own bytea,
      ADD CONSTRAINT deliveries_sealed_once CHECK (num_nonnulls(sealed, sealed_own) <= 1)`.execute(db);

  await sql`
    ALTER TABLE operation_results
      -- whom the result is about
      ADD COLUMN account_id uuid REFERENCES accounts (id) ON DELETE CASCADE,
      ADD COLUMN sealed_own bytea,
      ALTER COLUMN sealed DROP NOT NULL,
      ADD CONSTRAINT operation_results_sealed_once CHECK (num_nonnulls(sealed, sealed_own) = 1)`.execute(db);
  await sql`CREATE INDEX operation_results_account ON operation_results (account_id)`.execute(db);
}
