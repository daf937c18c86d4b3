import { isDatabaseAway } from '../platform/db.ts';
import type { Logger } from '../platform/log.ts';
import type { Messenger } from '../platform/messenger.ts';

export interface Job {
  readonly name: string;
  readonly everyMs: number;
  /**
   * The job also runs at the start, when this channel is notified, and when a notification may have been missed; also
   * while it is running, which makes it look for more. Other jobs never run twice at the same time on one node.
   */
  readonly channel?: string;
  /** The job also runs at the start. */
  readonly atStart?: true;
  run(): Promise<void>;
  /** Makes `run` end early. */
  stop?(): Promise<void>;
}

export interface Jobs {
  /** Lets running jobs finish, and starts no more. */
  stop(): Promise<void>;
}

/** Runs each job again and again, on every node. A job that two nodes must not run at the same time takes a lock itself. */
export function startJobs(
  jobs: readonly Job[],
  { log, messenger }: { log: Logger; messenger: Pick<Messenger, 'on' | 'onGap'> },
): Jobs {
  const running = new Map<Job, Promise<void>>();

  function run(job: Job): void {
    if (running.has(job) && job.channel === undefined) return;
    const finished = job
      .run()
      .catch((error) => {
        // An outage is logged once elsewhere (platform/outages.ts).
        const level = isDatabaseAway(error) ? 'debug' : 'warn';
        log[level]({ job: job.name, error }, 'a job failed; it is tried again at its next turn');
      })
      .finally(() => running.get(job) === finished && running.delete(job));
    running.set(job, finished);
  }

  const timers = jobs.map((job) => setInterval(run, job.everyMs, job).unref());
  for (const job of jobs) {
    if (job.atStart) run(job);
    if (job.channel === undefined) continue;
    messenger.on(job.channel, () => run(job));
    messenger.onGap(() => run(job));
    run(job);
  }
  return {
    async stop() {
      for (const timer of timers) clearInterval(timer);
      await Promise.all(jobs.map((job) => job.stop?.()));
      await Promise.all(running.values());
    },
  };
}
