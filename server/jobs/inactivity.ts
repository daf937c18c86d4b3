import { AppError } from '../platform/errors.ts';
import type { Logger } from '../platform/log.ts';
import type { Job } from './runner.ts';

/** A stage that inactive accounts reach, such as the warning. */
export interface Stage {
  readonly name: string;
  next(limit: number): Promise<readonly string[]>;
  /** An operation with its entry in the audit. @throws AppError 4xx when somebody has signed in, or another node was first */
  reach(id: string): Promise<unknown>;
}

/** Accounts that reach a stage in one run; the others wait for the next, so that no flood of mails begins with the policy. */
const RUN_MAX = 200;

/** Warns, disables and deletes accounts that nobody signs in to, the last stage first: an account reaches one in a run. */
export function createInactivityJob(stages: readonly Stage[], { log }: { log: Logger }): Pick<Job, 'run' | 'stop'> {
  let stopped = false;
  return {
    async run() {
      for (const stage of stages.toReversed()) {
        let reached = 0;
        for (const id of await stage.next(RUN_MAX)) {
          if (stopped) return;
          if (await done(stage.reach(id))) reached += 1;
        }
        if (reached > 0) log.info({ stage: stage.name, accounts: reached }, 'inactive accounts have reached a stage');
      }
    },
    async stop() {
      stopped = true;
    },
  };

  async function done(change: Promise<unknown>): Promise<boolean> {
    try {
      await change;
      return true;
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 500) throw error;
      log.debug({ reason: error.code }, 'an account has not reached a stage of inactivity');
      return false;
    }
  }
}
