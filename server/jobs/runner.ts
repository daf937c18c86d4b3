import { isDatabaseAway } from '../platform/db.ts';
import type { Logger } from '../platform/log.ts';

export interface Job {
  readonly name: string;
  readonly everyMs: number;
  run(): Promise<void>;
}

export interface Jobs {
  /** Lets what runs finish, and starts nothing more. */
  stop(): Promise<void>;
}

/** Runs each job over and over, never twice at once. Jobs that must not run on two nodes at once take a lock themselves. */
export function startJobs(jobs: readonly Job[], log: Logger): Jobs {
  const timers = new Map<string, NodeJS.Timeout>();
  const running = new Map<string, Promise<void>>();
  let stopped = false;

  function schedule(job: Job): void {
    if (stopped) return;
    const timer = setTimeout(() => {
      running.set(
        job.name,
        once(job).finally(() => schedule(job)),
      );
    }, job.everyMs);
    timer.unref();
    timers.set(job.name, timer);
  }

  async function once(job: Job): Promise<void> {
    try {
      await job.run();
    } catch (error) {
      // That a dependency is away is said once, where it is noticed.
      const level = isDatabaseAway(error) ? 'debug' : 'warn';
      log[level]({ job: job.name, error }, 'a job failed; it is tried again at its next turn');
    }
  }

  for (const job of jobs) schedule(job);
  return {
    async stop() {
      stopped = true;
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.all(running.values());
    },
  };
}
