import type { Clock } from './clock.ts';
import type { Db } from './db.ts';

/** Something that waits in a table to be handled once, by any node. */
export interface Queued {
  readonly id: string;
  /** Including the one that it is claimed for. */
  readonly attempts: number;
  readonly expiresAt: Date;
}

/**
 * A queue in a table. Its owner inserts the rows in the transaction that they belong to. A node that dies loses nothing:
 * its leases end, and what it had just handled may be handled a second time.
 */
export interface Queue<Item extends Queued> {
  /**
   * Claims what is due, the longest overdue first, and keeps it from other nodes for `leaseMs`.
   * @param more parameters of the table's condition
   */
  claimDue(options: { limit: number; leaseMs: number }, more?: readonly unknown[]): Promise<Item[]>;
  /** It has been handled, or never will be. */
  remove(id: string): Promise<void>;
  /** It is handled again at that time. */
  postpone(id: string, dueAt: Date): Promise<void>;
}

/** A table with the columns `id` (uuid), `sealed` and `expires_at`, and those that are named here. */
export interface QueueTable {
  readonly table: string;
  readonly dueAt: string;
  readonly attempts: string;
  /** Which rows may be claimed. Its parameters are $5 and those that follow. Default: all. */
  readonly condition?: string;
  /** A postponed row postpones the other rows that are due and have the same value in this column. Default: none. */
  readonly postponedBy?: string;
}

/** For the table's owner to export, so that a test can prepare them. */
export function queueStatements({ table, dueAt, attempts, condition = 'true', postponedBy = 'id' }: QueueTable) {
  return {
    // expires_at may be null until the first attempt, from which its time is counted
    claim: {
      name: `${table}.claim`,
      text: `UPDATE ${table} SET ${dueAt} = $2, ${attempts} = ${attempts} + 1, expires_at = COALESCE(expires_at, $3)
              WHERE id IN (
                    SELECT id FROM ${table}
                     WHERE ${dueAt} <= $1 AND (expires_at IS NULL OR expires_at > $1) AND ${condition}
                     ORDER BY ${dueAt} LIMIT $4 FOR UPDATE SKIP LOCKED)
          RETURNING *, ${attempts} AS attempts`,
    },
    remove: { name: `${table}.remove`, text: `DELETE FROM ${table} WHERE id = $1` },
    postpone: {
      name: `${table}.postpone`,
      text: `UPDATE ${table} SET ${dueAt} = $2, expires_at = COALESCE(expires_at, $3)
              WHERE id IN (
                    SELECT $1::uuid
                     UNION SELECT other.id FROM ${table} AS one JOIN ${table} AS other USING (${postponedBy})
                            WHERE one.id = $1 AND other.${dueAt} <= $4)`,
    },
  };
}

export interface QueueRow {
  readonly id: string;
  readonly sealed: Buffer | null;
  readonly attempts: number;
  readonly expires_at: Date;
}

/**
 * @param options.keptMs how long a row whose `expires_at` is null is tried
 * @param options.open reads what the table's owner has stored in a row
 */
export function createQueue<Row extends QueueRow, Content extends object>(options: {
  db: Db;
  now: Clock;
  statements: ReturnType<typeof queueStatements>;
  keptMs: number;
  open(row: Row): Content;
}): Queue<Queued & Content> {
  const { db, now, statements, keptMs, open } = options;
  const after = (ms: number) => new Date(now() + ms);
  return {
    async claimDue({ limit, leaseMs }, more = []) {
      const rows = await db.run<Row>(statements.claim, [after(0), after(leaseMs), after(keptMs), limit, ...more]);
      return rows.map((row) => ({ id: row.id, attempts: row.attempts, expiresAt: row.expires_at, ...open(row) }));
    },

    async remove(id) {
      await db.run(statements.remove, [id]);
    },

    async postpone(id, dueAt) {
      await db.run(statements.postpone, [id, dueAt, after(keptMs), after(0)]);
    },
  };
}
