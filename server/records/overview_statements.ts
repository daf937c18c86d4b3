import { type Selectable, sql } from 'kysely';
import type { Grants, Records, Sessions } from '../platform/database.ts';
import { statement } from '../platform/statement.ts';
import { deleteSessions, lockSessions, queueLogouts } from './deliveries.ts';

/** Maximum number of grants of one app that are read: each session of a person has its own. */
const GRANTS_READ = 100;

// All in the order in which requests write (changes.ts), so that they never wait in a circle: grants, records, sessions.
export const OVERVIEW_STATEMENTS = {
  sessions: statement(
    'overview.sessions',
    ($: {
      accountId: string;
      now: Date;
      except: string | null;
      only: string | null;
      limit: number;
      afterExpiry: Date | null;
      afterUid: string | null;
    }) => sql<Pick<Selectable<Sessions>, 'uid' | 'sealed' | 'expires_at'> & { clients: string[] }>`
      SELECT s.uid, s.sealed, s.expires_at,
             ARRAY(SELECT c.client_id FROM session_authorizations c WHERE c.session_uid = s.uid ORDER BY 1) AS clients
        FROM sessions s
       WHERE s.account_id = ${$.accountId} AND s.expires_at > ${$.now}
         AND (${$.except}::text IS NULL OR s.uid <> ${$.except}) AND (${$.only}::text IS NULL OR s.uid = ${$.only})
         AND (${$.afterExpiry}::timestamptz IS NULL
              OR (s.expires_at, s.uid) < (${$.afterExpiry}, ${$.afterUid}::text))
       ORDER BY s.expires_at DESC, s.uid DESC LIMIT ${$.limit}`,
  ),
  ownerOf: statement(
    'overview.owner_of',
    ($: { uid: string }) => sql<Pick<Selectable<Sessions>, 'account_id'>>`
      SELECT account_id FROM sessions WHERE uid = ${$.uid}`,
  ),
  countSessions: statement(
    'overview.count_sessions',
    ($: { accountId: string; now: Date }) => sql<{ count: number }>`
      SELECT count(*)::int AS count FROM sessions WHERE account_id = ${$.accountId} AND expires_at > ${$.now}`,
  ),
  clients: statement(
    'overview.clients',
    ($: { accountId: string; now: Date; limit: number }) => sql<Pick<Selectable<Grants>, 'client_id'>>`
      SELECT DISTINCT client_id FROM grants WHERE account_id = ${$.accountId} AND expires_at > ${$.now} LIMIT ${$.limit}`,
  ),
  apps: statement(
    'overview.apps',
    ($: { accountId: string; now: Date; limit: number; afterExpiry: Date | null; afterClient: string | null }) => sql<{
      client_id: string;
      until: Date;
    }>`
      SELECT client_id, max(expires_at) AS until FROM grants WHERE account_id = ${$.accountId} AND expires_at > ${$.now}
       GROUP BY client_id HAVING ${$.afterExpiry}::timestamptz IS NULL
           OR (max(expires_at), client_id) < (${$.afterExpiry}, ${$.afterClient}::text)
       ORDER BY until DESC, client_id DESC LIMIT ${$.limit}`,
  ),
  grants: statement(
    'overview.grants',
    ($: { accountId: string; now: Date; clientIds: readonly string[] }) => sql<
      Pick<Selectable<Grants>, 'id' | 'client_id' | 'sealed' | 'created_at'>
    >`
      SELECT id, client_id, sealed, created_at
        FROM (SELECT *, row_number() OVER (PARTITION BY client_id ORDER BY expires_at DESC) AS nth
                FROM grants
               WHERE account_id = ${$.accountId} AND expires_at > ${$.now} AND client_id = ANY(${$.clientIds}::text[])) g
       WHERE nth <= ${GRANTS_READ}`,
  ),
  /** The latest record of each model: the one that expires last was issued last. */
  latestRecords: statement(
    'overview.latest_records',
    ($: { grantIds: readonly string[] }) => sql<{ grant_id: string } & Pick<Selectable<Records>, 'id_hash' | 'sealed'>>`
      SELECT DISTINCT ON (r.grant_id, r.model) r.grant_id, r.id_hash, r.sealed
        FROM records r WHERE r.grant_id = ANY(${$.grantIds}::text[])
       ORDER BY r.grant_id, r.model, r.expires_at DESC`,
  ),
  endGrantsOfSession: statement(
    'overview.end_grants_of_session',
    ($: OneSession) => sql`
      DELETE FROM grants WHERE account_id = ${$.accountId} AND id IN (
        SELECT c.grant_id FROM session_authorizations c JOIN sessions s ON s.uid = c.session_uid
         WHERE s.uid = ${$.uid} AND s.account_id = ${$.accountId})`,
  ),
  endRecordsOfSession: statement(
    'overview.end_records_of_session',
    ($: OneSession) => sql`DELETE FROM records WHERE account_id = ${$.accountId} AND session_uid = ${$.uid}`,
  ),
  lockSession: statement('overview.lock_session', ($: OneSession) =>
    lockSessions(sql`s.account_id = ${$.accountId} AND s.uid = ${$.uid}`),
  ),
  // After the lock, so that of two requests that end the same session the second finds none.
  requireSession: statement(
    'overview.require_session',
    ($: OneSession) => sql`
      SELECT require_rows((SELECT count(*) FROM sessions WHERE account_id = ${$.accountId} AND uid = ${$.uid}))`,
  ),
  endSession: statement('overview.end_session', ($: OneSession) =>
    deleteSessions(sql`s.account_id = ${$.accountId} AND s.uid = ${$.uid}`),
  ),
  endGrants: statement(
    'overview.end_grants',
    ($: OtherSessions) => sql`
      DELETE FROM grants WHERE account_id = ${$.accountId} AND NOT EXISTS (
        SELECT 1 FROM session_authorizations c JOIN sessions s ON s.uid = c.session_uid
         WHERE c.grant_id = grants.id AND s.uid = ${$.except} AND s.account_id = ${$.accountId})
      RETURNING expires_at`,
  ),
  /** A record without a session, such as an interaction, never belongs to the excepted session. */
  endRecords: statement(
    'overview.end_records',
    ($: OtherSessions & { exceptRecord: Buffer | null }) => sql`
      DELETE FROM records
       WHERE account_id = ${$.accountId} AND (session_uid = ${$.except}) IS NOT TRUE
         AND id_hash IS DISTINCT FROM ${$.exceptRecord}::bytea
      RETURNING expires_at`,
  ),
  lockSessions: statement('overview.lock_sessions', ($: OtherSessions) =>
    lockSessions(sql`s.account_id = ${$.accountId} AND s.uid IS DISTINCT FROM ${$.except}`),
  ),
  requireSessions: statement(
    'overview.require_sessions',
    ($: OtherSessions) => sql`
      SELECT require_rows((
        SELECT count(*) FROM sessions WHERE account_id = ${$.accountId} AND uid IS DISTINCT FROM ${$.except}))`,
  ),
  endSessions: statement('overview.end_sessions', ($: OtherSessions) =>
    deleteSessions(sql`s.account_id = ${$.accountId} AND s.uid IS DISTINCT FROM ${$.except}`),
  ),
  requireGrants: statement(
    'overview.require_grants',
    ($: OneApp) => sql`
      SELECT require_rows((SELECT count(*) FROM (
        SELECT 1 FROM grants WHERE account_id = ${$.accountId} AND client_id = ${$.clientId} ORDER BY id FOR UPDATE) g))`,
  ),
  revokeGrants: statement(
    'overview.revoke_grants',
    ($: OneApp) => sql`DELETE FROM grants WHERE account_id = ${$.accountId} AND client_id = ${$.clientId}`,
  ),
  revokeRecords: statement(
    'overview.revoke_records',
    ($: OneApp) => sql`DELETE FROM records WHERE account_id = ${$.accountId} AND client_id = ${$.clientId}`,
  ),
  /** This also signs the app out: when the person returns to it, it gets another `sid`. */
  revokeAuthorizations: statement(
    'overview.revoke_authorizations',
    ($: OneApp) => sql`
      WITH removed AS (
        DELETE FROM session_authorizations
         WHERE client_id = ${$.clientId}
           AND session_uid = ANY (ARRAY(SELECT uid FROM sessions WHERE account_id = ${$.accountId}))
        RETURNING client_id, sid, ${$.accountId}::uuid AS account_id
      )
      ${queueLogouts(sql`removed e`)}`,
  ),
};

interface OneSession {
  readonly accountId: string;
  readonly uid: string;
}

interface OtherSessions {
  readonly accountId: string;
  /** The uid of a session that stays. */
  readonly except: string | null;
}

interface OneApp {
  readonly accountId: string;
  readonly clientId: string;
}
