import { sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { statement } from '../platform/statement.ts';
import { personalTables } from './personal_data.ts';

/** What a table holds now. */
export interface StoredRows {
  readonly table: string;
  readonly rows: number;
  /** False for a large table: then Postgres has estimated the rows, and the age of the oldest is not known. */
  readonly exact: boolean;
  readonly oldest: Date | undefined;
  /** How long ago the first of the rows expired that are still there; 0 when cleaning up keeps pace. */
  readonly overdueSeconds: number;
}

/** Up to so many rows are counted one by one. */
const COUNTED_MAX = 100_000;
/** The columns that say since when a row exists, of which a table has one at most. */
const SINCE = ['created_at', 'at', 'asked_at', 'signed_in_at', 'issued_at'];

interface Counted {
  readonly rows: string;
  readonly estimate: string;
  readonly oldest: Date | null;
  readonly first_end: Date | null;
}

export const STORED_ROWS_STATEMENTS = personalTables().map(([name, { personal, technical }]) => {
  const columns: readonly string[] = [...Object.keys(personal), ...technical];
  const table = sql.table(name);
  const since = SINCE.find((one) => columns.includes(one));
  const oldest = since === undefined ? sql`NULL::timestamptz` : sql.ref(since);
  // By its index, also in a large table.
  const firstEnd = columns.includes('expires_at')
    ? sql`(SELECT min(expires_at) FROM ${table})`
    : sql`NULL::timestamptz`;
  return statement(
    `stored_rows_${name}`,
    () => sql<Counted>`
      SELECT count(*) AS rows, min(since) AS oldest, ${firstEnd} AS first_end,
             (SELECT GREATEST(reltuples, 0)::bigint FROM pg_class WHERE oid = ${sql.lit(name)}::regclass) AS estimate
        FROM (SELECT ${oldest} AS since FROM ${table} LIMIT ${sql.lit(COUNTED_MAX + 1)}) counted`,
  );
});

/** Counts the rows of the tables with personal data, at most `COUNTED_MAX` of each. */
export async function storedRows({ db, now }: { db: Pick<Db, 'query'>; now: Clock }): Promise<StoredRows[]> {
  const stored: StoredRows[] = [];
  for (const [i, [table]] of personalTables().entries()) {
    const [row] = await db.query((STORED_ROWS_STATEMENTS[i] as (typeof STORED_ROWS_STATEMENTS)[0]).bind());
    if (row) stored.push(rowsOf(table, row, now()));
  }
  return stored;
}

function rowsOf(table: string, { rows, estimate, oldest, first_end: firstEnd }: Counted, at: number): StoredRows {
  const exact = Number(rows) <= COUNTED_MAX;
  return {
    table,
    rows: exact ? Number(rows) : Math.max(Number(estimate), Number(rows)),
    exact,
    oldest: (exact && oldest) || undefined,
    overdueSeconds: firstEnd ? Math.max(0, Math.round((at - firstEnd.getTime()) / 1_000)) : 0,
  };
}
