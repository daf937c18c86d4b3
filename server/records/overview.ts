import type { Clock } from '../platform/clock.ts';
import type { BoundStatement, Db, Row, Statement } from '../platform/db.ts';
import { type PageWanted, WHOLE } from '../platform/pages.ts';
import { hashToken, openJson, type Place, type Sealer } from '../platform/sealing.ts';
import { grantPlace, recordPlace, sessionPlace } from './changes.ts';
import { type SessionLimit, sessionEnd } from './lifetimes.ts';
import { OVERVIEW_STATEMENTS } from './overview_statements.ts';

/** A browser in which a person is signed in. */
export interface SessionOverview {
  readonly uid: string;
  /** When the person last authenticated in it; undefined before the first time. */
  readonly authTime: Date | undefined;
  /** RFC 8176 */
  readonly amr: readonly string[];
  /** The clients that it has signed in to. */
  readonly clientIds: readonly string[];
  /** Moves forward whenever the session is used. */
  readonly expiresAt: Date;
  /** The absolute end, which doesn't move. */
  readonly endsAt: Date | undefined;
}

/** The permissions that a person gave one app, over all sessions. */
export interface AppOverview {
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** When the last of its grants ends; the list is ordered by it. */
  readonly until: Date;
  /** Scopes by RFC 8707 resource indicator. */
  readonly resources: Readonly<Record<string, readonly string[]>>;
  readonly since: Date | undefined;
  /** When the latest of the stored tokens was issued to it. */
  readonly lastUsedAt: Date | undefined;
}

export interface Exceptions {
  readonly sessionUid?: string | undefined;
  /** The sign-in that is under way, by the uid of its interaction. */
  readonly interactionUid?: string | undefined;
  /** The transaction fails by `require_rows` when there is no session to end. */
  readonly required?: boolean;
}

/** The sessions and grants of an account, for the person and the operator to see and to end. */
export interface Overview {
  /**
   * The one that was used last first. A page may have sessions that have reached their absolute end: the next page is
   * found by them.
   * @param which `except`: the uid of a session that is left out; `only`: of the only one that is read
   */
  sessionsOf(
    accountId: string,
    page?: PageWanted,
    which?: { readonly except?: string; readonly only?: string },
  ): Promise<SessionOverview[]>;
  /** @returns the account's id; undefined when there is no such session, or it has no signed-in person */
  ownerOf(uid: string): Promise<string | undefined>;
  countSessions(accountId: string): Promise<number>;
  /** Apps with access, the one whose grants end last first. */
  grantsOf(accountId: string, page?: PageWanted): Promise<AppOverview[]>;
  /** Apps with access, in no order. */
  clientsOf(accountId: string, limit: number): Promise<string[]>;
  /**
   * Signs one browser out, and out of all apps that it signed in to. The transaction fails by `require_rows` when the
   * account has no such session.
   */
  endSession(accountId: string, uid: string): BoundStatement[];
  /**
   * Ends everything that a sign-in of the person has led to: sessions, grants with their codes and tokens, and sign-ins
   * that are under way.
   * @param options `sessionUid`: a session that stays, with the apps that it signed in to; `interactionUid`: a sign-in that
   * stays
   */
  endSessions(accountId: string, options?: Exceptions): BoundStatement[];
  /**
   * Revokes all that a person allowed an app, with its tokens. The transaction fails by `require_rows` when that is
   * nothing.
   */
  revokeApp(accountId: string, clientId: string): BoundStatement[];
}

/** Members of sealed payloads that are read here; seconds since the epoch. */
export interface Sealed {
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
    for (const row of await db.query(OVERVIEW_STATEMENTS.latestRecords.bind({ grantIds }))) {
      const { iat = 0 } = open(recordPlace(row.id_hash), row.sealed);
      uses.set(row.grant_id, Math.max(iat, uses.get(row.grant_id) ?? 0));
    }
    return uses;
  }

  return {
    async sessionsOf(accountId, page = WHOLE, { except, only } = {}) {
      const { limit, after } = page;
      const bound = OVERVIEW_STATEMENTS.sessions.bind({
        accountId,
        now: new Date(now()),
        except: except ?? null,
        only: only ?? null,
        limit,
        afterExpiry: after?.at ?? null,
        afterUid: after?.id ?? null,
      });
      const sessions = (await db.query(bound)).map(({ uid, sealed, expires_at: expiresAt, clients: clientIds }) => {
        const { loginTs, amr = [] } = open(sessionPlace(uid), sealed);
        const end = sessionEnd({ loginTs }, lifetimes);
        const endsAt = Number.isFinite(end) ? dateOf(end) : undefined;
        return { uid, authTime: dateOf(loginTs), amr, clientIds, expiresAt, endsAt };
      });
      return page === WHOLE
        ? sessions.filter(({ endsAt }) => endsAt === undefined || endsAt.getTime() > now())
        : sessions;
    },

    async ownerOf(uid) {
      const [row] = await db.query(OVERVIEW_STATEMENTS.ownerOf.bind({ uid }));
      return row?.account_id ?? undefined;
    },

    async countSessions(accountId) {
      const [row] = await db.query(OVERVIEW_STATEMENTS.countSessions.bind({ accountId, now: new Date(now()) }));
      return row?.count ?? 0;
    },

    async clientsOf(accountId, limit) {
      const rows = await db.query(OVERVIEW_STATEMENTS.clients.bind({ accountId, now: new Date(now()), limit }));
      return rows.map(({ client_id: clientId }) => clientId);
    },

    async grantsOf(accountId, { limit, after } = WHOLE) {
      const page = { limit, afterExpiry: after?.at ?? null, afterClient: after?.id ?? null };
      const apps = await db.query(OVERVIEW_STATEMENTS.apps.bind({ accountId, now: new Date(now()), ...page }));
      if (apps.length === 0) return [];
      const clientIds = apps.map(({ client_id: clientId }) => clientId);
      const rows = await db.query(OVERVIEW_STATEMENTS.grants.bind({ accountId, now: new Date(now()), clientIds }));
      const uses = await lastUses(rows.map(({ id }) => id));
      const byClient = Map.groupBy(rows, ({ client_id: clientId }) => clientId);
      return apps.map(({ client_id: clientId, until }) => {
        const grants = byClient.get(clientId) ?? [];
        const payloads = grants.map(({ id, sealed }) => open(grantPlace(id), sealed));
        return {
          clientId,
          until,
          ...allowedBy(payloads),
          since: dateOf(least(grants.map(({ created_at: at }) => Math.floor(at.getTime() / 1_000)))),
          lastUsedAt: dateOf(most(grants.map(({ id }) => uses.get(id)))),
        };
      });
    },

    endSession: (accountId, uid) => [
      OVERVIEW_STATEMENTS.endGrantsOfSession.bind({ accountId, uid }),
      OVERVIEW_STATEMENTS.endRecordsOfSession.bind({ accountId, uid }),
      OVERVIEW_STATEMENTS.lockSession.bind({ accountId, uid }),
      OVERVIEW_STATEMENTS.requireSession.bind({ accountId, uid }),
      OVERVIEW_STATEMENTS.endSession.bind({ accountId, uid }),
    ],

    endSessions,

    revokeApp: (accountId, clientId) => [
      OVERVIEW_STATEMENTS.requireGrants.bind({ accountId, clientId }),
      OVERVIEW_STATEMENTS.revokeGrants.bind({ accountId, clientId }),
      OVERVIEW_STATEMENTS.revokeRecords.bind({ accountId, clientId }),
      OVERVIEW_STATEMENTS.revokeAuthorizations.bind({ accountId, clientId }),
    ],
  };
}

/** The same as `Overview.endSessions`, for callers without an overview. */
export function endSessions(
  accountId: string,
  { sessionUid, interactionUid, required }: Exceptions = {},
): BoundStatement[] {
  const sessions = { accountId, except: sessionUid ?? null };
  const exceptRecord = interactionUid === undefined ? null : hashToken(interactionUid);
  return [
    OVERVIEW_STATEMENTS.endGrants.bind(sessions),
    OVERVIEW_STATEMENTS.endRecords.bind({ ...sessions, exceptRecord }),
    OVERVIEW_STATEMENTS.lockSessions.bind(sessions),
    ...(required ? [OVERVIEW_STATEMENTS.requireSessions.bind(sessions)] : []),
    OVERVIEW_STATEMENTS.endSessions.bind(sessions),
  ];
}

/**
 * How much that was in force `endSessions` has ended. `records` are those that no ended grant had, such as a sign-in that was
 * under way: others end with their grants, which are counted.
 * @param statements those of the transaction, in the order of `rows`
 */
export function endedIn(
  statements: readonly BoundStatement[],
  rows: readonly Row[][],
  now: number,
): { readonly sessions: number; readonly grants: number; readonly records: number } {
  const inForce = (wanted: Statement) => {
    const returned = rows.filter((_, i) => statements[i]?.statement === wanted).flat() as { expires_at: Date }[];
    return returned.filter(({ expires_at: end }) => end.getTime() > now).length;
  };
  return {
    sessions: inForce(OVERVIEW_STATEMENTS.lockSessions),
    grants: inForce(OVERVIEW_STATEMENTS.endGrants),
    records: inForce(OVERVIEW_STATEMENTS.endRecords),
  };
}

/** The scopes and resources of several grants together. */
export function allowedBy(grants: readonly Sealed[]): Pick<AppOverview, 'scopes' | 'resources'> {
  const scopes = new Set(grants.flatMap(({ openid }) => words(openid?.scope)));
  const resources: Record<string, string[]> = {};
  for (const [resource, scope] of grants.flatMap(({ resources = {} }) => Object.entries(resources))) {
    resources[resource] = [...new Set([...(resources[resource] ?? []), ...words(scope)])];
  }
  return { scopes: [...scopes], resources };
}

const words = (scope: string | undefined) => scope?.split(' ').filter((word) => word !== '') ?? [];

const defined = (seconds: readonly (number | undefined)[]) => seconds.filter((one) => one !== undefined);
const most = (seconds: readonly (number | undefined)[]) => defined(seconds).sort((a, b) => b - a)[0];
const least = (seconds: readonly (number | undefined)[]) => defined(seconds).sort((a, b) => a - b)[0];

export function dateOf(seconds: number | undefined): Date | undefined {
  return seconds === undefined ? undefined : new Date(seconds * 1000);
}
