import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import type { Sealer } from '../platform/sealing.ts';
import { createWriteRecords } from './group_commit.ts';
import { createReads } from './group_read.ts';
import type { SessionLimit } from './lifetimes.ts';
import { createStatements } from './statements.ts';
import { Unit, type Units } from './unit.ts';

/**
 * @param accountColumns the columns that the store of accounts reads of a joined account (alias `a`)
 */
export function createUnits(options: {
  db: Db;
  sealer: Sealer;
  now: Clock;
  accountColumns: string;
  lifetimes: SessionLimit;
}): Units {
  const statements = createStatements(options.accountColumns);
  const writeRecords = createWriteRecords({ db: options.db, statements });
  const context = { ...options, statements, read: createReads(options.db, statements), writeRecords };
  const storage = new AsyncLocalStorage<Unit>();
  return {
    run(work) {
      const unit = new Unit(context);
      return storage.run(unit, () => work(unit));
    },
    current() {
      const unit = storage.getStore();
      if (!unit) throw new Error('no unit of work here: records are reached through units.run() alone');
      return unit;
    },
  };
}
