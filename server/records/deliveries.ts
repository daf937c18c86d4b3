import { randomUUID } from 'node:crypto';
import { type RawBuilder, type Selectable, sql } from 'kysely';
import { type AuditLine, insertAuditLines } from '../audit/lines.ts';
import type { Clock } from '../platform/clock.ts';
import type { Deliveries as DeliveriesTable } from '../platform/database.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { type AddParameter, createListing, type ListRequest, type Page } from '../platform/listing.ts';
import { type Owner, type OwnKeys, ownSealing } from '../platform/own_sealing.ts';
import {
  createOperatedQueue,
  createQueue,
  type OperatedQueue,
  type Queue,
  type Queued,
  type QueueRow,
  queueStatements,
} from '../platform/queue.ts';
import type { Sealer } from '../platform/sealing.ts';
import { statement } from '../platform/statement.ts';

/** A message that waits to be sent to a client's endpoint: a logout token or a CIBA notification. */
export interface Delivery extends Queued {
  readonly kind: string;
  readonly clientId: string;
  readonly accountId: string | undefined;
  readonly sid: string | undefined;
  /** Undefined when there is none, and when no master key opens it. */
  readonly content: unknown;
}

/** A delivery that waits, as an operator sees it: without its content. */
export interface WaitingDelivery {
  readonly id: string;
  readonly kind: string;
  readonly clientId: string;
  readonly accountId: string | undefined;
  readonly attempts: number;
  readonly nextAttemptAt: Date;
  /** Undefined before the first attempt, from which the time is counted. */
  readonly expiresAt: Date | undefined;
}

/** All but logouts, which are queued by the statements that end sessions. */
export interface DeliveryInput {
  readonly kind: string;
  readonly clientId: string;
  readonly accountId?: string;
  /** The account of a content about a person: its own key seals it. Default: the master key. */
  readonly owner?: Owner;
  /** Sealed while it is queued. */
  readonly content: unknown;
  readonly expiresAt: Date;
}

/** A postponed delivery postpones the client's others that are due: they would fail as well. */
export interface Deliveries extends Omit<Queue<Delivery>, 'claimDue' | 'remove'>, OperatedQueue {
  /** Removes one that was handled, or that never can be. @param told what the audit tells of it, if it was still there */
  remove(id: string, told?: readonly AuditLine[]): Promise<void>;
  /** Those that are tried next come first, unless the request says otherwise. @throws AppError 400 `invalid_input` */
  list(request?: ListRequest): Promise<Page<WaitingDelivery>>;
  /** One statement for the caller's transaction. All nodes are notified when it commits. */
  enqueue(input: DeliveryInput): BoundStatement;
  /** Removes what waits about an account, except its logouts, which have no content. */
  forgetOf(accountId: string): BoundStatement;
  /**
   * Claims what is due, the longest overdue first.
   * @param options.busyShares clients (`client:…`) and accounts (`account:…`) whose deliveries have to wait
   */
  claimDue(options: {
    kinds: readonly string[];
    limit: number;
    leaseMs: number;
    busyShares?: readonly string[];
  }): Promise<Delivery[]>;
}

export const DELIVERIES_CHANNEL = 'cardea_deliveries';

export const LOGOUT = 'logout';

/** How long after its first attempt a logout that could not be delivered is given up. */
const RETRIED_FOR_MS = 24 * 3_600_000;

const NOTIFY = sql`pg_notify(${DELIVERIES_CHANNEL}, '')`;

/**
 * SQL that queues logouts (OpenID Connect Back-Channel Logout 1.0 §2.5). It is part of the statement that ends a session,
 * so that no code that ends one can forget it. Tables are joined row by row, as in statements.ts.
 * @param ended a FROM item with the columns `client_id`, `sid` and `account_id` of the ended sessions
 */
export function queueLogouts(ended: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`INSERT INTO deliveries (id, kind, client_id, account_id, sid)
          SELECT gen_random_uuid(), ${LOGOUT}, e.client_id, e.account_id, e.sid
            FROM ${ended} JOIN LATERAL (
                 SELECT metadata FROM clients WHERE id = e.client_id OFFSET 0) c ON c.metadata ? 'backchannel_logout_uri'
           WHERE e.account_id IS NOT NULL
       RETURNING ${NOTIFY}`;
}

/**
 * SQL that deletes sessions and queues their logouts. It must follow `lockSessions` with the same condition.
 * @param where which sessions (alias `s`)
 */
export function deleteSessions(where: RawBuilder<unknown>): RawBuilder<unknown> {
  const ended = sql`deleted JOIN LATERAL (SELECT client_id, sid, deleted.account_id FROM session_authorizations
                                        WHERE session_uid = deleted.uid OFFSET 0) e ON true`;
  return sql`WITH deleted AS (DELETE FROM sessions s WHERE ${where} RETURNING s.uid, s.account_id)
          ${queueLogouts(ended)}`;
}

/**
 * SQL that waits for requests that are adding a client to such a session. A statement sees what was committed when it
 * began, so deleting without waiting would overlook that client. Sorting prevents deadlocks; sorting by an expression
 * keeps Postgres from reading the whole index of `uid`.
 */
export function lockSessions(where: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`SELECT s.expires_at FROM sessions s WHERE ${where} ORDER BY s.uid || '' FOR UPDATE`;
}

export const DELIVERY_STATEMENTS = {
  insert: statement(
    'deliveries.insert',
    ($: Omit<Selectable<DeliveriesTable>, 'attempts' | 'next_attempt_at' | 'sid' | 'leased_until'>) => sql`
      INSERT INTO deliveries (id, kind, client_id, account_id, sealed, sealed_own, expires_at)
      VALUES (${$.id}, ${$.kind}, ${$.client_id}, ${$.account_id}, ${$.sealed}, ${$.sealed_own}, ${$.expires_at}) RETURNING ${NOTIFY}`,
  ),
  forgetOf: statement(
    'deliveries.forget_of',
    ($: { accountId: string }) => sql`DELETE FROM deliveries WHERE account_id = ${$.accountId} AND kind <> ${LOGOUT}`,
  ),
  finish: statement(
    'deliveries.finish',
    ($: { id: string; told: readonly AuditLine[] }) => sql`
      WITH finished AS (DELETE FROM deliveries WHERE id = ${$.id} RETURNING 1)
      ${insertAuditLines($.told, sql`EXISTS (SELECT 1 FROM finished)`)}`,
  ),
  ...queueStatements({
    table: 'deliveries',
    dueAt: 'next_attempt_at',
    attempts: 'attempts',
    condition: ($: { kinds: readonly string[]; busyShares: readonly string[] }) => sql`
      kind = ANY(${$.kinds}::text[]) AND 'client:' || client_id <> ALL(${$.busyShares}::text[])
      AND (account_id IS NULL OR 'account:' || account_id <> ALL(${$.busyShares}::text[]))`,
    channel: DELIVERIES_CHANNEL,
    postponedBy: 'client_id',
  }),
};

type ListedRow = Pick<
  Selectable<DeliveriesTable>,
  'id' | 'kind' | 'client_id' | 'account_id' | 'attempts' | 'next_attempt_at' | 'expires_at'
>;

export const DELIVERY_LIST = createListing<ListedRow, WaitingDelivery>({
  name: 'deliveries',
  select: 'id, kind, client_id, account_id, attempts, next_attempt_at, expires_at',
  from: 'deliveries',
  id: { sql: 'id', type: 'uuid' },
  fields: {
    id: { type: 'id', operators: ['eq'], sql: 'id' },
    kind: { type: 'text', operators: ['eq', 'ne'], sql: 'kind' },
    client_id: { type: 'text', operators: ['eq', 'ne'], sql: 'client_id' },
    user_id: { type: 'id', operators: ['eq', 'pr'], sql: 'account_id' },
    attempts: { type: 'number', operators: ['eq', 'gt', 'lt'], sql: 'attempts' },
    next_attempt_at: { type: 'time', operators: ['gt', 'ge', 'lt', 'le'], sql: 'next_attempt_at' },
  },
  sorts: { next_attempt_at: { sql: 'next_attempt_at', type: 'time' } },
  defaultSort: 'next_attempt_at',
  item: (row) => ({
    id: row.id,
    kind: row.kind,
    clientId: row.client_id,
    accountId: row.account_id ?? undefined,
    attempts: row.attempts,
    nextAttemptAt: row.next_attempt_at,
    expiresAt: row.expires_at ?? undefined,
  }),
});

export function createDeliveries(parts: { db: Db; sealer: Sealer; people: OwnKeys; now: Clock }): Deliveries {
  const { db, now } = parts;
  const sealing = ownSealing(parts, 'deliveries');
  const queue = createQueue({
    db,
    now,
    statements: DELIVERY_STATEMENTS,
    retriedForMs: RETRIED_FOR_MS,
    open: (row) => ({
      kind: row.kind,
      clientId: row.client_id,
      accountId: row.account_id ?? undefined,
      sid: row.sid ?? undefined,
      content: openContent(row),
    }),
  });

  function openContent(row: QueueRow<'deliveries'>): unknown {
    try {
      return sealing.open(row.id, row);
    } catch {
      return undefined;
    }
  }

  return {
    ...queue,
    ...createOperatedQueue({ db, now, statements: DELIVERY_STATEMENTS, what: 'delivery' }),

    async remove(id, told = []) {
      await db.query(DELIVERY_STATEMENTS.finish.bind({ id, told }));
    },

    list(request = {}) {
      const where = (add: AddParameter) => `expires_at IS NULL OR expires_at > ${add(new Date(now()), 'timestamptz')}`;
      return DELIVERY_LIST.read(db, request, { where });
    },

    forgetOf: (accountId) => DELIVERY_STATEMENTS.forgetOf.bind({ accountId }),

    claimDue: ({ busyShares = [], ...options }) => queue.claimDue({ ...options, busyShares }),

    enqueue({ kind, clientId, accountId, owner, content, expiresAt }) {
      const id = randomUUID();
      return DELIVERY_STATEMENTS.insert.bind({
        id,
        kind,
        client_id: clientId,
        ...sealing.seal(id, owner, content),
        account_id: owner?.id ?? accountId ?? null,
        expires_at: expiresAt,
      });
    },
  };
}
