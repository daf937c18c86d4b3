import { type RawBuilder, type Selectable, sql } from 'kysely';
import { type AuditLine, insertAuditLines } from '../audit/lines.ts';
import type {
  Grants,
  Records,
  RepeatedAnswers,
  Replays,
  SessionAuthorizations,
  Sessions,
} from '../platform/database.ts';
import { columns, statement } from '../platform/statement.ts';
import { deleteSessions, lockSessions, queueLogouts } from './deliveries.ts';
import type { FoundGrant, FoundRecord, FoundSession, FoundTokenStatus, JoinedAccount } from './rows.ts';

// One table for each list of rows that requests write: names, order and parameters of its columns.

export type NewRecord = Omit<Selectable<Records>, 'consumed_at'>;
const NEW_RECORDS = columns<keyof NewRecord>({
  id_hash: 'bytea',
  model: 'text',
  grant_id: 'text',
  account_id: 'uuid',
  client_id: 'text',
  session_uid: 'text',
  sealed: 'bytea',
  expires_at: 'timestamptz',
  origin: 'bytea',
});

export type ChangedRecord = Pick<Selectable<Records>, 'id_hash' | 'sealed' | 'expires_at' | 'account_id'>;
const CHANGED_RECORDS = columns<keyof ChangedRecord>({
  id_hash: 'bytea',
  sealed: 'bytea',
  expires_at: 'timestamptz',
  account_id: 'uuid',
});

export type NewResponse = Selectable<RepeatedAnswers>;
const NEW_RESPONSES = columns<keyof NewResponse>({
  id_hash: 'bytea',
  successor_hash: 'bytea',
  sealed_by_token: 'bytea',
  expires_at: 'timestamptz',
});

export type NewReplay = Selectable<Replays>;
const NEW_REPLAYS = columns<keyof NewReplay>({ id_hash: 'bytea', expires_at: 'timestamptz' });

/** The database refuses a grant without an account or a client. */
export type NewGrant = ChangedGrant & {
  readonly account_id: string | null;
  readonly client_id: string | null;
  readonly created_at: Date;
};
const NEW_GRANTS = columns<keyof NewGrant>({
  id: 'text',
  account_id: 'uuid',
  client_id: 'text',
  sealed: 'bytea',
  expires_at: 'timestamptz',
  created_at: 'timestamptz',
});

export type ChangedGrant = Pick<Selectable<Grants>, 'id' | 'sealed' | 'expires_at'>;
const CHANGED_GRANTS = columns<keyof ChangedGrant>({ id: 'text', sealed: 'bytea', expires_at: 'timestamptz' });

export type NewAuthorization = Omit<Selectable<SessionAuthorizations>, 'session_uid'>;
const NEW_AUTHORIZATIONS = columns<keyof NewAuthorization>({
  client_id: 'text',
  sid: 'text',
  grant_id: 'text',
  persists_logout: 'boolean',
});

/** The changes that a request makes to `records`, and what the audit tells of it. */
export interface RecordChanges {
  readonly now: Date;
  /** Hashes of ids. */
  readonly consumed: readonly Buffer[];
  /** Hashes of ids. */
  readonly destroyed: readonly Buffer[];
  readonly changed: readonly ChangedRecord[];
  readonly created: readonly NewRecord[];
  readonly responses: readonly NewResponse[];
  /** Entries of the request for the audit. */
  readonly auditLines: readonly AuditLine[];
}

export type NewSession = Selectable<Sessions> & { readonly authorizations: readonly NewAuthorization[] };

export type ChangedSession = Omit<Selectable<Sessions>, 'origin' | 'id_hash' | 'created_at'> & {
  /** Null: as it was. */
  readonly id_hash: Buffer | null;
  readonly authorizations: readonly NewAuthorization[];
  /** Ids of clients whose authorization is removed. */
  readonly removed: readonly string[];
};

/**
 * Every statement of the hot path. Each is prepared once a connection, by name; their number per request is what
 * `tests/performance/statements.test.ts` counts.
 *
 * @param accountColumns the columns that `server/accounts` reads of a joined account (alias `a`)
 */
export function createStatements(accountColumns: string) {
  const account = sql.raw(accountColumns);
  const session = sql`
    s.uid AS session_uid, s.sealed AS session_sealed,
    (SELECT json_object_agg(c.client_id, json_strip_nulls(json_build_object('sid', c.sid, 'grantId', c.grant_id,
            'persistsLogout', nullif(c.persists_logout, false))))::text
       FROM session_authorizations c WHERE c.session_uid = s.uid) AS session_authorizations`;
  const joinAccount = (id: RawBuilder<unknown>) =>
    sql`LEFT JOIN LATERAL (SELECT * FROM accounts WHERE id = ${id} OFFSET 0) a ON true`;

  return {
    // Reads take a list of keys, and each row names the key that it was found by (group_read.ts). Tables are joined row
    // by row, each by its key (LATERAL, and OFFSET 0, which Postgres does not plan across): for a list it would otherwise
    // read the other tables whole.

    /**
     * A record with all that the request reads next: its grant, its session and its account; of a used record also the
     * stored response, with the expiry of the successor unless that was used itself.
     */
    findRecord: statement(
      'find_record',
      ($: { keys: readonly Buffer[] }) => sql<FoundRecord>`
        SELECT r.*, n.answer_sealed, n.answer_expires_at, n.successor_expires_at,
               g.grant_sealed, g.grant_epoch, ${session}, ${account}
          FROM (SELECT id_hash AS key, model, sealed, consumed_at, grant_id, session_uid AS uid, account_id AS owner
                  FROM records WHERE id_hash = ANY(${$.keys}::bytea[]) OFFSET 0) r
          LEFT JOIN LATERAL (SELECT sealed_by_token AS answer_sealed, expires_at AS answer_expires_at,
                                    (SELECT expires_at FROM records WHERE id_hash = successor_hash AND consumed_at IS NULL)
                                      AS successor_expires_at
                               FROM repeated_answers WHERE r.consumed_at IS NOT NULL AND id_hash = r.key OFFSET 0) n ON true
          LEFT JOIN LATERAL (SELECT sealed AS grant_sealed, epoch AS grant_epoch
                               FROM grants WHERE id = r.grant_id OFFSET 0) g ON true
          LEFT JOIN LATERAL (SELECT uid, sealed FROM sessions WHERE uid = r.uid OFFSET 0) s ON true
          ${joinAccount(sql`r.owner`)}`,
    ),
    findGrant: statement(
      'find_grant',
      ($: { keys: readonly string[] }) => sql<FoundGrant & { readonly key: string }>`
        SELECT id AS key, id AS grant_id, sealed AS grant_sealed, epoch AS grant_epoch
          FROM grants WHERE id = ANY(${$.keys}::text[])`,
    ),
    findSession: statement(
      'find_session',
      ($: { keys: readonly Buffer[] }) => sql<FoundSession & JoinedAccount & { readonly key: Buffer }>`
        SELECT s.id_hash AS key, ${session}, ${account}
          FROM (SELECT * FROM sessions WHERE id_hash = ANY(${$.keys}::bytea[]) OFFSET 0) s ${joinAccount(sql`s.account_id`)}`,
    ),
    findSessionByUid: statement(
      'find_session_by_uid',
      ($: { keys: readonly string[] }) => sql<FoundSession & JoinedAccount & { readonly key: string }>`
        SELECT s.uid AS key, ${session}, ${account}
          FROM (SELECT * FROM sessions WHERE uid = ANY(${$.keys}::text[]) OFFSET 0) s ${joinAccount(sql`s.account_id`)}`,
    ),
    /** The state that an unstored (JWT) token depends on (ended.ts). */
    findTokenStatus: statement(
      'find_token_status',
      ($: { keys: readonly string[] }) => sql<FoundTokenStatus>`
        SELECT t.key, c.client_updated_at, e.ended_until, g.*, ${session}, ${account}
          FROM (SELECT k AS key, k::json->>0 AS jti, k::json->>1 AS client_id, k::json->>2 AS grant_id
                  FROM unnest(${$.keys}::text[]) AS k OFFSET 0) t
          LEFT JOIN LATERAL (SELECT updated_at AS client_updated_at FROM clients WHERE id = t.client_id OFFSET 0) c ON true
          LEFT JOIN LATERAL (SELECT max(issued_until) AS ended_until FROM ended_tokens
                              WHERE what = ANY(ARRAY['jti ' || t.jti, 'client ' || t.client_id]) OFFSET 0) e ON true
          LEFT JOIN LATERAL (SELECT id AS grant_id, account_id AS owner, sealed AS grant_sealed, epoch AS grant_epoch
                               FROM grants WHERE id = t.grant_id OFFSET 0) g ON true
          LEFT JOIN LATERAL (SELECT session_uid AS of FROM session_authorizations
                              WHERE grant_id = g.grant_id LIMIT 1) o ON true
          LEFT JOIN LATERAL (SELECT uid, sealed FROM sessions WHERE uid = o.of OFFSET 0) s ON true
          ${joinAccount(sql`g.owner`)}`,
    ),

    /**
     * Everything that a request changes in records, at once. Of parallel requests that use the same record one finds it
     * unused; `require_single_use` refuses the whole transaction of the others.
     *
     * The grants that something is issued for are locked before any of their records is, as a revocation does: otherwise
     * each could hold what the other waits for. (The condition that is always true makes Postgres lock them first.)
     * Changed rows are not joined to their new values, for the reason that reads join row by row. LIMIT: parallel requests
     * may change the same record, and share this statement.
     */
    writeRecords: statement(
      'write_records',
      ($: RecordChanges) => sql`
        WITH locked AS (
          SELECT 1 FROM grants WHERE id = ANY(${NEW_RECORDS.list($.created, 'grant_id')}) FOR KEY SHARE
        ), consumed AS (
          UPDATE records SET consumed_at = ${$.now}, expires_at = greatest(expires_at, (
                   SELECT n.expires_at FROM ${NEW_RESPONSES.unnest($.responses)} AS n (${NEW_RESPONSES.names})
                    WHERE n.id_hash = records.id_hash LIMIT 1))
           WHERE (SELECT count(*) FROM locked) >= 0 AND id_hash = ANY(${$.consumed}::bytea[]) AND consumed_at IS NULL
          RETURNING 1
        ), destroyed AS (
          DELETE FROM records WHERE id_hash = ANY(${$.destroyed}::bytea[])
        ), changed AS (
          UPDATE records r SET (sealed, expires_at, account_id) = (
                   SELECT c.sealed, c.expires_at, c.account_id
                     FROM ${CHANGED_RECORDS.unnest($.changed)} AS c (${CHANGED_RECORDS.names})
                    WHERE c.id_hash = r.id_hash LIMIT 1)
           WHERE id_hash = ANY(${CHANGED_RECORDS.list($.changed, 'id_hash')})
        ), inserted AS (
          INSERT INTO records (${NEW_RECORDS.names}) SELECT * FROM ${NEW_RECORDS.unnest($.created)}
        ), stored AS (
          INSERT INTO repeated_answers (${NEW_RESPONSES.names}) SELECT * FROM ${NEW_RESPONSES.unnest($.responses)}
        ), audited AS (
          ${insertAuditLines($.auditLines)}
        )
        SELECT require_single_use(cardinality(${$.consumed}::bytea[]), (SELECT count(*) FROM consumed))`,
    ),
    insertReplays: statement(
      'insert_replays',
      ($: { rows: readonly NewReplay[] }) =>
        sql`INSERT INTO replays (${NEW_REPLAYS.names}) SELECT * FROM ${NEW_REPLAYS.unnest($.rows)}`,
    ),
    insertGrants: statement(
      'insert_grants',
      ($: { rows: readonly NewGrant[] }) =>
        sql`INSERT INTO grants (${NEW_GRANTS.names}) SELECT * FROM ${NEW_GRANTS.unnest($.rows)}`,
    ),
    /** A grant that was revoked meanwhile stays revoked. */
    changeGrants: statement(
      'change_grants',
      ($: { rows: readonly ChangedGrant[] }) => sql`
        UPDATE grants g SET (sealed, expires_at) = (
                 SELECT c.sealed, c.expires_at FROM ${CHANGED_GRANTS.unnest($.rows)} AS c (${CHANGED_GRANTS.names})
                  WHERE c.id = g.id LIMIT 1)
         WHERE id = ANY(${CHANGED_GRANTS.list($.rows, 'id')})`,
    ),
    deleteGrants: statement(
      'delete_grants',
      ($: { ids: readonly string[] }) => sql`DELETE FROM grants WHERE id = ANY(${$.ids}::text[])`,
    ),
    /** The grant stays, and a new epoch of it begins: unstored tokens of an earlier epoch end as well. */
    deleteRecordsOfGrants: statement(
      'delete_records_of_grants',
      ($: { ids: readonly string[] }) => sql`
        WITH ended AS (UPDATE grants SET epoch = epoch + 1 WHERE id = ANY(${$.ids}::text[]) RETURNING 1)
        DELETE FROM records WHERE (SELECT count(*) FROM ended) >= 0 AND grant_id = ANY(${$.ids}::text[])`,
    ),
    lockSessions: statement('lock_sessions', ($: { idHashes: readonly Buffer[] }) =>
      lockSessions(sql`s.id_hash = ANY(${$.idHashes}::bytea[])`),
    ),
    deleteSessions: statement('delete_sessions', ($: { idHashes: readonly Buffer[] }) =>
      deleteSessions(sql`s.id_hash = ANY(${$.idHashes}::bytea[])`),
    ),
    insertSession: statement(
      'insert_session',
      ($: NewSession) => sql`
        WITH saved AS (
          INSERT INTO sessions (uid, id_hash, account_id, sealed, expires_at, origin, created_at)
          VALUES (${$.uid}, ${$.id_hash}, ${$.account_id}, ${$.sealed}, ${$.expires_at}, ${$.origin},
                  ${$.created_at}) RETURNING uid
        )
        ${addAuthorizations($.authorizations)}`,
    ),
    /**
     * A session that ended meanwhile stays ended. Its id changes only when this request changed it, and of its
     * authorizations only those that this request changed, so that parallel requests keep each other's.
     */
    changeSession: statement(
      'change_session',
      ($: ChangedSession) => sql`
        WITH saved AS (
          UPDATE sessions SET id_hash = coalesce(${$.id_hash}, id_hash), account_id = ${$.account_id}, sealed = ${$.sealed},
                 expires_at = ${$.expires_at}, origin = CASE WHEN ${$.account_id}::uuid IS NULL THEN origin END
           WHERE uid = ${$.uid} RETURNING uid
        ), removed AS (
          DELETE FROM session_authorizations WHERE session_uid = ${$.uid} AND client_id = ANY(${$.removed}::text[])
          RETURNING client_id, sid
        ), queued AS (
          ${queueLogouts(sql`(SELECT r.client_id, r.sid, s.account_id FROM removed r, sessions s WHERE s.uid = ${$.uid}) e`)}
        )
        ${addAuthorizations($.authorizations)}`,
    ),
  } as const;
}

export type Statements = ReturnType<typeof createStatements>;

function addAuthorizations(authorizations: readonly NewAuthorization[]): RawBuilder<unknown> {
  return sql`
        INSERT INTO session_authorizations (session_uid, ${NEW_AUTHORIZATIONS.names})
        SELECT saved.uid, c.* FROM saved, ${NEW_AUTHORIZATIONS.unnest(authorizations)} AS c (${NEW_AUTHORIZATIONS.names})
        ON CONFLICT (session_uid, client_id) DO UPDATE
           SET sid = excluded.sid, grant_id = excluded.grant_id, persists_logout = excluded.persists_logout`;
}
