import { type Db, GUARDS, sqlState } from '../platform/db.ts';
import { createBatches } from './batches.ts';
import type { Statements } from './statements.ts';

/** The values of one `writeRecords`: the instant, then lists. */
export type RecordValues = readonly [Date, ...(readonly unknown[])[]];

/** Makes one request's changes to records happen, or refuses them; parallel requests may share a transaction. */
export type WriteRecords = (values: RecordValues) => Promise<void>;

/**
 * SQLSTATEs after which it is certain that nothing was committed: constraints (class 23), single use, a deadlock or a
 * conflict that this transaction lost.
 */
const REFUSAL = new RegExp(`^23|^${GUARDS.require_single_use}$|^40(001|P01)$`);

interface Waiting {
  readonly values: RecordValues;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Group commit: what parallel requests write while others are being committed goes to the disk together, as one
 * statement. Nobody's answer leaves before its own changes are committed, and nobody pays for a neighbour: when the
 * database refuses a batch it has changed nothing, and each request is tried, and judged, by itself.
 */
export function createWriteRecords({ db, statements }: { db: Db; statements: Statements }): WriteRecords {
  const add = createBatches<Waiting>(commit);

  async function commit(batch: readonly Waiting[]): Promise<void> {
    try {
      await db.run(statements.writeRecords, merge(batch.map(({ values }) => values)));
      for (const { done } of batch) done();
    } catch (error) {
      const [only] = batch;
      if (batch.length === 1 && only) return only.failed(error);
      // A refusal is one request's. A database that is gone is gone for all, and may have committed before it went.
      if (REFUSAL.test(sqlState(error) ?? '')) await Promise.all(batch.map((one) => commit([one])));
      else for (const { failed } of batch) failed(error);
    }
  }

  return (values) => new Promise((done, failed) => add({ values, done, failed }));
}

/** Lists are joined place by place; of the instants, which differ by less than a request takes, the first is kept. */
function merge(all: readonly RecordValues[]): RecordValues {
  const [first, ...others] = all;
  if (!first) throw new Error('nothing to write');
  if (others.length === 0) return first;
  const [at, ...lists] = first;
  return [at, ...lists.map((_, i) => all.flatMap((values) => values[i + 1] as readonly unknown[]))];
}
