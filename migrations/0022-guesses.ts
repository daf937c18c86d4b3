// biome-ignore-all lint/suspicious/noExplicitAny: a migration knows no table types; the schema is what it makes
import { type Kysely, sql } from 'kysely';

/**
 * The transitions of a row in `attempts`, as functions with named branches. Each runs as one statement, so that the row
 * is read, decided about and written under one lock. How many failures lock, and for how long, is the caller's to say.
 */
export async function up(db: Kysely<any>): Promise<void> {
  // Doubles with each lock in a row.
  await sql`
    CREATE FUNCTION lock_duration(locks integer, first_lock interval, longest_lock interval) RETURNS interval
    LANGUAGE sql IMMUTABLE RETURN least(first_lock * power(2, least(locks, 10)), longest_lock)`.execute(db);

  await sql`
    CREATE FUNCTION reserve_guess(
      of_bucket bytea, of_account uuid, of_factor text, at timestamptz,
      most_failures integer, first_lock interval, longest_lock interval, memory interval, settled_within interval
    ) RETURNS text LANGUAGE plpgsql AS $$
    DECLARE
      state attempts;
      is_locked boolean;
    BEGIN
      LOOP
        SELECT * INTO state FROM attempts WHERE bucket = of_bucket FOR UPDATE;
        EXIT WHEN FOUND;
        INSERT INTO attempts (bucket, account_id, factor, verdict, failures, in_flight, in_flight_until, locks, expires_at)
        VALUES (of_bucket, of_account, of_factor, 'taken', 0, 1, at + settled_within, 0, at + memory)
            ON CONFLICT (bucket) DO NOTHING;
        IF FOUND THEN
          RETURN 'taken';
        END IF;
        -- another transaction inserted the row meanwhile
      END LOOP;

      IF state.expires_at <= at THEN -- forgotten
        state.failures := 0;
        state.in_flight := 0;
        state.locks := 0;
        state.locked_until := NULL;
      ELSIF state.locked_until <= at THEN -- the lock has ended
        state.failures := 0;
        state.locked_until := NULL;
        IF state.in_flight_until <= at THEN
          state.in_flight := 0;
        END IF;
      ELSIF state.in_flight_until <= at THEN -- guesses that were not settled in time count as failures
        state.failures := state.failures + state.in_flight;
        state.in_flight := 0;
      END IF;
      is_locked := state.locked_until IS NOT NULL;

      IF is_locked THEN
        state.verdict := 'locked';
      ELSIF state.failures >= most_failures THEN -- too many were not settled in time: the lock begins now
        state.verdict := 'locked';
        state.locked_until := at + lock_duration(state.locks, first_lock, longest_lock);
        state.expires_at := state.locked_until + memory;
        state.locks := state.locks + 1;
      ELSIF state.failures + state.in_flight >= most_failures THEN -- has to wait for those in flight
        state.verdict := 'busy';
      ELSE
        state.verdict := 'taken';
        state.in_flight := state.in_flight + 1;
        state.in_flight_until := at + settled_within;
        state.expires_at := at + memory;
      END IF;

      UPDATE attempts
         SET verdict = state.verdict, failures = state.failures, in_flight = state.in_flight,
             in_flight_until = state.in_flight_until, locks = state.locks, locked_until = state.locked_until,
             expires_at = state.expires_at
       WHERE bucket = of_bucket;
      RETURN state.verdict;
    END $$`.execute(db);

  // A guess that was not allowed doesn't count, and writes the row all the same: how long it takes must not tell of a lock.
  await sql`
    CREATE FUNCTION count_failure(
      of_bucket bytea, at timestamptz, counts boolean,
      most_failures integer, first_lock interval, longest_lock interval, memory interval
    ) RETURNS boolean LANGUAGE plpgsql AS $$
    DECLARE
      state attempts;
      locked_now boolean := false;
    BEGIN
      SELECT * INTO state FROM attempts WHERE bucket = of_bucket FOR UPDATE;
      IF counts THEN
        state.in_flight := greatest(state.in_flight - 1, 0);
        state.failures := state.failures + 1;
        locked_now := state.failures = most_failures;
        state.expires_at := at + memory;
      END IF;
      IF locked_now THEN
        state.locked_until := at + lock_duration(state.locks, first_lock, longest_lock);
        state.expires_at := state.locked_until + memory;
        state.locks := state.locks + 1;
      END IF;
      UPDATE attempts
         SET failures = state.failures, in_flight = state.in_flight, locks = state.locks,
             locked_until = state.locked_until, expires_at = state.expires_at
       WHERE bucket = of_bucket;
      RETURN coalesce(locked_now, false);
    END $$`.execute(db);
}
