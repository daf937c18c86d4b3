import { randomUUID } from 'node:crypto';
import type { Clock } from '../platform/clock.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { openJson, type Place, type Sealer, sealJson } from '../platform/sealing.ts';

/** Something that a relying party is to be told. */
export interface Delivery {
  readonly id: string;
  readonly kind: string;
  readonly clientId: string;
  readonly accountId: string | undefined;
  readonly sid: string | undefined;
  /** Undefined when there is none, and when no master key opens it. */
  readonly content: unknown;
  /** This one included. */
  readonly attempts: number;
  readonly expiresAt: Date;
}

/** What is delivered besides logouts, which sessions queue themselves as they end. */
export interface DeliveryInput {
  readonly kind: string;
  readonly clientId: string;
  readonly accountId?: string;
  /** Sealed while it is queued. */
  readonly content: unknown;
  readonly expiresAt: Date;
}

/**
 * The queue of what relying parties are told. What is queued in a transaction is delivered when that has committed, by
 * whichever node takes it first; a node that dies loses nothing, and what it had just delivered may be delivered again.
 */
export interface Deliveries {
  /** One statement for the caller's transaction. All nodes are told when it commits. */
  enqueue(input: DeliveryInput): BoundStatement;
  /**
   * Takes what is due, the longest overdue first, and keeps it from others for `leaseMs`.
   * @param options.except whose is left where it is
   */
  claimDue(options: {
    kinds: readonly string[];
    limit: number;
    leaseMs: number;
    except?: { readonly clientIds: readonly string[]; readonly accountIds: readonly string[] };
  }): Promise<Delivery[]>;
  /** It was delivered, or never will be. */
  remove(id: string): Promise<void>;
  /** It is tried again then. What else waits for the same relying party waits as long: it would fare no better. */
  postpone(delivery: Pick<Delivery, 'id' | 'clientId'>, dueAt: Date): Promise<void>;
}

export const DELIVERIES_CHANNEL = 'cardea_deliveries';

export const LOGOUT = 'logout';

/** Tried for so long, then given up. */
const KEPT_MS = 24 * 3_600_000;

const NOTIFY = `pg_notify('${DELIVERIES_CHANNEL}', '')`;

/**
 * SQL that queues a logout for whom it concerns (OpenID Connect Back-Channel Logout 1.0 §2.5): an INSERT that is part of
 * the very statement that ends a session, so that no way of ending one can forget it. Tables are joined row by row, as in statements.ts.
 * @param ended a FROM item with the columns `client_id`, `sid` and `account_id` of what has ended
 */
export function queueLogouts(ended: string): string {
  return `INSERT INTO deliveries (id, kind, client_id, account_id, sid)
          SELECT gen_random_uuid(), '${LOGOUT}', e.client_id, e.account_id, e.sid
            FROM ${ended} JOIN LATERAL (
                 SELECT metadata FROM clients WHERE id = e.client_id OFFSET 0) c ON c.metadata ? 'backchannel_logout_uri'
           WHERE e.account_id IS NOT NULL
       RETURNING ${NOTIFY}`;
}

/**
 * SQL that deletes sessions and queues the logouts. It goes behind `lockSessions` with the same condition.
 * @param where which sessions (alias `s`)
 */
export function deleteSessions(where: string): string {
  const told = `gone JOIN LATERAL (SELECT client_id, sid, gone.account_id FROM session_authorizations
                                   WHERE session_uid = gone.uid OFFSET 0) e ON true`;
  return `WITH gone AS (DELETE FROM sessions s WHERE ${where} RETURNING s.uid, s.account_id)
          ${queueLogouts(told)}`;
}

/**
 * SQL that waits for requests which are adding a relying party to such a session. A statement sees what had been
 * committed when it began: deleting without having waited would overlook that relying party. All wait in the same order;
 * that it is by an expression keeps Postgres from reading the whole index of `uid` for it.
 */
export function lockSessions(where: string): string {
  return `SELECT 1 FROM sessions s WHERE ${where} ORDER BY s.uid || '' FOR UPDATE`;
}

export const DELIVERY_STATEMENTS = {
  insert: {
    name: 'deliveries.insert',
    text: `INSERT INTO deliveries (id, kind, client_id, account_id, sealed, expires_at)
           VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${NOTIFY}`,
  },
  take: {
    name: 'deliveries.take',
    text: `UPDATE deliveries SET next_attempt_at = $2, attempts = attempts + 1, expires_at = COALESCE(expires_at, $3)
            WHERE id IN (
                  SELECT id FROM deliveries
                   WHERE next_attempt_at <= $1 AND (expires_at IS NULL OR expires_at > $1) AND kind = ANY($4::text[])
                     AND client_id <> ALL($6::text[]) AND (account_id IS NULL OR account_id <> ALL($7::uuid[]))
                   ORDER BY next_attempt_at LIMIT $5 FOR UPDATE SKIP LOCKED)
        RETURNING id, kind, client_id, account_id, sid, sealed, attempts, expires_at`,
  },
  remove: { name: 'deliveries.remove', text: 'DELETE FROM deliveries WHERE id = $1' },
  putBack: {
    name: 'deliveries.put_back',
    text: `UPDATE deliveries SET next_attempt_at = $3, expires_at = COALESCE(expires_at, $5)
            WHERE id IN (
                  SELECT id FROM deliveries WHERE id = $1
                   UNION SELECT id FROM deliveries WHERE client_id = $2 AND next_attempt_at <= $4)`,
  },
};

interface Row {
  readonly id: string;
  readonly kind: string;
  readonly client_id: string;
  readonly account_id: string | null;
  readonly sid: string | null;
  readonly sealed: Buffer | null;
  readonly attempts: number;
  readonly expires_at: Date;
}

export function createDeliveries({ db, sealer, now }: { db: Db; sealer: Sealer; now: Clock }): Deliveries {
  const inADay = () => new Date(now() + KEPT_MS);

  function contentOf({ id, sealed }: Row): unknown {
    if (sealed === null) return undefined;
    try {
      return openJson(sealer, deliveryPlace(id), sealed);
    } catch {
      return undefined;
    }
  }

  return {
    enqueue({ kind, clientId, accountId, content, expiresAt }) {
      const id = randomUUID();
      const sealed = sealJson(sealer, deliveryPlace(id), content);
      return {
        statement: DELIVERY_STATEMENTS.insert,
        values: [id, kind, clientId, accountId ?? null, sealed, expiresAt],
      };
    },

    async claimDue({ kinds, limit, leaseMs, except = { clientIds: [], accountIds: [] } }) {
      const { clientIds, accountIds } = except;
      const values = [new Date(now()), new Date(now() + leaseMs), inADay(), kinds, limit, clientIds, accountIds];
      const rows = await db.run<Row>(DELIVERY_STATEMENTS.take, values);
      return rows.map((row) => ({
        id: row.id,
        kind: row.kind,
        clientId: row.client_id,
        accountId: row.account_id ?? undefined,
        sid: row.sid ?? undefined,
        content: contentOf(row),
        attempts: row.attempts,
        expiresAt: row.expires_at,
      }));
    },

    async remove(id) {
      await db.run(DELIVERY_STATEMENTS.remove, [id]);
    },

    async postpone({ id, clientId }, dueAt) {
      await db.run(DELIVERY_STATEMENTS.putBack, [id, clientId, dueAt, new Date(now()), inADay()]);
    },
  };
}

const deliveryPlace = (id: string): Place => ({ table: 'deliveries', column: 'sealed', row: id });
