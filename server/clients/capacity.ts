import { CLIENTS_CHANNEL } from './statements.ts';

/**
 * Age from which an unused client may be removed for others: a client that registers is normally used within minutes.
 */
export const GRACE_MS = 3_600_000;

export const LIVE_GRANT = 'EXISTS (SELECT 1 FROM grants g WHERE g.client_id = c.id AND g.expires_at > $1)';

/** Deletes the clients that a query selects, unless another transaction has locked them, and notifies all nodes. */
export const removal = (ids: string) => `
  WITH gone AS (
    DELETE FROM clients WHERE id IN (SELECT id FROM clients WHERE id = ANY(ARRAY(${ids})) FOR UPDATE SKIP LOCKED)
    RETURNING id)
  SELECT pg_notify('${CLIENTS_CHANNEL}', id) FROM gone`;

/**
 * Limits unused clients of many networks. A network with more than its share ($4) loses its oldest first, the network
 * with most of them first; of the other clients only those whose grace period is over ($3, an instant) are removed. So
 * a network that registers many loses its own, and the new client of another network stays.
 * @param which condition on the clients: `$6` and `$7` are its parameters
 * @param network the column that identifies the network
 */
export const removalForCapacity = (which: string, network: 'origin' | 'origin_prefix') =>
  removal(`
    SELECT id FROM (
      SELECT id, created_at, row_number() OVER (PARTITION BY ${network} ORDER BY created_at DESC) AS nth
        FROM clients c WHERE kind = 'dynamic' AND used_at IS NULL AND ${which} AND NOT ${LIVE_GRANT}
    ) unused
     WHERE id <> $2 AND (nth > $4 OR created_at < $3) ORDER BY nth DESC, created_at LIMIT $5`);
