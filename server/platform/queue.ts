import { type RawBuilder, type Selectable, sql } from 'kysely';
import type { Clock } from './clock.ts';
import type { DB } from './database.ts';
import type { Db } from './db.ts';
import { statement } from './statement.ts';

/** An item in a table that one of the nodes has to handle. */
export interface Queued {
  readonly id: string;
  /** Including the current attempt. */
  readonly attempts: number;
  readonly expiresAt: Date;
}

/**
 * A queue in a table. The table's owner inserts the rows, in its own transactions. When a node crashes nothing is lost:
 * its leases expire, and items that it had just handled may be handled a second time.
 */
export interface Queue<Item extends Queued, Condition extends object = object> {
  /** Claims items that are due, the longest overdue first; other nodes cannot claim them for `leaseMs`. */
  claimDue(options: { limit: number; leaseMs: number } & Condition): Promise<Item[]>;
  /** Removes an item that was handled, or that never can be. */
  remove(id: string): Promise<void>;
  /** Schedules the next attempt. */
  postpone(id: string, dueAt: Date): Promise<void>;
}

/** A table with the columns `id` (uuid), `sealed` and `expires_at`, and those that are named here. */
export interface QueueTable<Table extends keyof DB, Condition> {
  readonly table: Table;
  readonly dueAt: keyof DB[Table] & string;
  readonly attempts: keyof DB[Table] & string;
  /** Which rows may be claimed, from parameters of its own. Default: all. */
  readonly condition?: ($: Condition) => RawBuilder<unknown>;
  /** A postponed row postpones the other rows that are due and have the same value in this column. Default: none. */
  readonly postponedBy?: keyof DB[Table] & string;
}

interface Claim {
  readonly now: Date;
  readonly leasedUntil: Date;
  readonly retriedUntil: Date;
  readonly limit: number;
}

/** A claimed row, whose `expires_at` is set. */
export type QueueRow<Table extends keyof DB> = Selectable<DB[Table]> & {
  readonly id: string;
  readonly sealed: Buffer | null;
  readonly attempts: number;
  readonly expires_at: Date;
};

/** For the table's owner to export, so that a test can prepare them. */
export function queueStatements<Table extends keyof DB, Condition extends object = object>(
  names: QueueTable<Table, Condition>,
) {
  const { condition = () => sql`true`, postponedBy = 'id' } = names;
  const table = sql.table(names.table);
  const [dueAt, attempts] = [sql.ref(names.dueAt), sql.ref(names.attempts)];
  return {
    // Materialized, as some plans would run the selection again for each row and claim more than the limit.
    // expires_at may be null until the first attempt, from which its time is counted
    claim: statement(
      `${names.table}.claim`,
      ($: Claim & Condition) => sql<QueueRow<Table>>`
        WITH due AS MATERIALIZED (
          SELECT id FROM ${table}
           WHERE ${dueAt} <= ${$.now} AND (expires_at IS NULL OR expires_at > ${$.now}) AND ${condition($)}
           ORDER BY ${dueAt} LIMIT ${$.limit} FOR UPDATE SKIP LOCKED
        )
        UPDATE ${table}
           SET ${dueAt} = ${$.leasedUntil}, ${attempts} = ${attempts} + 1, expires_at = COALESCE(expires_at, ${$.retriedUntil})
         WHERE id IN (SELECT id FROM due)
     RETURNING *, ${attempts} AS attempts`,
    ),
    remove: statement(`${names.table}.remove`, ($: { id: string }) => sql`DELETE FROM ${table} WHERE id = ${$.id}`),
    postpone: statement(
      `${names.table}.postpone`,
      ($: { id: string; dueAt: Date; retriedUntil: Date; now: Date }) => sql`
        UPDATE ${table} SET ${dueAt} = ${$.dueAt}, expires_at = COALESCE(expires_at, ${$.retriedUntil})
         WHERE id IN (
               SELECT ${$.id}::uuid
                UNION SELECT other.id FROM ${table} AS one JOIN ${table} AS other USING (${sql.ref(postponedBy)})
                       WHERE one.id = ${$.id} AND other.${dueAt} <= ${$.now})`,
    ),
  };
}

/**
 * @param options.retriedForMs how long a row whose `expires_at` is null is tried
 * @param options.open reads what the table's owner has stored in a row
 */
export function createQueue<Table extends keyof DB, Condition extends object, Content extends object>(options: {
  db: Db;
  now: Clock;
  statements: ReturnType<typeof queueStatements<Table, Condition>>;
  retriedForMs: number;
  open(row: QueueRow<Table>): Content;
}): Queue<Queued & Content, Condition> {
  const { db, now, statements, retriedForMs, open } = options;
  const after = (ms: number) => new Date(now() + ms);
  return {
    async claimDue(claim) {
      const times = { now: after(0), leasedUntil: after(claim.leaseMs), retriedUntil: after(retriedForMs) };
      const rows = await db.query(statements.claim.bind({ ...claim, ...times }));
      return rows.map((row) => ({ id: row.id, attempts: row.attempts, expiresAt: row.expires_at, ...open(row) }));
    },

    async remove(id) {
      await db.query(statements.remove.bind({ id }));
    },

    async postpone(id, dueAt) {
      await db.query(statements.postpone.bind({ id, dueAt, retriedUntil: after(retriedForMs), now: after(0) }));
    },
  };
}
