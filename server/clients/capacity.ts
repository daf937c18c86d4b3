import { CLIENTS_CHANNEL } from './store.ts';

/** From when on an unused client goes for the sake of others: who registers comes back within minutes. */
export const GRACE_MS = 3_600_000;

export const LIVE_GRANT = 'EXISTS (SELECT 1 FROM grants g WHERE g.client_id = c.id AND g.expires_at > $1)';

/** Removes what a query names, unless somebody else is at it, and tells every node. */
export const removal = (ids: string) => `
  WITH gone AS (
    DELETE FROM clients WHERE id IN (SELECT id FROM clients WHERE id = ANY(ARRAY(${ids})) FOR UPDATE SKIP LOCKED)
    RETURNING id)
  SELECT pg_notify('${CLIENTS_CHANNEL}', id) FROM gone`;

/**
 * Makes room among unused clients of many networks. A network that has more than its share ($4) loses its oldest first,
 * the one with most of them before others; of the rest only those go whose time of grace is over ($3, an instant). So
 * whoever registers many pays with their own, and a stranger's client that is just coming into use stays.
 * @param which of the clients: `$6` and `$7` are for it
 * @param network the column that tells whose they are
 */
export const removalForCapacity = (which: string, network: 'origin' | 'origin_prefix') =>
  removal(`
    SELECT id FROM (
      SELECT id, created_at, row_number() OVER (PARTITION BY ${network} ORDER BY created_at DESC) AS nth
        FROM clients c WHERE kind = 'dynamic' AND used_at IS NULL AND ${which} AND NOT ${LIVE_GRANT}
    ) unused
     WHERE id <> $2 AND (nth > $4 OR created_at < $3) ORDER BY nth DESC, created_at LIMIT $5`);
