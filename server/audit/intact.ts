import { sql } from 'kysely';
import { LEAST_UUID } from '../platform/key_pages.ts';
import { statement } from '../platform/statement.ts';
import { type AuditRow, eventBytes } from './canonical.ts';
import { leastMacId } from './heads.ts';
import type { AuditKeyRing } from './key_ring.ts';
import type { LogReader } from './log_store.ts';
import { leafHash } from './merkle.ts';

interface PlaceRow {
  readonly id: string;
  /** Of its leaf; null when it has none. */
  readonly hash: Buffer | null;
  /** Of what waits for its place: true when Cardea did not write it. Null when it does not wait. */
  readonly refused: boolean | null;
  /** Cardea writes whole milliseconds: what is finer is not hashed. */
  readonly is_finer: boolean;
}

export const INTACT_STATEMENTS = {
  places: statement(
    'audit_intact.places',
    ($: { ids: readonly string[] }) => sql<PlaceRow>`
      SELECT e.id, (SELECT l.hash FROM audit_leaves l WHERE l.event_id = e.id ORDER BY l.index LIMIT 1) AS hash,
             (SELECT u.refused FROM audit_unsealed u WHERE u.event_id = e.id) AS refused,
             date_trunc('milliseconds', e.at) <> e.at AS is_finer
        FROM audit e WHERE e.id = ANY(${$.ids}::uuid[])`,
  ),
};

/**
 * Entries that are not as Cardea has written them: their MAC or their leaf does not fit. It is one statement for all rows, and no
 * verification: what was removed does not show, and neither does a change of the log itself.
 * @returns their ids
 */
export async function changedEntries(
  db: LogReader,
  keys: () => Promise<AuditKeyRing>,
  rows: readonly AuditRow[],
): Promise<ReadonlySet<string>> {
  if (rows.length === 0) return new Set();
  const ring = await keys();
  const macsFrom = rows.some(({ mac }) => mac === null) ? await leastMacId(db, ring) : undefined;
  const places = await db.query(INTACT_STATEMENTS.places.bind({ ids: rows.map(({ id }) => id) }));
  const byId = new Map(places.map((place) => [place.id, place]));
  const isIntact = (row: AuditRow) => {
    const bytes = eventBytes(row);
    const place = byId.get(row.id);
    // The retention has removed it since it was read.
    if (!place) return true;
    if (!bytes || place.is_finer) return false;
    // One without a MAC is from before there were any.
    if (row.mac === null ? row.id >= (macsFrom ?? LEAST_UUID) : !ring.isEntryMac(row.mac, bytes)) return false;
    return place.hash ? leafHash(bytes).equals(place.hash) : place.refused === false;
  };
  return new Set(rows.filter((row) => !isIntact(row)).map(({ id }) => id));
}
