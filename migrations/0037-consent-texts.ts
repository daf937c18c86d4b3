// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** The texts that people accept, such as the terms of service, by version and language; and who accepted which version, and when. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    CREATE TABLE texts (
      kind           text NOT NULL,
      version        text NOT NULL,
      language       text NOT NULL,
      title          text NOT NULL,
      url            text NOT NULL,
      -- who accepted an earlier version has to accept this one
      ask_again      boolean NOT NULL,
      effective_from timestamptz NOT NULL,
      created_at     timestamptz NOT NULL,
      PRIMARY KEY (kind, version, language)
    )`.execute(db);
  await sql`
    CREATE TABLE accepted_texts (
      account_id   uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
      kind         text NOT NULL,
      version      text NOT NULL,
      accepted_at  timestamptz NOT NULL,
      withdrawn_at timestamptz,
      PRIMARY KEY (account_id, kind, version, accepted_at)
    )`.execute(db);
}
