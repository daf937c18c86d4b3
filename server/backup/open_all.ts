import type { Db } from '../platform/db.ts';
import { pagesByKey } from '../platform/key_pages.ts';
import { LEAST_KEYS, resealStatements } from '../platform/reseal.ts';
import type { Sealer } from '../platform/sealing.ts';
import type { SealedColumn } from '../platform/tables.ts';

const BATCH = 1_000;

/** Opens every value that the master key has sealed. @returns how many there are, and how many could not be opened */
export async function openAll(
  db: Pick<Db, 'query'>,
  sealer: Sealer,
  columns: readonly SealedColumn[],
  progress: (column: string, seen: number) => void,
): Promise<{ readonly seen: number; readonly unreadable: number }> {
  const total = { seen: 0, unreadable: 0 };
  for (const sealed of columns) {
    const { next } = resealStatements(sealed);
    const pages = pagesByKey({
      size: BATCH,
      from: LEAST_KEYS[sealed.keyType] as string | Buffer,
      keyOf: (row) => row.key,
      read: (from: string | Buffer, limit: number) => db.query(next.bind({ from, limit })),
    });
    for await (const rows of pages) {
      for (const { key_text: row, sealed: value } of rows) {
        total.seen += 1;
        // A value may still be bound to the place that it had before a migration.
        const places = [sealed, ...(sealed.former ? [sealed.former] : [])];
        if (!places.some(({ table, column }) => opens(() => sealer.open({ table, column, row }, value))))
          total.unreadable += 1;
      }
      progress(`${sealed.table}.${sealed.column}`, total.seen);
    }
  }
  return total;
}

function opens(attempt: () => Buffer): boolean {
  try {
    attempt().fill(0);
    return true;
  } catch {
    return false;
  }
}
