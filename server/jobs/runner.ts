import type { Clock } from '../platform/clock.ts';
import { isDatabaseAway } from '../platform/db_errors.ts';
import type { Logger } from '../platform/log.ts';
import type { Messenger } from '../platform/messenger.ts';
import { NO_TRACING, type Tracing } from '../platform/tracing.ts';

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

/** The results of a job of this node so far. Times are milliseconds since the epoch. */
export interface JobState {
  readonly name: string;
  readonly everyMs: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Undefined before the first success. */
  readonly lastSuccessAt: number | undefined;
  /** How long the last run took. */
  readonly lastMs: number | undefined;
}

export interface Jobs {
  states(): readonly JobState[];
  /** Lets running jobs finish, and starts no more. */
  stop(): Promise<void>;
}

/** Runs each job again and again, on every node. A job that two nodes must not run at the same time takes a lock itself. */
export function startJobs(
  jobs: readonly Job[],
  parts: {
    readonly log: Logger;
    readonly messenger: Pick<Messenger, 'on' | 'onGap'>;
    readonly now: Clock;
    readonly tracing?: Pick<Tracing, 'runs'> | undefined;
  },
): Jobs {
  const { log, messenger, now, tracing = NO_TRACING } = parts;
  const states = new Map<Job, { -readonly [Member in keyof JobState]: JobState[Member] }>();
  for (const job of jobs) {
    const none = { succeeded: 0, failed: 0, lastSuccessAt: undefined, lastMs: undefined };
    states.set(job, { name: job.name, everyMs: job.everyMs, ...none });
  }
  const running = new Map<Job, Promise<void>>();

  function run(job: Job): void {
    const isRunning = running.has(job);
    if (isRunning && job.channel === undefined) return;
    const startedAt = now();
    // A call that makes a running job look for more is no run of its own.
    const run = isRunning ? job.run() : tracing.runs(`job ${job.name}`, {}, () => job.run());
    const finished = run
      .then(() => note(job, startedAt, true))
      .catch((error) => {
        note(job, startedAt, false);
        // An outage is logged once elsewhere (platform/outages.ts).
        const level = isDatabaseAway(error) ? 'debug' : 'warn';
        log[level]({ job: job.name, error }, 'a job failed; it is tried again at its next turn');
      })
      .finally(() => running.get(job) === finished && running.delete(job));
    running.set(job, finished);
  }

  function note(job: Job, startedAt: number, isSuccess: boolean): void {
    const state = states.get(job);
    if (!state) return;
    state[isSuccess ? 'succeeded' : 'failed'] += 1;
    state.lastMs = now() - startedAt;
    if (isSuccess) state.lastSuccessAt = now();
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
    states: () => [...states.values()],
    async stop() {
      for (const timer of timers) clearInterval(timer);
      await Promise.all(jobs.map((job) => job.stop?.()));
      await Promise.all(running.values());
    },
  };
}
