import { AppError } from '../platform/errors.ts';
import type { Logger } from '../platform/log.ts';
import type { Job } from './runner.ts';

/** An account whose deletion is due; `read` returns them in this order. */
export interface Due {
  readonly id: string;
  readonly dueAt: Date;
}

export interface ErasureParts {
  /** Those that come after one in the order of the time, then the id. */
  read(after: Due | undefined, limit: number): Promise<readonly Due[]>;
  /** An operation with its entry in the audit. @throws AppError 4xx when it is not due any more, or another node was first */
  erase(id: string): Promise<unknown>;
  /** Removes what requests that were under way have written since an erasure. */
  sweep(): Promise<unknown>;
  readonly log: Logger;
}

const BATCH = 100;
/** More wait for the next run, so that no node does this alone for long. */
const RUN_MAX = 1_000;

/** Erases the accounts whose days of grace are over, each in a transaction of its own. */
export function createErasures({ read, erase, sweep, log }: ErasureParts): Pick<Job, 'run' | 'stop'> {
  let stopped = false;
  return {
    async run() {
      let erased = 0;
      let last: Due | undefined;
      for (let seen = 0; seen < RUN_MAX && !stopped; ) {
        const due = await read(last, BATCH);
        for (const account of due) {
          if (stopped) break;
          if (await done(erase(account.id))) erased += 1;
        }
        seen += due.length;
        last = due.at(-1);
        if (due.length < BATCH) break;
      }
      if (erased > 0) log.info({ erased }, 'accounts were erased whose deletion was due');
      await sweep();
    },
    async stop() {
      stopped = true;
    },
  };

  /** An account that cannot be erased now does not keep the others from it. */
  async function done(erasure: Promise<unknown>): Promise<boolean> {
    try {
      await erasure;
      return true;
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 500) throw error;
      // usually another node has erased it
      log.debug({ reason: error.code }, 'an account was not erased');
      return false;
    }
  }
}
