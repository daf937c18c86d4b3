import { sql } from 'kysely';
import type { Db } from '../platform/db.ts';
import { leastUuidv7, timeOfUuidv7 } from '../platform/ids.ts';
import { statement } from '../platform/statement.ts';
import { keptFrom } from './retention.ts';

interface LagRow {
  readonly id: string;
  readonly enabled: boolean;
  readonly next: string | null;
}

/** A destination with what it has not had, and what could not be delivered to it (up to 10,000). */
export interface NamedLagRow extends Omit<LagRow, 'id'> {
  readonly name: string;
  readonly dead_letters: number;
}

const NEXT = sql`(SELECT l.event_id FROM audit_leaves l WHERE l.index >= d.position ORDER BY l.index LIMIT 1)`;

export const DESTINATION_LAG_STATEMENTS = {
  of: statement(
    'audit_destination_lag.of',
    ($: { ids: readonly string[] }) => sql<LagRow>`
      SELECT d.id, d.enabled, ${NEXT} AS next FROM audit_destinations d WHERE d.id = ANY(${$.ids}::uuid[])`,
  ),
  all: statement(
    'audit_destination_lag.all',
    ($: { limit: number }) => sql<NamedLagRow>`
      SELECT d.name, d.enabled, ${NEXT} AS next,
             (SELECT count(*)::int FROM (SELECT 1 FROM audit_dead_letters l WHERE l.destination_id = d.id LIMIT 10000) AS l)
               AS dead_letters
        FROM audit_destinations d ORDER BY d.name LIMIT ${$.limit}`,
  ),
  holding: statement(
    'audit_destination_lag.holding',
    ($: { before: string }) => sql<LagRow>`
      SELECT * FROM (SELECT d.id, d.enabled, ${NEXT} AS next FROM audit_destinations d WHERE d.enabled) waiting
       WHERE next < ${$.before}::uuid ORDER BY id`,
  ),
};

/** How far a destination is behind the log. */
export interface Lag {
  /** When the oldest entry was written that it has not had yet; undefined when it has had all. */
  readonly since: Date | undefined;
  /** The retention waits for it, and keeps entries that are older than it keeps otherwise. */
  readonly holdsRetention: boolean;
}

interface Kept {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** As `removeOldAudit` has them; 0 keeps all. */
  readonly months: number;
}

/** @returns by the id of the destination */
export async function lagsOf(
  db: Pick<Db, 'query'>,
  ids: readonly string[],
  { now, months }: Kept,
): Promise<ReadonlyMap<string, Lag>> {
  const rows = ids.length === 0 ? [] : await db.query(DESTINATION_LAG_STATEMENTS.of.bind({ ids }));
  const oldest = months === 0 ? Number.NEGATIVE_INFINITY : keptFrom(now, months);
  return new Map(
    rows.map(({ id, enabled, next }) => {
      const since = next === null ? undefined : timeOfUuidv7(next);
      return [id, { since, holdsRetention: enabled && since !== undefined && since.getTime() < oldest }];
    }),
  );
}

/** The destinations that the retention waits for, with the time of the oldest entry that each has not had. */
export async function holdingRetention(
  db: Pick<Db, 'query'>,
  { now, months }: Kept,
): Promise<readonly { readonly id: string; readonly since: Date }[]> {
  const before = leastUuidv7(keptFrom(now, months));
  const rows = await db.query(DESTINATION_LAG_STATEMENTS.holding.bind({ before }));
  return rows.flatMap(({ id, next }) => (next === null ? [] : [{ id, since: timeOfUuidv7(next) }]));
}
