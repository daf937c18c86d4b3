// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** The `sub` of people who were known by another one elsewhere: sealed under their own key, and found by a keyed hash. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    ALTER TABLE accounts
      ADD COLUMN sealed_subject bytea,
      ADD COLUMN subject_lookup bytea,
      ADD CONSTRAINT accounts_subject CHECK ((sealed_subject IS NULL) = (subject_lookup IS NULL))`.execute(db);
  await sql`CREATE UNIQUE INDEX accounts_subject_lookup ON accounts (subject_lookup)
    WHERE subject_lookup IS NOT NULL`.execute(db);
}
