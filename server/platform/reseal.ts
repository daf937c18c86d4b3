import { sql } from 'kysely';
import type { Db } from './db.ts';
import { LEAST_UUID, pagesByKey } from './key_pages.ts';
import type { Sealer } from './sealing.ts';
import { columns, statement } from './statement.ts';
import type { SealedColumn } from './tables.ts';

export interface Progress {
  /** Values read. */
  seen: number;
  /** Values that were sealed under an older key and have been sealed again under the current one. */
  resealed: number;
  /** Values that cannot be opened by any key in the list. */
  unreadable: number;
}

const BATCH = 500;
export const LEAST_KEYS = { text: '', uuid: LEAST_UUID, bytea: Buffer.alloc(0) };
// A value that a running server changes in the meantime keeps what the server wrote; the next pass reads it again.
const PASSES = 5;

/**
 * Seals again under the current master key all values that are sealed under an older one. Each batch commits by itself:
 * servers do not wait for its locks, and an interrupted run is continued by the next.
 * @param how `dryRun`: counts what it would do, and changes nothing
 * @returns the progress after each batch
 */
export async function* reseal(
  db: Pick<Db, 'query'>,
  sealer: Sealer,
  sealed: SealedColumn,
  how: { readonly dryRun?: boolean | undefined } = {},
): AsyncGenerator<Progress, void> {
  const total = { seen: 0, resealed: 0, unreadable: 0 };
  for (let pass = 1; pass <= PASSES; pass += 1) {
    const missed = yield* resealOnce(db, sealer, sealed, total, how);
    if (missed === 0) break;
    if (pass < PASSES) Object.assign(total, { seen: 0, unreadable: 0 });
  }
}

export function resealStatements(sealed: SealedColumn) {
  const { keyType } = sealed;
  const name = `${sealed.table}.${sealed.column}`;
  const table = sql.table(sealed.table);
  const [column, key] = [sql.ref(sealed.column), sql.ref(sealed.key)];
  const resealed = columns<keyof Resealed>({ key: keyType, stale: 'bytea', fresh: 'bytea' });
  return {
    next: statement(
      `reseal.next.${name}`,
      ($: { from: SealedRow['key']; limit: number }) => sql<SealedRow>`
        SELECT ${key} AS key, ${sql.raw(keyText(sealed))} AS key_text, ${column} AS sealed FROM ${table}
         WHERE ${column} IS NOT NULL AND ${key} >= ${$.from}::${sql.raw(keyType)} ORDER BY ${key} LIMIT ${$.limit}`,
    ),
    replace: statement(
      `reseal.replace.${name}`,
      ($: { rows: readonly Resealed[] }) => sql`
        UPDATE ${table} t SET ${column} = c.fresh FROM ${resealed.unnest($.rows)} AS c (${resealed.names})
         WHERE t.${key} = c.key AND t.${column} = c.stale RETURNING 1`,
    ),
  };
}

/** SQL for a row's key as the text that its sealed value is bound to. */
export function keyText({ key, keyType }: Pick<SealedColumn, 'key' | 'keyType'>): string {
  return { text: key, uuid: `${key}::text`, bytea: `encode(${key}, 'hex')` }[keyType];
}

interface SealedRow {
  /** Of the type that `SealedColumn.keyType` names. */
  readonly key: string | Buffer;
  readonly key_text: string;
  readonly sealed: Buffer;
}

interface Resealed {
  readonly key: SealedRow['key'];
  readonly stale: Buffer;
  readonly fresh: Buffer;
}

/** @returns the number of values that a server changed between the read and the write here */
async function* resealOnce(
  db: Pick<Db, 'query'>,
  sealer: Sealer,
  sealedColumn: SealedColumn,
  total: Progress,
  { dryRun = false }: { readonly dryRun?: boolean | undefined },
): AsyncGenerator<Progress, number> {
  const { table, column } = sealedColumn;
  const { next, replace } = resealStatements(sealedColumn);
  let missed = 0;
  const pages = pagesByKey<SealedRow, SealedRow['key']>({
    size: BATCH,
    from: LEAST_KEYS[sealedColumn.keyType],
    keyOf: (row) => row.key,
    read: (from, limit) => db.query(next.bind({ from, limit })),
  });
  for await (const rows of pages) {
    const read = rows.map((row) => ({ ...row, ...openWhereItIs(sealer, sealedColumn, row) }));
    const stale = read.filter((row) => row.moved || sealer.isStale(row.sealed));
    const fresh = stale.flatMap(({ key, key_text: row, sealed, plain }) =>
      plain ? [{ key, stale: sealed, fresh: sealer.seal({ table, column, row }, plain) }] : [],
    );
    const done = fresh.length === 0 || dryRun ? fresh : await db.query(replace.bind({ rows: fresh }));
    total.seen += rows.length;
    total.resealed += done.length;
    total.unreadable += stale.length - fresh.length;
    missed += fresh.length - done.length;
    yield { ...total };
  }
  return missed;
}

/** Opens a value that is sealed under an older key, or for the column's former place; another one need not be opened. */
function openWhereItIs(
  sealer: Sealer,
  { table, column, former }: SealedColumn,
  { key_text: row, sealed }: SealedRow,
): { plain: Buffer | undefined; moved: boolean } {
  if (!former && !sealer.isStale(sealed)) return { plain: undefined, moved: false };
  const plain = open(() => sealer.open({ table, column, row }, sealed));
  if (plain || !former) return { plain, moved: false };
  return { plain: open(() => sealer.open({ ...former, row }, sealed)), moved: true };
}

function open(attempt: () => Buffer): Buffer | undefined {
  try {
    return attempt();
  } catch {
    return undefined;
  }
}
