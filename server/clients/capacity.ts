import { type RawBuilder, sql } from 'kysely';
import { CLIENTS_CHANNEL, type ClientColumns } from './statements.ts';

/**
 * Age from which an unused client may be removed for others: a client that registers is normally used within minutes.
 */
export const GRACE_MS = 3_600_000;

/** Condition on a client (alias `c`). */
export const hasLiveGrant = (now: Date): RawBuilder<unknown> =>
  sql`EXISTS (SELECT 1 FROM grants g WHERE g.client_id = c.id AND g.expires_at > ${now})`;

/** A client that was removed. */
export type Removed = Pick<ClientColumns, 'id' | 'kind'>;

/**
 * Deletes the clients that a query selects, unless another transaction has locked them, and notifies all nodes. Each list of ids is made
 * once: with IN, Postgres would make it for each client again when its statistics are older than the clients.
 */
export const removal = (ids: RawBuilder<unknown>): RawBuilder<Removed> => sql<Removed>`
  WITH gone AS (
    DELETE FROM clients
     WHERE id = ANY(ARRAY(SELECT id FROM clients WHERE id = ANY(ARRAY(${ids})) FOR UPDATE SKIP LOCKED))
    RETURNING id, kind)
  SELECT id, kind, pg_notify(${CLIENTS_CHANNEL}, id) FROM gone`;

/** Parameters of a statement that makes capacity for a new client. */
export interface Excess {
  readonly now: Date;
  /** The new client, which stays. */
  readonly newId: string;
  /** Clients that were created before it may be removed. */
  readonly graceEnd: Date;
  /** Number of unused clients of one network. */
  readonly share: number;
  /** Number of clients to remove. */
  readonly excess: number;
}

/**
 * Limits unused clients of many networks. A network with more than its share loses its oldest first, the network with
 * most of them first; of the other clients only those whose grace period is over are removed. So a network that registers
 * many loses its own, and the new client of another network stays.
 * @param which condition on the clients
 * @param network the column that identifies the network
 */
export const removalForCapacity = ($: Excess, which: RawBuilder<unknown>, network: 'origin' | 'origin_prefix') =>
  removal(sql`
    SELECT id FROM (
      SELECT id, created_at, row_number() OVER (PARTITION BY ${sql.ref(network)} ORDER BY created_at DESC) AS nth
        FROM clients c WHERE kind = 'dynamic' AND used_at IS NULL AND ${which} AND NOT ${hasLiveGrant($.now)}
    ) unused
     WHERE id <> ${$.newId} AND (nth > ${$.share} OR created_at < ${$.graceEnd})
     ORDER BY nth DESC, created_at LIMIT ${$.excess}`);
