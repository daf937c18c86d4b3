import type { BoundStatement, Statement } from '../platform/db.ts';
import type { ModelName } from './models.ts';

/**
 * What is kept before anybody has signed in, or decided: it is counted as somebody's, and of each only so much is kept.
 * A session is among these as long as nobody has signed in in it.
 */
export const UNFINISHED = [
  'Interaction',
  'PushedAuthorizationRequest',
  'DeviceCode',
  'BackchannelAuthenticationRequest',
  'Session',
] as const satisfies readonly ModelName[];

export type UnfinishedModel = (typeof UNFINISHED)[number];

export function isUnfinished(model: ModelName): model is UnfinishedModel {
  return (UNFINISHED as readonly ModelName[]).includes(model);
}

/** Rows that go with one statement at most. */
const BATCH = 1_000;

/** Selects the oldest rows beyond a limit, to be removed. Locked rows are skipped; the next run removes them. */
const oldest = (table: string, key: string, which: string, kept: string) => `
  SELECT ${key} FROM ${table} WHERE ${key} = ANY(ARRAY(
    SELECT ${key} FROM ${table} WHERE ${which} ORDER BY expires_at DESC OFFSET ${kept} LIMIT ${BATCH})) FOR UPDATE SKIP LOCKED`;

/** What was approved meanwhile is no longer unfinished: it has a grant. What leads to a record goes with it. */
const dropRecords = (name: string, which: string, kept: string): Statement => ({
  name: `unfinished.${name}`,
  text: `WITH gone AS (DELETE FROM records WHERE id_hash IN (${oldest('records', 'id_hash', `${which} AND grant_id IS NULL`, kept)})
                       RETURNING id_hash),
              codes AS (DELETE FROM user_codes WHERE id_hash IN (SELECT id_hash FROM gone)),
              polled AS (DELETE FROM polls WHERE id_hash IN (SELECT id_hash FROM gone))
         DELETE FROM waiting_requests WHERE id_hash IN (SELECT id_hash FROM gone)`,
});

const dropSessions = (name: string, which: string, kept: string): Statement => ({
  name: `unfinished.${name}`,
  text: `DELETE FROM sessions WHERE uid IN (${oldest('sessions', 'uid', which, kept)})`,
});

export const UNFINISHED_STATEMENTS = {
  recordsOf: dropRecords('records_of', 'model = $1 AND origin = $2', '$3::int'),
  records: dropRecords('records', 'model = $1 AND origin IS NOT NULL', '$2::int'),
  sessionsOf: dropSessions('sessions_of', 'origin = $1 AND account_id IS NULL', '$2::int'),
  sessions: dropSessions('sessions', 'origin IS NOT NULL AND account_id IS NULL', '$1::int'),
};

/**
 * For the transaction that adds to them: the newest stay.
 * @param origin undefined: of all together
 */
export function dropOldest(model: UnfinishedModel, origin: Buffer | undefined, kept: number): BoundStatement {
  if (model === 'Session') {
    return origin
      ? { statement: UNFINISHED_STATEMENTS.sessionsOf, values: [origin, kept] }
      : { statement: UNFINISHED_STATEMENTS.sessions, values: [kept] };
  }
  return origin
    ? { statement: UNFINISHED_STATEMENTS.recordsOf, values: [model, origin, kept] }
    : { statement: UNFINISHED_STATEMENTS.records, values: [model, kept] };
}
