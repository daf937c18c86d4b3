import { type RawBuilder, sql } from 'kysely';
import type { BoundStatement } from '../platform/db.ts';
import { statement } from '../platform/statement.ts';
import type { ModelName } from './models.ts';

/**
 * Models whose records are stored before a person has signed in or decided. They are counted by origin, and each origin
 * has a maximum. A session is unfinished until a person has signed in in it.
 */
export const UNFINISHED = [
  'Interaction',
  'PushedAuthorizationRequest',
  'DeviceCode',
  'BackchannelAuthenticationRequest',
  'Session',
] as const satisfies readonly ModelName[];

export type UnfinishedModel = (typeof UNFINISHED)[number];

/** A new one, with the length of what is stored. */
export interface UnfinishedRecord {
  readonly model: UnfinishedModel;
  readonly bytes: number;
}

/** An origin has two parts of this length: its larger network, and itself. */
export const ORIGIN_PART_BYTES = 16;

export function isUnfinished(model: ModelName): model is UnfinishedModel {
  return (UNFINISHED as readonly ModelName[]).includes(model);
}

/** Maximum number of rows that one statement deletes. */
const BATCH = 1_000;

type Sql = RawBuilder<unknown>;

/** Selects the oldest rows beyond a limit, to be removed. Locked rows are skipped; the next run removes them. */
const oldest = (table: string, key: string, which: Sql, limit: number): Sql => {
  const [from, by] = [sql.table(table), sql.ref(key)];
  return sql`
  SELECT ${by} FROM ${from} WHERE ${by} = ANY(ARRAY(
    SELECT ${by} FROM ${from} WHERE ${which} ORDER BY expires_at DESC OFFSET ${limit}::int LIMIT ${BATCH})) FOR UPDATE SKIP LOCKED`;
};

/**
 * The same over all origins: of each network the newest stay longest, so a network that stores much loses its own first.
 * Counting alone uses an index, and is enough as long as there are few.
 */
const oldestOfLargest = (table: string, key: string, which: Sql, limit: number): Sql => {
  const [from, by] = [sql.table(table), sql.ref(key)];
  return sql`
  SELECT ${by} FROM ${from} WHERE ${by} = ANY(ARRAY(
    SELECT ${by} FROM (
      SELECT ${by}, expires_at,
             row_number() OVER (PARTITION BY substring(origin, 1, ${sql.lit(ORIGIN_PART_BYTES)}) ORDER BY expires_at DESC) AS place
        FROM ${from}
       WHERE ${which} AND (SELECT count(*) FROM (SELECT 1 FROM ${from} WHERE ${which} LIMIT ${limit}::int + 1) AS those) > ${limit}::int
    ) AS placed ORDER BY place, expires_at DESC OFFSET ${limit}::int LIMIT ${BATCH})) FOR UPDATE SKIP LOCKED`;
};

/** A record that was approved meanwhile has a grant, and is not deleted. User codes and the like end with their record. */
const dropRecords = (which: Sql, limit: number, choose = oldest): Sql => sql`
  WITH dropped AS (
         DELETE FROM records WHERE id_hash IN (${choose('records', 'id_hash', sql`${which} AND grant_id IS NULL`, limit)})
         RETURNING id_hash),
       codes AS (DELETE FROM user_codes WHERE id_hash IN (SELECT id_hash FROM dropped)),
       polled AS (DELETE FROM polls WHERE id_hash IN (SELECT id_hash FROM dropped))
  DELETE FROM waiting_requests WHERE id_hash IN (SELECT id_hash FROM dropped)`;

const dropSessions = (which: Sql, limit: number, choose = oldest): Sql =>
  sql`DELETE FROM sessions WHERE uid IN (${choose('sessions', 'uid', which, limit)})`;

export const UNFINISHED_STATEMENTS = {
  recordsOf: statement('unfinished.records_of', ($: { model: string; origin: Buffer; limit: number }) =>
    dropRecords(sql`model = ${$.model} AND origin = ${$.origin}`, $.limit),
  ),
  records: statement('unfinished.records', ($: { model: string; limit: number }) =>
    dropRecords(sql`model = ${$.model} AND origin IS NOT NULL`, $.limit, oldestOfLargest),
  ),
  sessionsOf: statement('unfinished.sessions_of', ($: { origin: Buffer; limit: number }) =>
    dropSessions(sql`origin = ${$.origin} AND account_id IS NULL`, $.limit),
  ),
  sessions: statement('unfinished.sessions', ($: { limit: number }) =>
    dropSessions(sql`origin IS NOT NULL AND account_id IS NULL`, $.limit, oldestOfLargest),
  ),
};

/**
 * For the transaction that adds an unfinished record: deletes the oldest ones beyond the limit.
 * @param origin undefined: of all origins together
 */
export function dropOldest(model: UnfinishedModel, origin: Buffer | undefined, limit: number): BoundStatement {
  if (model === 'Session') {
    return origin
      ? UNFINISHED_STATEMENTS.sessionsOf.bind({ origin, limit })
      : UNFINISHED_STATEMENTS.sessions.bind({ limit });
  }
  return origin
    ? UNFINISHED_STATEMENTS.recordsOf.bind({ model, origin, limit })
    : UNFINISHED_STATEMENTS.records.bind({ model, limit });
}
