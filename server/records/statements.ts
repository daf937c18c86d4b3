import type { Statement } from '../platform/db.ts';
import { deleteSessions, lockSessions, queueLogouts } from './deliveries.ts';

/**
 * Every statement of the hot path. Each is prepared once a connection, by name; their number per request is what
 * `tests/performance/statements.test.ts` counts.
 *
 * @param accountColumns what `server/accounts` wants to know of a joined account (alias `a`)
 */
export function createStatements(accountColumns: string) {
  const SESSION = `
    s.uid AS session_uid, s.sealed AS session_sealed,
    (SELECT json_object_agg(c.client_id, json_strip_nulls(json_build_object('sid', c.sid, 'grantId', c.grant_id,
            'persistsLogout', nullif(c.persists_logout, false))))::text
       FROM session_authorizations c WHERE c.session_uid = s.uid) AS session_authorizations`;

  const accountOf = (id: string) => `LEFT JOIN LATERAL (SELECT * FROM accounts WHERE id = ${id} OFFSET 0) a ON true`;

  return {
    // Reads take a list of keys, and each row names the one that it was found by (group_read.ts). Tables are joined row by
    // row, each by its key (LATERAL, and OFFSET 0, which Postgres does not plan across): what it would do for a list
    // otherwise is read the other tables whole.

    /**
     * A bearer secret with all that is asked about it next: its grant, its session and its account; of a used one also
     * what it was used up for, with the end of its successor, unless that was used itself.
     */
    findRecord: {
      name: 'find_record',
      text: `
        SELECT r.*, n.answer_sealed, n.answer_expires_at, n.successor_expires_at,
               g.grant_sealed, g.grant_epoch, ${SESSION}, ${accountColumns}
          FROM (SELECT id_hash AS key, model, sealed, consumed_at, grant_id, session_uid AS uid, account_id AS owner
                  FROM records WHERE id_hash = ANY($1::bytea[]) OFFSET 0) r
          LEFT JOIN LATERAL (SELECT sealed_by_token AS answer_sealed, expires_at AS answer_expires_at,
                                    (SELECT expires_at FROM records WHERE id_hash = successor_hash AND consumed_at IS NULL)
                                      AS successor_expires_at
                               FROM repeated_answers WHERE r.consumed_at IS NOT NULL AND id_hash = r.key OFFSET 0) n ON true
          LEFT JOIN LATERAL (SELECT sealed AS grant_sealed, epoch AS grant_epoch
                               FROM grants WHERE id = r.grant_id OFFSET 0) g ON true
          LEFT JOIN LATERAL (SELECT uid, sealed FROM sessions WHERE uid = r.uid OFFSET 0) s ON true
          ${accountOf('r.owner')}`,
    },
    findGrant: {
      name: 'find_grant',
      text: `SELECT id AS key, id AS grant_id, sealed AS grant_sealed, epoch AS grant_epoch
               FROM grants WHERE id = ANY($1::text[])`,
    },
    findSession: {
      name: 'find_session',
      text: `SELECT s.id_hash AS key, ${SESSION}, ${accountColumns}
               FROM (SELECT * FROM sessions WHERE id_hash = ANY($1::bytea[]) OFFSET 0) s ${accountOf('s.account_id')}`,
    },
    findSessionByUid: {
      name: 'find_session_by_uid',
      text: `SELECT s.uid AS key, ${SESSION}, ${accountColumns}
               FROM (SELECT * FROM sessions WHERE uid = ANY($1::text[]) OFFSET 0) s ${accountOf('s.account_id')}`,
    },
    /** What a token hangs on that is not stored itself (ended.ts), with what is asked about it next. */
    findUnstored: {
      name: 'find_unstored',
      text: `
        SELECT t.key, c.client_exists, e.ended_until, g.*, ${SESSION}, ${accountColumns}
          FROM (SELECT k AS key, k::json->>0 AS jti, k::json->>1 AS client_id, k::json->>2 AS grant_id
                  FROM unnest($1::text[]) AS k OFFSET 0) t
          LEFT JOIN LATERAL (SELECT true AS client_exists FROM clients WHERE id = t.client_id OFFSET 0) c ON true
          LEFT JOIN LATERAL (SELECT max(issued_until) AS ended_until FROM ended_tokens
                              WHERE what = ANY(ARRAY['jti ' || t.jti, 'client ' || t.client_id]) OFFSET 0) e ON true
          LEFT JOIN LATERAL (SELECT id AS grant_id, account_id AS owner, sealed AS grant_sealed, epoch AS grant_epoch
                               FROM grants WHERE id = t.grant_id OFFSET 0) g ON true
          LEFT JOIN LATERAL (SELECT session_uid AS of FROM session_authorizations
                              WHERE grant_id = g.grant_id LIMIT 1) o ON true
          LEFT JOIN LATERAL (SELECT uid, sealed FROM sessions WHERE uid = o.of OFFSET 0) s ON true
          ${accountOf('g.owner')}`,
    },

    /**
     * Everything that a request does to records, at once. Of parallel requests that use up the same record one finds
     * it unused; for the others `require_single_use` refuses the whole transaction.
     *
     * The grants that something is issued for are held before any of their records is, for a revocation takes them in
     * this order too: otherwise each could hold what the other waits for. (The condition that is always true is what
     * makes Postgres hold them first.) What is changed is not joined to its new values, for the same reason that reads
     * join row by row. LIMIT: parallel requests may change the same record, and share this statement.
     */
    writeRecords: {
      name: 'write_records',
      text: `
        WITH held AS (
          SELECT 1 FROM grants WHERE id = ANY($10::text[]) FOR KEY SHARE
        ), consumed AS (
          UPDATE records SET consumed_at = $1, expires_at = greatest(expires_at, (
                   SELECT a.expires_at FROM unnest($16::bytea[], $19::timestamptz[]) AS a (id_hash, expires_at)
                    WHERE a.id_hash = records.id_hash LIMIT 1))
           WHERE (SELECT count(*) FROM held) >= 0 AND id_hash = ANY($2::bytea[]) AND consumed_at IS NULL RETURNING 1
        ), destroyed AS (
          DELETE FROM records WHERE id_hash = ANY($3::bytea[])
        ), changed AS (
          UPDATE records r SET (sealed, expires_at, account_id) = (
                   SELECT c.sealed, c.expires_at, c.account_id
                     FROM unnest($4::bytea[], $5::bytea[], $6::timestamptz[], $7::uuid[])
                          AS c (id_hash, sealed, expires_at, account_id)
                    WHERE c.id_hash = r.id_hash LIMIT 1)
           WHERE id_hash = ANY($4::bytea[])
        ), inserted AS (
          INSERT INTO records
                 (id_hash, model, grant_id, account_id, client_id, session_uid, sealed, expires_at, origin)
          SELECT * FROM unnest($8::bytea[], $9::text[], $10::text[], $11::uuid[], $12::text[], $13::text[],
                               $14::bytea[], $15::timestamptz[], $20::bytea[])
        ), answered AS (
          INSERT INTO repeated_answers (id_hash, successor_hash, sealed_by_token, expires_at)
          SELECT * FROM unnest($16::bytea[], $17::bytea[], $18::bytea[], $19::timestamptz[])
        )
        SELECT require_single_use(cardinality($2::bytea[]), (SELECT count(*) FROM consumed))`,
    },
    insertReplays: {
      name: 'insert_replays',
      text: 'INSERT INTO replays (id_hash, expires_at) SELECT * FROM unnest($1::bytea[], $2::timestamptz[])',
    },
    insertGrants: {
      name: 'insert_grants',
      text: `INSERT INTO grants (id, account_id, client_id, sealed, expires_at)
             SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::bytea[], $5::timestamptz[])`,
    },
    /** A grant that was revoked meanwhile stays revoked. */
    changeGrants: {
      name: 'change_grants',
      text: `UPDATE grants g SET (sealed, expires_at) = (
                      SELECT c.sealed, c.expires_at
                        FROM unnest($1::text[], $2::bytea[], $3::timestamptz[]) AS c (id, sealed, expires_at)
                       WHERE c.id = g.id LIMIT 1)
              WHERE id = ANY($1::text[])`,
    },
    deleteGrants: { name: 'delete_grants', text: 'DELETE FROM grants WHERE id = ANY($1::text[])' },
    /** The grant stays, and a new epoch of it begins: tokens of an earlier one that are not stored end as well. */
    deleteRecordsOfGrants: {
      name: 'delete_records_of_grants',
      text: `WITH ended AS (UPDATE grants SET epoch = epoch + 1 WHERE id = ANY($1::text[]) RETURNING 1)
             DELETE FROM records WHERE (SELECT count(*) FROM ended) >= 0 AND grant_id = ANY($1::text[])`,
    },
    lockSessions: { name: 'lock_sessions', text: lockSessions('s.id_hash = ANY($1::bytea[])') },
    deleteSessions: { name: 'delete_sessions', text: deleteSessions('s.id_hash = ANY($1::bytea[])') },
    insertSession: {
      name: 'insert_session',
      text: `
        WITH saved AS (
          INSERT INTO sessions (uid, id_hash, account_id, sealed, expires_at, origin)
          VALUES ($1, $2, $3, $4, $5, $10) RETURNING uid
        )
        ${addAuthorizations(6)}`,
    },
    /**
     * A session that ended meanwhile stays ended. Its id changes only when this request changed it ($2), and of its
     * relying parties only those that this request touched, so parallel requests keep each other's.
     */
    changeSession: {
      name: 'change_session',
      text: `
        WITH saved AS (
          UPDATE sessions SET id_hash = coalesce($2, id_hash), account_id = $3, sealed = $4, expires_at = $5,
                 origin = CASE WHEN $3::uuid IS NULL THEN origin END
           WHERE uid = $1 RETURNING uid
        ), removed AS (
          DELETE FROM session_authorizations WHERE session_uid = $1 AND client_id = ANY($10::text[])
          RETURNING client_id, sid
        ), told AS (
          ${queueLogouts('(SELECT r.client_id, r.sid, s.account_id FROM removed r, sessions s WHERE s.uid = $1) e')}
        )
        ${addAuthorizations(6)}`,
    },
  } as const satisfies Record<string, Statement>;
}

export type Statements = ReturnType<typeof createStatements>;

function addAuthorizations(first: number): string {
  const [clients, sids, grants, persists] = [first, first + 1, first + 2, first + 3];
  return `INSERT INTO session_authorizations (session_uid, client_id, sid, grant_id, persists_logout)
        SELECT saved.uid, c.client_id, c.sid, c.grant_id, c.persists_logout
          FROM saved, unnest($${clients}::text[], $${sids}::text[], $${grants}::text[], $${persists}::boolean[])
               AS c (client_id, sid, grant_id, persists_logout)
        ON CONFLICT (session_uid, client_id) DO UPDATE
           SET sid = excluded.sid, grant_id = excluded.grant_id, persists_logout = excluded.persists_logout`;
}
