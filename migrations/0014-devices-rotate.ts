// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/** Browsers that a person has signed in on get a new token at each sign-in, and are shown to the person. */
export async function up(db: Kysely<any>): Promise<void> {
  await sql`
    ALTER TABLE devices
      -- stays the same while the token changes: wrong guesses are counted by it
      ADD COLUMN id             uuid NOT NULL DEFAULT gen_random_uuid(),
      -- the token before this one, until then: the answer that carried the new one may have been lost
      ADD COLUMN previous_hash  bytea,
      ADD COLUMN previous_until timestamptz,
      ADD COLUMN last_used_at   timestamptz,
      -- which browser it is and where it was, under the person's own key
      ADD COLUMN sealed_own     bytea`.execute(db);
  await sql`CREATE UNIQUE INDEX devices_id ON devices (id)`.execute(db);
  // Until now a token that somebody had put into a browser was taken over there: trust that rests on one ends.
  await sql`UPDATE devices SET trusted_until = NULL`.execute(db);
}
