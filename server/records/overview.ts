import type { Clock } from '../platform/clock.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { type PageWanted, WHOLE } from '../platform/pages.ts';
import { hashToken, openJson, type Place, type Sealer } from '../platform/sealing.ts';
import { grantPlace, recordPlace, sessionPlace } from './changes.ts';
import { deleteSessions, lockSessions, queueLogouts } from './deliveries.ts';
import { type SessionLimit, sessionEnd } from './lifetimes.ts';

/** A browser in which a person is signed in. */
export interface SessionOverview {
  readonly uid: string;
  /** When the person last showed a credential in it; undefined before they did. */
  readonly authTime: Date | undefined;
  /** RFC 8176 */
  readonly amr: readonly string[];
  /** Relying parties that it has signed in to. */
  readonly clientIds: readonly string[];
  /** Unless it is used before that. */
  readonly expiresAt: Date;
  /** However much it is used. */
  readonly endsAt: Date | undefined;
}

/** What a person lets one app do, in however many sessions they have done so. */
export interface AppOverview {
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** When the last of its grants ends: what the list is in the order of. */
  readonly until: Date;
  /** Scopes by RFC 8707 resource indicator. */
  readonly resources: Readonly<Record<string, readonly string[]>>;
  readonly since: Date | undefined;
  /** When the latest of the tokens that we know of was issued to it. */
  readonly lastUsedAt: Date | undefined;
}

export interface Exceptions {
  readonly sessionUid?: string | undefined;
  /** The sign-in that is under way, by the uid of its interaction. */
  readonly interactionUid?: string | undefined;
  /** The transaction fails by `require_rows` unless a session ends by it: there is nothing to tell of then. */
  readonly required?: boolean;
}

/** What is stored under an account, for the person and the operator to see and to end. */
export interface Overview {
  /**
   * Those that end last first, which are those that were used last. Of a page that was asked for, some may have come to
   * their absolute end: they are there for the next page to be found.
   * @param which `except`: the uid of one that is left out; `only`: of the one that is meant
   */
  sessionsOf(
    accountId: string,
    page?: PageWanted,
    which?: { readonly except?: string; readonly only?: string },
  ): Promise<SessionOverview[]>;
  /** The account of a session that goes on. */
  ownerOf(uid: string): Promise<string | undefined>;
  countSessions(accountId: string): Promise<number>;
  /** Apps with access, the one that was given some last first. */
  grantsOf(accountId: string, page?: PageWanted): Promise<AppOverview[]>;
  /** Apps with access, in no order. */
  clientsOf(accountId: string, limit: number): Promise<string[]>;
  /**
   * Signs one browser out, and out of all apps that it signed in to. Another account's session stays, and the transaction
   * fails by `require_rows`, as it does when there is no such session.
   */
  endSession(accountId: string, uid: string): BoundStatement[];
  /**
   * Ends everything that rests on a person having signed in: sessions, what apps were allowed, and with that every code
   * and token, and every sign-in that is half-way.
   * @param options `except`: a session that stays, with the apps that it signed in to; `exceptVisit`: the sign-in that
   * stays, by the uid of its interaction
   */
  endSessions(accountId: string, options?: Exceptions): BoundStatement[];
  /**
   * Takes back all that a person allowed an app: its tokens are dead with that. The transaction fails by
   * `require_rows` when that is nothing.
   */
  revokeApp(accountId: string, clientId: string): BoundStatement[];
}

/** Of one app: each session of a person has its own. */
const GRANTS_READ = 100;

// Everywhere in the order in which requests write (changes.ts): grants, their records, sessions. So nobody waits in a circle.
export const OVERVIEW_STATEMENTS = {
  ownerOf: { name: 'overview.owner_of', text: 'SELECT account_id FROM sessions WHERE uid = $1' },
  sessions: {
    name: 'overview.sessions',
    text: `SELECT s.uid, s.sealed, s.expires_at,
                  ARRAY(SELECT c.client_id FROM session_authorizations c WHERE c.session_uid = s.uid ORDER BY 1) AS clients
             FROM sessions s
            WHERE s.account_id = $1 AND s.expires_at > $2 AND ($6::text IS NULL OR s.uid <> $6) AND ($7::text IS NULL OR s.uid = $7)
              AND ($4::timestamptz IS NULL OR (s.expires_at, s.uid) < ($4, $5::text))
            ORDER BY s.expires_at DESC, s.uid DESC LIMIT $3`,
  },
  countSessions: {
    name: 'overview.count_sessions',
    text: 'SELECT count(*)::int AS count FROM sessions WHERE account_id = $1 AND expires_at > $2',
  },
  clients: {
    name: 'overview.clients',
    text: 'SELECT DISTINCT client_id FROM grants WHERE account_id = $1 AND expires_at > $2 LIMIT $3',
  },
  apps: {
    name: 'overview.apps',
    text: `SELECT client_id, max(expires_at) AS until FROM grants WHERE account_id = $1 AND expires_at > $2
            GROUP BY client_id HAVING $4::timestamptz IS NULL OR (max(expires_at), client_id) < ($4, $5::text)
            ORDER BY until DESC, client_id DESC LIMIT $3`,
  },
  grants: {
    name: 'overview.grants',
    text: `SELECT id, client_id, sealed
             FROM (SELECT *, row_number() OVER (PARTITION BY client_id ORDER BY expires_at DESC) AS nth
                     FROM grants WHERE account_id = $1 AND expires_at > $2 AND client_id = ANY($3::text[])) g
            WHERE nth <= ${GRANTS_READ}`,
  },
  /** Of each kind of record the one that lives longest was issued last. */
  latestRecords: {
    name: 'overview.latest_records',
    text: `SELECT DISTINCT ON (r.grant_id, r.model) r.grant_id, r.id_hash, r.sealed
             FROM records r WHERE r.grant_id = ANY($1::text[])
            ORDER BY r.grant_id, r.model, r.expires_at DESC`,
  },
  endGrantsOfSession: {
    name: 'overview.end_grants_of_session',
    text: `DELETE FROM grants WHERE account_id = $1 AND id IN (
             SELECT c.grant_id FROM session_authorizations c JOIN sessions s ON s.uid = c.session_uid
              WHERE s.uid = $2 AND s.account_id = $1)`,
  },
  endRecordsOfSession: {
    name: 'overview.end_records_of_session',
    text: 'DELETE FROM records WHERE account_id = $1 AND session_uid = $2',
  },
  lockSession: { name: 'overview.lock_session', text: lockSessions('s.account_id = $1 AND s.uid = $2') },
  // Behind the lock, so that of two who end the same one the second finds none.
  requireSession: {
    name: 'overview.require_session',
    text: `SELECT require_rows((SELECT count(*) FROM sessions WHERE account_id = $1 AND uid = $2))`,
  },
  requireSessions: {
    name: 'overview.require_sessions',
    text: `SELECT require_rows((
             SELECT count(*) FROM sessions WHERE account_id = $1 AND uid IS DISTINCT FROM $2))`,
  },
  requireGrants: {
    name: 'overview.require_grants',
    text: `SELECT require_rows((SELECT count(*) FROM (
             SELECT 1 FROM grants WHERE account_id = $1 AND client_id = $2 ORDER BY id FOR UPDATE) g))`,
  },
  endSession: { name: 'overview.end_session', text: deleteSessions('s.account_id = $1 AND s.uid = $2') },
  endGrants: {
    name: 'overview.end_grants',
    text: `DELETE FROM grants WHERE account_id = $1 AND NOT EXISTS (
             SELECT 1 FROM session_authorizations c JOIN sessions s ON s.uid = c.session_uid
              WHERE c.grant_id = grants.id AND s.uid = $2 AND s.account_id = $1)`,
  },
  /** A record without a session, such as an interaction, is never the kept one's. */
  endRecords: {
    name: 'overview.end_records',
    text: `DELETE FROM records
            WHERE account_id = $1 AND (session_uid = $2) IS NOT TRUE AND id_hash IS DISTINCT FROM $3::bytea`,
  },
  lockSessions: {
    name: 'overview.lock_sessions',
    text: lockSessions('s.account_id = $1 AND s.uid IS DISTINCT FROM $2'),
  },
  endSessions: {
    name: 'overview.end_sessions',
    text: deleteSessions('s.account_id = $1 AND s.uid IS DISTINCT FROM $2'),
  },
  revokeGrants: {
    name: 'overview.revoke_grants',
    text: 'DELETE FROM grants WHERE account_id = $1 AND client_id = $2',
  },
  revokeRecords: {
    name: 'overview.revoke_records',
    text: 'DELETE FROM records WHERE account_id = $1 AND client_id = $2',
  },
  /** The app is signed out with that: should the person come back to it, that is another `sid`. */
  revokeAuthorizations: {
    name: 'overview.revoke_authorizations',
    text: `WITH removed AS (
             DELETE FROM session_authorizations
              WHERE client_id = $2 AND session_uid = ANY (ARRAY(SELECT uid FROM sessions WHERE account_id = $1))
             RETURNING client_id, sid, $1::uuid AS account_id
           )
           ${queueLogouts('removed e')}`,
  },
};

interface SessionRow {
  uid: string;
  sealed: Buffer;
  expires_at: Date;
  clients: string[];
}

interface GrantRow {
  id: string;
  client_id: string;
  sealed: Buffer;
}

interface RecordRow {
  grant_id: string;
  id_hash: Buffer;
  sealed: Buffer;
}

/** Members of sealed payloads that are read here; seconds since the epoch. */
interface Sealed {
  iat?: number;
  loginTs?: number;
  amr?: string[];
  openid?: { scope?: string };
  resources?: Record<string, string>;
}

export function createOverview(parts: { db: Db; sealer: Sealer; now: Clock; lifetimes: SessionLimit }): Overview {
  const { db, sealer, now, lifetimes } = parts;
  const open = (place: Place, sealed: Buffer) => openJson(sealer, place, sealed) as Sealed;

  /** Seconds since the epoch, by grant. */
  async function lastUses(grantIds: readonly string[]): Promise<Map<string, number>> {
    const uses = new Map<string, number>();
    for (const row of await db.run<RecordRow>(OVERVIEW_STATEMENTS.latestRecords, [grantIds])) {
      const { iat = 0 } = open(recordPlace(row.id_hash), row.sealed);
      uses.set(row.grant_id, Math.max(iat, uses.get(row.grant_id) ?? 0));
    }
    return uses;
  }

  return {
    async sessionsOf(accountId, page = WHOLE, { except, only } = {}) {
      const { limit, after } = page;
      const place = [after?.at ?? null, after?.id ?? null];
      const values = [accountId, new Date(now()), limit, ...place, except ?? null, only ?? null];
      const sessions = (await db.run<SessionRow>(OVERVIEW_STATEMENTS.sessions, values)).map(
        ({ uid, sealed, expires_at: expiresAt, clients: clientIds }) => {
          const { loginTs, amr = [] } = open(sessionPlace(uid), sealed);
          const end = sessionEnd({ loginTs }, lifetimes);
          const endsAt = Number.isFinite(end) ? dateOf(end) : undefined;
          return { uid, authTime: dateOf(loginTs), amr, clientIds, expiresAt, endsAt };
        },
      );
      return page === WHOLE
        ? sessions.filter(({ endsAt }) => endsAt === undefined || endsAt.getTime() > now())
        : sessions;
    },

    async countSessions(accountId) {
      const [row] = await db.run<{ count: number }>(OVERVIEW_STATEMENTS.countSessions, [accountId, new Date(now())]);
      return row?.count ?? 0;
    },

    async ownerOf(uid) {
      const [row] = await db.run<{ account_id: string | null }>(OVERVIEW_STATEMENTS.ownerOf, [uid]);
      return row?.account_id ?? undefined;
    },

    async clientsOf(accountId, limit) {
      const rows = await db.run<{ client_id: string }>(OVERVIEW_STATEMENTS.clients, [
        accountId,
        new Date(now()),
        limit,
      ]);
      return rows.map(({ client_id: clientId }) => clientId);
    },

    async grantsOf(accountId, { limit, after } = WHOLE) {
      const values = [accountId, new Date(now()), limit, after?.at ?? null, after?.id ?? null];
      const apps = await db.run<{ client_id: string; until: Date }>(OVERVIEW_STATEMENTS.apps, values);
      if (apps.length === 0) return [];
      const clientIds = apps.map(({ client_id: clientId }) => clientId);
      const rows = await db.run<GrantRow>(OVERVIEW_STATEMENTS.grants, [accountId, new Date(now()), clientIds]);
      const uses = await lastUses(rows.map(({ id }) => id));
      const byClient = Map.groupBy(rows, ({ client_id: clientId }) => clientId);
      return apps.map(({ client_id: clientId, until }) => {
        const grants = byClient.get(clientId) ?? [];
        const payloads = grants.map(({ id, sealed }) => open(grantPlace(id), sealed));
        return {
          clientId,
          until,
          ...allowedBy(payloads),
          since: dateOf(least(payloads.map(({ iat }) => iat))),
          lastUsedAt: dateOf(most(grants.map(({ id }) => uses.get(id)))),
        };
      });
    },

    endSession: (accountId, uid) => [
      { statement: OVERVIEW_STATEMENTS.endGrantsOfSession, values: [accountId, uid] },
      { statement: OVERVIEW_STATEMENTS.endRecordsOfSession, values: [accountId, uid] },
      { statement: OVERVIEW_STATEMENTS.lockSession, values: [accountId, uid] },
      { statement: OVERVIEW_STATEMENTS.requireSession, values: [accountId, uid] },
      { statement: OVERVIEW_STATEMENTS.endSession, values: [accountId, uid] },
    ],

    endSessions,

    revokeApp: (accountId, clientId) => [
      { statement: OVERVIEW_STATEMENTS.requireGrants, values: [accountId, clientId] },
      { statement: OVERVIEW_STATEMENTS.revokeGrants, values: [accountId, clientId] },
      { statement: OVERVIEW_STATEMENTS.revokeRecords, values: [accountId, clientId] },
      { statement: OVERVIEW_STATEMENTS.revokeAuthorizations, values: [accountId, clientId] },
    ],
  };
}

/** As `Overview.endSessions`, for whoever has no use for the rest of it. */
export function endSessions(
  accountId: string,
  { sessionUid, interactionUid, required }: Exceptions = {},
): BoundStatement[] {
  const values = [accountId, sessionUid ?? null];
  const visit = interactionUid === undefined ? null : hashToken(interactionUid);
  return [
    { statement: OVERVIEW_STATEMENTS.endGrants, values },
    { statement: OVERVIEW_STATEMENTS.endRecords, values: [...values, visit] },
    { statement: OVERVIEW_STATEMENTS.lockSessions, values },
    ...(required ? [{ statement: OVERVIEW_STATEMENTS.requireSessions, values }] : []),
    { statement: OVERVIEW_STATEMENTS.endSessions, values },
  ];
}

/** What several grants allow together. */
function allowedBy(grants: readonly Sealed[]): Pick<AppOverview, 'scopes' | 'resources'> {
  const scopes = new Set(grants.flatMap(({ openid }) => words(openid?.scope)));
  const resources: Record<string, string[]> = {};
  for (const [resource, scope] of grants.flatMap(({ resources = {} }) => Object.entries(resources))) {
    resources[resource] = [...new Set([...(resources[resource] ?? []), ...words(scope)])];
  }
  return { scopes: [...scopes], resources };
}

const words = (scope: string | undefined) => scope?.split(' ').filter((word) => word !== '') ?? [];

const known = (seconds: readonly (number | undefined)[]) => seconds.filter((one) => one !== undefined);
const most = (seconds: readonly (number | undefined)[]) => known(seconds).sort((a, b) => b - a)[0];
const least = (seconds: readonly (number | undefined)[]) => known(seconds).sort((a, b) => a - b)[0];

function dateOf(seconds: number | undefined): Date | undefined {
  return seconds === undefined ? undefined : new Date(seconds * 1000);
}
