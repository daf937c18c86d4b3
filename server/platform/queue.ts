import { type RawBuilder, type Selectable, sql } from 'kysely';
import type { Clock } from './clock.ts';
import type { DB } from './database.ts';
import type { Db } from './db.ts';
import { AppError, notFound } from './errors.ts';
import { ownKeyOf, type ReadColumns } from './own_sealing.ts';
import { type PlannedChange, refusedBy } from './planned.ts';
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

/** What operators can do with a queue. Both plans refuse an item that a node handles at this moment, by 409 `conflict`. */
export interface OperatedQueue {
  /** The next attempt is now. @throws AppError 404 `not_found` */
  retrying(id: string): Promise<PlannedChange>;
  /** The item is removed, and not handled any more. @throws AppError 404 `not_found` */
  dropping(id: string): Promise<PlannedChange>;
}

/** A table with the columns `id` (uuid), `leased_until`, `expires_at` and `SealedColumns`, and those that are named here. */
export interface QueueTable<Table extends keyof DB, Condition> {
  readonly table: Table;
  readonly dueAt: keyof DB[Table] & string;
  readonly attempts: keyof DB[Table] & string;
  /** Which rows may be claimed, from parameters of its own. Default: all. */
  readonly condition?: ($: Condition) => RawBuilder<unknown>;
  /** Its nodes listen to this channel for items that are due. */
  readonly channel: string;
  /** A postponed row postpones the other rows that are due and have the same value in this column. Default: none. */
  readonly postponedBy?: keyof DB[Table] & string;
}

/** What waits in a queue; counted up to `BACKLOG_MAX`. */
export interface BacklogRow {
  readonly waiting: number;
  /** Those of them that were tried already. */
  readonly tried: number;
  /** When the first of them is to be handled; null when none waits. */
  readonly due: Date | null;
}

export const BACKLOG_MAX = 10_000;

interface Claim {
  readonly now: Date;
  readonly leasedUntil: Date;
  readonly retriedUntil: Date;
  readonly limit: number;
}

/** A claimed row, whose `expires_at` is set. */
export type QueueRow<Table extends keyof DB> = Selectable<DB[Table]> &
  ReadColumns & {
    readonly id: string;
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
  const isIdle = (now: Date) => sql`(leased_until IS NULL OR ${dueAt} <> leased_until OR leased_until <= ${now})`;
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
           SET ${dueAt} = ${$.leasedUntil}, leased_until = ${$.leasedUntil}, ${attempts} = ${attempts} + 1, expires_at = COALESCE(expires_at, ${$.retriedUntil})
         WHERE id IN (SELECT id FROM due)
     RETURNING *, ${attempts} AS attempts, ${sql.raw(ownKeyOf(`${names.table}.account_id`))} AS own_key`,
    ),
    // Counted up to a limit, so that a long backlog costs no more than a short one.
    backlog: statement(
      `${names.table}.backlog`,
      () => sql<BacklogRow>`
        SELECT count(*)::int AS waiting, (count(*) FILTER (WHERE ${attempts} > 0))::int AS tried, min(${dueAt}) AS due
          FROM (SELECT ${attempts}, ${dueAt} FROM ${table} ORDER BY ${dueAt} LIMIT ${sql.lit(BACKLOG_MAX)}) AS waiting`,
    ),
    find: statement(
      `${names.table}.find`,
      ($: { id: string; now: Date }) => sql<{ is_idle: boolean }>`
        SELECT ${isIdle($.now)} AS is_idle FROM ${table} WHERE id = ${$.id}`,
    ),
    // Both take the row only while no node has it.
    retry: statement(
      `${names.table}.retry`,
      ($: { id: string; now: Date }) => sql`
        WITH due AS (UPDATE ${table} SET ${dueAt} = ${$.now} WHERE id = ${$.id} AND ${isIdle($.now)} RETURNING 1)
        SELECT require_rows((SELECT count(*) FROM due)), pg_notify(${names.channel}, '')`,
    ),
    drop: statement(
      `${names.table}.drop`,
      ($: { id: string; now: Date }) => sql`
        WITH dropped AS (DELETE FROM ${table} WHERE id = ${$.id} AND ${isIdle($.now)} RETURNING 1)
        SELECT require_rows((SELECT count(*) FROM dropped))`,
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

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** @param options.what names an item in errors */
export function createOperatedQueue<Table extends keyof DB>(options: {
  db: Pick<Db, 'query'>;
  now: Clock;
  statements: Pick<ReturnType<typeof queueStatements<Table>>, 'find' | 'retry' | 'drop'>;
  what: string;
}): OperatedQueue {
  const { db, now, statements, what } = options;
  const inProgress = (cause?: unknown) =>
    new AppError('conflict', `the ${what} is being sent at this moment; look again`, { cause });

  async function planned(id: string, bind: 'retry' | 'drop'): Promise<PlannedChange> {
    const parameters = { id, now: new Date(now()) };
    const [row] = UUID.test(id) ? await db.query(statements.find.bind(parameters)) : [];
    if (!row) throw notFound(what, id);
    if (!row.is_idle) throw inProgress();
    return { statements: [statements[bind].bind(parameters)], refuse: refusedBy({ require_rows: inProgress }) };
  }

  return { retrying: (id) => planned(id, 'retry'), dropping: (id) => planned(id, 'drop') };
}
