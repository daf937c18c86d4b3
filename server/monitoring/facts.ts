import type { LogState } from '../audit/log_store.ts';
import type { LastRuns } from '../backup/runs.ts';
import type { Cache } from '../platform/cache.ts';
import type { Counts } from '../platform/counts.ts';
import type { PoolState } from '../platform/db.ts';
import type { QueueLoad } from '../platform/fair_queue.ts';
import type { SeenJob } from '../platform/probe.ts';
import type { BacklogRow } from '../platform/queue.ts';
import type { RequestStats } from '../platform/request_stats.ts';

/** Facts that this process knows of itself: reading them costs nothing. */
export interface NodeFacts {
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly requests: Pick<RequestStats, 'all'>;
  readonly signIns: Pick<Counts<string>, 'all'>;
  readonly lockouts: Pick<Counts<string>, 'all'>;
  readonly refusals: Pick<Counts<string>, 'all'>;
  passwordHashing(): QueueLoad;
  pool(): PoolState;
  readonly caches: Readonly<Record<string, Pick<Cache<object>, 'hits' | 'misses' | 'size'>>>;
  jobs(): readonly JobFacts[];
  /** It hears at once what other nodes change. */
  isListening(): boolean;
  /** It has reached the database lately enough to sign tokens. */
  maySign(): boolean;
  /** Seconds. */
  readonly keyRotation: number;
  /** Seconds before its rotation by which a key has a successor that is published. */
  readonly keyPublication: number;
  /** Seconds after which a new head of the audit is signed. */
  readonly auditHeadInterval: number;
  /** Milliseconds since the epoch; undefined where TLS ends at a proxy. */
  readonly certificateExpiresAt: number | undefined;
}

/** Times are milliseconds since the epoch. */
export interface JobFacts {
  readonly name: string;
  readonly everyMs: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly lastSuccessAt: number | undefined;
}

const LATE_MS = 120_000;

const sinceSuccess = ({ lastSuccessAt }: JobFacts, { startedAt }: Pick<NodeFacts, 'startedAt'>, now: number) =>
  now - (lastSuccessAt ?? startedAt);

/** As the alert CardeaJobLate has it. @param now milliseconds since the epoch */
export function isJobLate(job: JobFacts, node: Pick<NodeFacts, 'startedAt'>, now: number): boolean {
  return sinceSuccess(job, node, now) > 3 * job.everyMs + LATE_MS;
}

/** For `cardea doctor`. */
export function jobsSeen(node: Pick<NodeFacts, 'jobs' | 'startedAt'>, now: number): SeenJob[] {
  return node.jobs().map((job) => ({
    name: job.name,
    seconds: Math.round(sinceSuccess(job, node, now) / 1_000),
    failed: job.failed,
    isLate: isJobLate(job, node, now),
  }));
}

/** Facts that all nodes share, as they were read last. */
export interface SharedFacts {
  readonly keys: readonly KeyFacts[];
  readonly mails: BacklogRow;
  readonly deliveries: BacklogRow;
  readonly audit: LogState;
  readonly destinations: readonly DestinationFacts[];
  readonly backups: LastRuns;
}

export interface KeyFacts {
  readonly ring: string;
  readonly state: 'pending' | 'active' | 'retiring';
  /** When it came into this state, in milliseconds since the epoch. */
  readonly since: number;
}

export interface DestinationFacts {
  readonly name: string;
  readonly enabled: boolean;
  /** When the oldest entry was written that it has not had, in milliseconds since the epoch. */
  readonly since: number | undefined;
  readonly deadLetters: number;
}

/** A reading, with what it tells of the database and of Redis. */
export interface Reading {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly seconds: number;
  /** Undefined when the database did not answer in time. */
  readonly shared: SharedFacts | undefined;
  /** The database accepts writes. */
  readonly ready: boolean;
  /** Undefined without Redis. */
  readonly redis: boolean | undefined;
}
