import type { Db } from '../platform/db.ts';
import { GUARDS, sqlState } from '../platform/db_errors.ts';
import { createBatches } from './batches.ts';
import type { RecordChanges, Statements } from './statements.ts';

/** Commits one request's changes to records, or refuses them; parallel requests may share a transaction. */
export type WriteRecords = (changes: RecordChanges) => Promise<void>;

/**
 * SQLSTATEs after which it is certain that nothing was committed: constraints (class 23), single use, a deadlock or a
 * conflict that this transaction lost.
 */
const REFUSAL = new RegExp(`^23|^${GUARDS.require_single_use}$|^40(001|P01)$`);

interface Waiting {
  readonly changes: RecordChanges;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Group commit: changes that parallel requests make while others are being committed are written together, by one
 * statement. No response is sent before its own changes are committed, and no request fails because of another: when the
 * database refuses a batch it has changed nothing, and each request is then tried separately.
 */
export function createWriteRecords({ db, statements }: { db: Db; statements: Statements }): WriteRecords {
  const add = createBatches<Waiting>(commit);

  async function commit(batch: readonly Waiting[]): Promise<void> {
    try {
      await db.query(statements.writeRecords.bind(merge(batch.map(({ changes }) => changes))));
      for (const { done } of batch) done();
    } catch (error) {
      const [only] = batch;
      if (batch.length === 1 && only) return only.failed(error);
      // One of the requests was refused. A failure of the database concerns all, and it may have committed before.
      if (REFUSAL.test(sqlState(error) ?? '')) await Promise.all(batch.map((one) => commit([one])));
      else for (const { failed } of batch) failed(error);
    }
  }

  return (changes) => new Promise((done, failed) => add({ changes, done, failed }));
}

/** Uses the first of the instants, which differ by less than the duration of a request. */
function merge(all: readonly RecordChanges[]): RecordChanges {
  const [first, ...others] = all;
  if (!first) throw new Error('nothing to write');
  if (others.length === 0) return first;
  return {
    now: first.now,
    consumed: all.flatMap(({ consumed }) => consumed),
    destroyed: all.flatMap(({ destroyed }) => destroyed),
    changed: all.flatMap(({ changed }) => changed),
    created: all.flatMap(({ created }) => created),
    responses: all.flatMap(({ responses }) => responses),
    auditLines: all.flatMap(({ auditLines }) => auditLines),
  };
}
