import type { ClientBase } from 'pg';
import type { CataloguedTable } from './catalogue.ts';

/** Settings of a connection that copies whole tables: those of `platform/db.ts` are for statements that find rows by a key. */
export const COPYING: readonly string[] = [
  'SET enable_seqscan = on',
  // a table is read from its beginning, in one process: then the same rows are the same bytes
  'SET synchronize_seqscans = off',
  'SET max_parallel_workers_per_gather = 0',
  'SET idle_in_transaction_session_timeout = 0',
  'SET lock_timeout = 0',
  "SET application_name = 'cardea backup'",
];

/** Bytes that are read ahead of the reader. */
const AHEAD = 256 * 1_024;

/** The rows of a table in the binary form of COPY. */
export async function* copiedOut(
  client: ClientBase,
  { name, columns, partitioned }: CataloguedTable,
): AsyncGenerator<Buffer, number> {
  const { to } = await import('pg-copy-streams');
  const list = columnList(client, columns);
  const table = client.escapeIdentifier(name);
  const source = partitioned ? `(SELECT ${list} FROM ${table})` : `${table} (${list})`;
  const stream = client.query(to(`COPY ${source} TO STDOUT (FORMAT binary)`, { highWaterMark: AHEAD }));
  yield* stream as AsyncIterable<Buffer>;
  return stream.rowCount;
}

export interface CopyingIn {
  write(rows: Buffer): Promise<void>;
  /** @returns the number of rows */
  end(): Promise<number>;
}

/** Begins to write rows that `copiedOut` has read. Ended before the connection is used for something else. */
export async function copyingIn(
  client: ClientBase,
  { name, columns }: Pick<CataloguedTable, 'name' | 'columns'>,
): Promise<CopyingIn> {
  const { from } = await import('pg-copy-streams');
  const text = `COPY ${client.escapeIdentifier(name)} (${columnList(client, columns)}) FROM STDIN (FORMAT binary)`;
  const stream = client.query(from(text, { highWaterMark: AHEAD }));
  const ended = Promise.withResolvers<void>();
  stream.once('error', ended.reject);
  stream.once('finish', ended.resolve);
  ended.promise.catch(() => {}); // the caller that writes or ends it gets the error
  return {
    async write(rows) {
      if (stream.write(rows)) return;
      await Promise.race([new Promise<void>((done) => void stream.once('drain', done)), ended.promise]);
    },
    async end() {
      stream.end();
      await ended.promise;
      return stream.rowCount;
    },
  };
}

const columnList = (client: ClientBase, columns: readonly string[]): string =>
  columns.map((one) => client.escapeIdentifier(one)).join(', ');
