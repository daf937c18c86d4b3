import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../platform/clock.ts';
import { isDatabaseAway } from '../platform/db_errors.ts';
import type { Logger } from '../platform/log.ts';
import type { Queue, Queued } from '../platform/queue.ts';
import { NO_TRACING, type Note, OUTCOME, type SpanAttributes, type Tracing } from '../platform/tracing.ts';

/** Handles the items that are queued in one table. Every node runs a worker; each item is claimed by one of them. */
export interface QueueWorker {
  /** Handles all items that are due. A call while it runs makes it look for more. */
  run(): Promise<void>;
  /** Lets items in progress finish, and claims no more. */
  stop(): Promise<void>;
}

/**
 * `done`, `needless` and `refused` remove an item. One that `failed` is tried again until it expires. One that is
 * `unreadable` is left alone: the master key that opens it may come back.
 */
export type ItemOutcome = 'done' | 'needless' | 'refused' | 'failed' | 'unreadable';

/** Why an item is removed; `expired` is a failure with no time left for another attempt. */
export type FinalOutcome = Exclude<ItemOutcome, 'failed' | 'unreadable'> | 'expired';

/** The log line of each outcome that occurs. */
export type OutcomeLog = Readonly<
  Partial<Record<ItemOutcome | FinalOutcome, readonly ['debug' | 'info' | 'warn', string]>>
>;

export interface QueueWorkerParts<Item extends Queued> {
  readonly queue: Pick<Queue<Item>, 'postpone'> & {
    /** @param outcome why it is removed */
    remove(item: Item, outcome: FinalOutcome): Promise<void>;
  };
  /** Claims items that are due, except those that belong to one of the busy shares. */
  claim(limit: number, busyShares: readonly string[]): Promise<Item[]>;
  /** Items claimed by one statement. */
  readonly batch: number;
  /** Items in progress at the same time. */
  readonly most: number;
  /** Names of the shares that an item belongs to, with how many in progress make a share busy. Default: none. */
  sharesOf?(item: Item): Readonly<Record<string, number>>;
  /** Milliseconds until the next attempt. @param attempts that have failed so far */
  pauseAfter(attempts: number): number;
  /** Never rejects. @returns also the error, when it may be logged, and more fields of the log line, which the log masks */
  handle(item: Item): Promise<{ outcome: ItemOutcome; error?: unknown; about?: object }>;
  /** Never personal data. */
  logFields(item: Item): object;
  readonly outcomeLog: OutcomeLog;
  /** The span of an attempt. `cause`: the `traceparent` of what has queued the item, where it was stored */
  spanOf(item: Item): {
    readonly name: string;
    readonly attributes: SpanAttributes;
    readonly cause?: string | undefined;
  };
  readonly tracing?: Pick<Tracing, 'runs'> | undefined;
  readonly now: Clock;
  readonly log: Logger;
}

const LONGEST_PAUSE_MS = 3_600_000;
/** Between attempts to remove an item while the database is away. */
const REMOVE_AGAIN_MS = 1_000;

/** Milliseconds that double with each failed attempt, up to an hour. */
export function doublingPause(firstMs: number, attempts: number): number {
  return Math.min(LONGEST_PAUSE_MS, firstMs * 2 ** (attempts - 1));
}

/** The next item is claimed as soon as one is finished, so that no item waits for the slowest of a batch. */
export function createQueueWorker<Item extends Queued>(parts: QueueWorkerParts<Item>): QueueWorker {
  const { queue, batch, most, outcomeLog, tracing = NO_TRACING, now, log } = parts;
  const inProgress = new Set<Item>();
  let running: Promise<void> | undefined;
  let mustLookAgain = false;
  const stopping = new AbortController();
  let isStopped = false;
  let announceChange = () => {};

  async function workUntilDone(): Promise<void> {
    try {
      let canClaim: () => boolean;
      do {
        canClaim = await claimAll();
        while (inProgress.size > 0 && !mustLookAgain && !canClaim()) await change();
      } while (mustLookAgain || canClaim());
    } finally {
      while (inProgress.size > 0) await change();
    }
  }

  /** Claims and starts as many items as possible. @returns a function that tells whether more could be claimed by now */
  async function claimAll(): Promise<() => boolean> {
    while (!isStopped) {
      mustLookAgain = false;
      const limit = Math.min(batch, most - inProgress.size);
      if (limit === 0) return () => inProgress.size < most;
      const busy = busyShares();
      const items = await parts.claim(limit, [...busy]);
      for (const item of items) start(item);
      // A call of `run` in the meantime may be for an item that was queued too late for this claim.
      if (items.length < limit && !mustLookAgain) return () => !busy.isSubsetOf(busyShares());
    }
    mustLookAgain = false;
    return () => false;
  }

  /** Shares whose further items have to wait. */
  function busyShares(): Set<string> {
    const counts = new Map<string, number>();
    const busy = new Set<string>();
    for (const [name, limit] of [...inProgress].flatMap((item) => Object.entries(parts.sharesOf?.(item) ?? {}))) {
      const count = (counts.get(name) ?? 0) + 1;
      counts.set(name, count);
      if (count >= limit) busy.add(name);
    }
    return busy;
  }

  function start(item: Item): void {
    inProgress.add(item);
    const { name, attributes, cause } = parts.spanOf(item);
    // A trace of its own: a queue that is never empty would make one of a job that has no end.
    const handled = tracing.runs(name, attributes, (note) => handle(item, note), cause);
    void handled.finally(() => {
      inProgress.delete(item);
      announceChange();
    });
  }

  /** Resolves when an item is finished, and when `run` is called again. */
  function change(): Promise<void> {
    return new Promise((resolve) => {
      announceChange = resolve;
    });
  }

  /** Never rejects: an item whose outcome cannot be stored is claimed again when its lease ends. */
  async function handle(item: Item, note: Note): Promise<void> {
    const { outcome, error, about } = await parts.handle(item);
    const dueAt = new Date(now() + parts.pauseAfter(item.attempts));
    const isExpired = outcome === 'failed' && dueAt >= item.expiresAt;
    const final = isExpired ? 'expired' : outcome;
    note({ [OUTCOME]: final });
    const [level, message] = outcomeLog[final] ?? ['warn', outcome];
    const fields = { ...parts.logFields(item), ...about, ...(error === undefined ? {} : { error }) };
    // An outage is logged once elsewhere (platform/outages.ts), and an item that is lost is always logged.
    log[isDatabaseAway(error) && !isExpired ? 'debug' : level](fields, message);
    if (final === 'unreadable') return;
    const stored = final === 'failed' ? queue.postpone(item.id, dueAt) : remove(item, final);
    await stored.catch((failure) => {
      log[isDatabaseAway(failure) ? 'debug' : 'warn']({ ...fields, error: failure }, 'the outcome could not be stored');
    });
  }

  /** Tries again while the database is away: an item that is not removed would be handled twice. */
  async function remove(item: Item, outcome: FinalOutcome): Promise<void> {
    for (;;) {
      try {
        return await queue.remove(item, outcome);
      } catch (error) {
        if (isStopped || !isDatabaseAway(error)) throw error;
      }
      await wait(REMOVE_AGAIN_MS, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }

  function run(): Promise<void> {
    if (isStopped) return Promise.resolve();
    if (running) mustLookAgain = true;
    announceChange();
    running ??= workUntilDone().finally(() => {
      running = undefined;
    });
    return running;
  }

  return {
    run,
    async stop() {
      isStopped = true;
      stopping.abort();
      await running?.catch(() => {});
    },
  };
}
