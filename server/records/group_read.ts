import type { Db, Row, Statement } from '../platform/db.ts';
import { isUnavailable } from '../platform/errors.ts';
import { createBatches } from './batches.ts';

/** The key that a row is found by. */
export type RowKey = string | Buffer;

/** Reads one row by its key; parallel requests may share a statement. @throws AppError 503 when the database is away */
export type ReadRow = (key: RowKey) => Promise<Row | undefined>;

interface Asked {
  readonly key: RowKey;
  readonly done: (row: Row | undefined) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Group read, the counterpart of group commit: rows that parallel requests need while other reads are running are read
 * together, by one statement. Requests for the same row get the same object, so none may change it. And no request fails
 * because of another: when the database refuses a batch, each key of it is read separately.
 *
 * @param statement takes an array of keys and returns rows with their `key`
 */
export function createReadRow(db: Db, statement: Statement): ReadRow {
  const add = createBatches<Asked>(read);

  async function read(batch: readonly Asked[]): Promise<void> {
    try {
      const rows = await db.run(statement, [batch.map(({ key }) => key)]);
      const byKey = new Map(rows.map((row) => [textOf(row.key as RowKey), row]));
      for (const { key, done } of batch) done(byKey.get(textOf(key)));
    } catch (error) {
      if (batch.length > 1 && !isUnavailable(error)) await Promise.all(batch.map((one) => read([one])));
      else for (const { failed } of batch) failed(error);
    }
  }

  return (key) => new Promise((done, failed) => add({ key, done, failed }));
}

const textOf = (key: RowKey) => (typeof key === 'string' ? key : key.toString('latin1'));
