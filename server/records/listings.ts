import type { Selectable } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { Grants, Sessions } from '../platform/database.ts';
import type { Db } from '../platform/db.ts';
import { type AddParameter, createListing, type ListRequest, type Page } from '../platform/listing.ts';
import { openJson, type Sealer } from '../platform/sealing.ts';
import { grantPlace, sessionPlace } from './changes.ts';
import { type SessionLimit, sessionEnd } from './lifetimes.ts';
import { allowedBy, dateOf, type Sealed, type SessionOverview } from './overview.ts';

/* The sessions and grants of all people, for operators. A column that a list is sorted by has an index with the id. */

export interface ListedSession extends SessionOverview {
  readonly accountId: string;
  readonly createdAt: Date;
}

/** What a person allowed a client in one session. */
export interface ListedGrant {
  readonly id: string;
  readonly accountId: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** Scopes by RFC 8707 resource indicator. */
  readonly resources: Readonly<Record<string, readonly string[]>>;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

export interface RecordLists {
  /**
   * Of people who are signed in, the latest first, unless the request says otherwise; may have sessions that have reached
   * their absolute end. @throws AppError 400 `invalid_input`
   */
  sessions(request?: ListRequest): Promise<Page<ListedSession>>;
  /** @returns undefined for a session that does not exist, or has no signed-in person */
  findSession(uid: string): Promise<ListedSession | undefined>;
  /** The latest first, unless the request says otherwise. @throws AppError 400 `invalid_input` */
  grants(request?: ListRequest): Promise<Page<ListedGrant>>;
  findGrant(id: string): Promise<ListedGrant | undefined>;
}

const TIMES = ['gt', 'ge', 'lt', 'le'] as const;

type SessionRow = Pick<Selectable<Sessions>, 'uid' | 'sealed' | 'created_at' | 'expires_at'> & {
  readonly account_id: string;
  readonly clients: string[];
};

/** The caller adds that somebody is signed in. */
export const SESSION_LIST = createListing<SessionRow, SessionRow>({
  name: 'sessions',
  select: `s.uid, s.account_id, s.sealed, s.created_at, s.expires_at,
           ARRAY(SELECT c.client_id FROM session_authorizations c WHERE c.session_uid = s.uid ORDER BY 1) AS clients`,
  from: 'sessions s',
  id: { sql: 's.uid', type: 'text' },
  fields: {
    uid: { type: 'text', operators: ['eq'], sql: 's.uid' },
    user_id: { type: 'id', operators: ['eq'], sql: 's.account_id' },
    clients: {
      type: 'text',
      operators: ['eq', 'ne'],
      sql: (_op, value, add) =>
        `s.uid IN (SELECT session_uid FROM session_authorizations WHERE client_id = ${add(value, 'text')})`,
    },
    created_at: { type: 'time', operators: TIMES, sql: 's.created_at' },
    expires_at: { type: 'time', operators: TIMES, sql: 's.expires_at' },
  },
  sorts: { created_at: { sql: 's.created_at', type: 'time' } },
  defaultSort: '-created_at',
  item: (row) => row,
});

type GrantRow = Pick<Selectable<Grants>, 'id' | 'account_id' | 'client_id' | 'sealed' | 'created_at' | 'expires_at'>;

export const GRANT_LIST = createListing<GrantRow, GrantRow>({
  name: 'grants',
  select: 'id, account_id, client_id, sealed, created_at, expires_at',
  from: 'grants',
  id: { sql: 'id', type: 'text' },
  fields: {
    id: { type: 'text', operators: ['eq'], sql: 'id' },
    user_id: { type: 'id', operators: ['eq'], sql: 'account_id' },
    client_id: { type: 'text', operators: ['eq', 'ne'], sql: 'client_id' },
    created_at: { type: 'time', operators: TIMES, sql: 'created_at' },
    expires_at: { type: 'time', operators: TIMES, sql: 'expires_at' },
  },
  sorts: { created_at: { sql: 'created_at', type: 'time' } },
  defaultSort: '-created_at',
  item: (row) => row,
});

export function createRecordLists(parts: {
  readonly db: Pick<Db, 'transact'>;
  readonly sealer: Sealer;
  readonly now: Clock;
  readonly lifetimes: SessionLimit;
}): RecordLists {
  const { db, sealer, now, lifetimes } = parts;
  /** Rows that have not expired, and among them those that a caller names. */
  const scope = (condition: string, id?: { readonly sql: string; readonly value: string }) => ({
    where: (add: AddParameter) =>
      `${condition} > ${add(new Date(now()), 'timestamptz')}${id ? ` AND ${id.sql} = ${add(id.value, 'text')}` : ''}`,
  });
  const SIGNED_IN = 's.account_id IS NOT NULL AND s.expires_at';

  function sessionOf(row: SessionRow): ListedSession {
    const { loginTs, amr = [] } = openJson(sealer, sessionPlace(row.uid), row.sealed) as Sealed;
    const end = sessionEnd({ loginTs }, lifetimes);
    return {
      uid: row.uid,
      accountId: row.account_id,
      authTime: dateOf(loginTs),
      amr,
      clientIds: row.clients,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
      endsAt: Number.isFinite(end) ? dateOf(end) : undefined,
    };
  }

  function grantOf(row: GrantRow): ListedGrant {
    const payload = openJson(sealer, grantPlace(row.id), row.sealed) as Sealed;
    return {
      id: row.id,
      accountId: row.account_id,
      clientId: row.client_id,
      ...allowedBy([payload]),
      createdAt: row.created_at,
      expiresAt: row.expires_at,
    };
  }

  const isStorable = (id: string) => id.isWellFormed() && !id.includes('\0');

  return {
    async sessions(request = {}) {
      const page = await SESSION_LIST.read(db, request, scope(SIGNED_IN));
      return { ...page, items: page.items.map(sessionOf) };
    },

    async findSession(uid) {
      if (!isStorable(uid)) return undefined;
      const { items } = await SESSION_LIST.read(db, { limit: 1 }, scope(SIGNED_IN, { sql: 's.uid', value: uid }));
      return items[0] && sessionOf(items[0]);
    },

    async grants(request = {}) {
      const page = await GRANT_LIST.read(db, request, scope('expires_at'));
      return { ...page, items: page.items.map(grantOf) };
    },

    async findGrant(id) {
      if (!isStorable(id)) return undefined;
      const { items } = await GRANT_LIST.read(db, { limit: 1 }, scope('expires_at', { sql: 'id', value: id }));
      return items[0] && grantOf(items[0]);
    },
  };
}
