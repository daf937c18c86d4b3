import type { Db } from '../platform/db.ts';
import { isUnavailable } from '../platform/errors.ts';
import type { PreparedStatement } from '../platform/statement.ts';
import { createBatches } from './batches.ts';
import type { Statements } from './statements.ts';

/** The key that a row is found by. */
type RowKey = string | Buffer;

/** Reads one row by its key; parallel requests may share a statement. @throws AppError 503 when the database is away */
export type ReadRow<Key extends RowKey, Row> = (key: Key) => Promise<Row | undefined>;

interface Waiting<Key extends RowKey, Row> {
  readonly key: Key;
  readonly done: (row: Row | undefined) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Group read, the counterpart of group commit: rows that parallel requests need while other reads are running are read
 * together, by one statement. Requests for the same row get the same object, so none may change it. And no request fails
 * because of another: when the database refuses a batch, each key of it is read separately.
 *
 * @param statement returns rows with the `key` that each was found by
 */
export function createReadRow<Key extends RowKey, Row extends { readonly key: Key }>(
  db: Db,
  statement: PreparedStatement<{ keys: readonly Key[] }, Row>,
): ReadRow<Key, Row> {
  const add = createBatches<Waiting<Key, Row>>(read);

  async function read(batch: readonly Waiting<Key, Row>[]): Promise<void> {
    try {
      const rows = await db.query(statement.bind({ keys: batch.map(({ key }) => key) }));
      const byKey = new Map(rows.map((row) => [textOf(row.key), row]));
      for (const { key, done } of batch) done(byKey.get(textOf(key)));
    } catch (error) {
      if (batch.length > 1 && !isUnavailable(error)) await Promise.all(batch.map((one) => read([one])));
      else for (const { failed } of batch) failed(error);
    }
  }

  return (key) => new Promise((done, failed) => add({ key, done, failed }));
}

const textOf = (key: RowKey) => (typeof key === 'string' ? key : key.toString('latin1'));

export type Reads = ReturnType<typeof createReads>;

/** The reads of a unit of work. */
export function createReads(db: Db, statements: Statements) {
  return {
    records: createReadRow(db, statements.findRecord),
    grants: createReadRow(db, statements.findGrant),
    sessions: createReadRow(db, statements.findSession),
    sessionsByUid: createReadRow(db, statements.findSessionByUid),
    tokenStatus: createReadRow(db, statements.findTokenStatus),
  };
}
