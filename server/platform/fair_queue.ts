import { AppError } from './errors.ts';

/**
 * A queue that limits how much work runs at the same time.
 *
 * The caller names the shares that the work counts to, such as `address:192.0.2.7` and `account:…`. The first one
 * decides the order: shares take turns, so a caller with a thousand requests waits only for itself. Each share has a
 * limit, for running and for waiting work.
 */
export interface FairQueue {
  /**
   * Runs the work when its turn comes; immediately, before this returns, when there is capacity.
   * @throws QueueFullError when too much work is waiting, of one of the shares or in total
   * @throws the reason of the signal when it aborts while the work waits; running work must watch the signal itself
   */
  run<T>(turn: Turn, work: () => Promise<T>): Promise<T>;
  /** What it does at this moment, and what it has refused so far. */
  load(): QueueLoad;
  /** Rejects waiting and new work. Running work finishes. */
  close(): void;
}

export interface QueueLoad {
  readonly running: number;
  readonly waiting: number;
  readonly waitingMax: number;
  readonly refused: number;
}

/** The shares that work counts to: at least one. */
export type Shares = readonly [string, ...string[]];

export interface Turn {
  readonly shares: Shares;
  /** How much of the capacity the work uses; default: 1. */
  readonly weight?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface FairQueueOptions {
  /** Name for the error when the queue is full, such as `password hashing`. */
  readonly name: string;
  /** Maximum number of running works. */
  readonly concurrency: number;
  /** Maximum number of running works of one share. Default: the same as in total. */
  readonly concurrencyPerShare?: number;
  /** Maximum weight of running works; a heavier work runs alone. Default: no limit. */
  readonly capacity?: number;
  /**
   * Maximum number of waiting works. When it is reached, work of a share with fewer replaces the last work of the share
   * with the most.
   */
  readonly waiting: number;
  /** Maximum number of waiting works of one share. Default: the same as in total. */
  readonly waitingPerShare?: number;
}

/** Nothing was done, because too much work is waiting: 503, the client may retry. */
export class QueueFullError extends AppError {
  constructor(name: string) {
    super('temporarily_unavailable', `${name} is unavailable; try again shortly`);
  }
}

interface Waiter {
  /** Increases with each work. */
  readonly number: number;
  readonly shares: Shares;
  readonly weight: number;
  start(): void;
  refuse(): void;
}

export function createFairQueue(options: FairQueueOptions): FairQueue {
  const { name, concurrency, concurrencyPerShare = concurrency, capacity = Number.POSITIVE_INFINITY } = options;
  const { waiting, waitingPerShare = waiting } = options;
  /** Waiting work by its first share, in the order of turns: a share that had its turn moves to the end. */
  const lines = new Map<string, Waiter[]>();
  const waitingCounts = createCounts();
  const runningCounts = createCounts();
  let countWaiting = 0;
  let countRunning = 0;
  let weightRunning = 0;
  let countSubmitted = 0;
  let countRefused = 0;
  let isClosed = false;

  /** The next waiting work, whether or not there is capacity for it. */
  function next(): Waiter | undefined {
    for (const line of lines.values()) {
      const waiter = line.find(hasShareFree);
      if (waiter) return waiter;
    }
    return undefined;
  }

  const hasShareFree = ({ shares }: Waiter) => shares.every((share) => runningCounts.of(share) < concurrencyPerShare);

  const fits = ({ weight }: Waiter) =>
    countRunning < concurrency && (countRunning === 0 || weightRunning + weight <= capacity);

  function begin(waiter: Waiter): void {
    countRunning += 1;
    weightRunning += waiter.weight;
    runningCounts.add(waiter.shares);
    waiter.start();
  }

  function end(waiter: Waiter): void {
    countRunning -= 1;
    weightRunning -= waiter.weight;
    runningCounts.subtract(waiter.shares);
    beginMore();
  }

  function beginMore(): void {
    // Light works do not overtake a heavy one forever: nothing starts before it.
    for (let one = next(); one && fits(one); one = next()) {
      leave(one);
      begin(one);
    }
  }

  function enter(waiter: Waiter): void {
    const line = lines.get(waiter.shares[0]);
    if (line) line.push(waiter);
    else lines.set(waiter.shares[0], [waiter]);
    waitingCounts.add(waiter.shares);
    countWaiting += 1;
  }

  /**
   * Removes it from its line, which moves to the end of the turns.
   * @returns whether it was in the line
   */
  function leave(waiter: Waiter, { keepsTurn = false } = {}): boolean {
    const [share] = waiter.shares;
    const line = lines.get(share);
    const at = line?.indexOf(waiter) ?? -1;
    if (!line || at < 0) return false;
    line.splice(at, 1);
    if (!keepsTurn || line.length === 0) lines.delete(share);
    if (!keepsTurn && line.length > 0) lines.set(share, line);
    waitingCounts.subtract(waiter.shares);
    countWaiting -= 1;
    return true;
  }

  /** True when one more may wait, possibly in place of the last work of a share with more waiting work. */
  function makeSpace({ shares }: Waiter): boolean {
    if (shares.some((share) => waitingCounts.of(share) >= waitingPerShare)) return false;
    if (countWaiting < waiting) return true;
    const last = lastOfLargest();
    if (!last || largestOf(last) <= largestOf({ shares }) + 1) return false;
    leave(last, { keepsTurn: true });
    last.refuse();
    return true;
  }

  /** Number of waiting works of the largest of its shares. */
  const largestOf = ({ shares }: Pick<Waiter, 'shares'>) => Math.max(...shares.map(waitingCounts.of));

  function lastOfLargest(): Waiter | undefined {
    let last: Waiter | undefined;
    for (const waiter of [...lines.values()].flat()) {
      const more = last ? largestOf(waiter) - largestOf(last) : 1;
      if (more > 0 || (more === 0 && waiter.number > (last?.number ?? 0))) last = waiter;
    }
    return last;
  }

  function submit(waiter: Waiter): void {
    if (isClosed) waiter.refuse();
    else if (!next() && hasShareFree(waiter) && fits(waiter)) begin(waiter);
    else if (makeSpace(waiter)) {
      enter(waiter);
      beginMore();
    } else waiter.refuse();
  }

  return {
    run<T>({ shares, weight = 1, signal }: Turn, work: () => Promise<T>): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        const cancel = () => {
          if (!leave(waiter, { keepsTurn: true })) return;
          reject(signal?.reason);
          beginMore();
        };
        const stopListening = () => signal?.removeEventListener('abort', cancel);
        countSubmitted += 1;
        const waiter: Waiter = {
          number: countSubmitted,
          // A share that is listed twice counts once.
          shares: [...new Set(shares)] as [string, ...string[]],
          weight,
          start() {
            stopListening();
            resolve(attempt(work).finally(() => end(waiter)));
          },
          refuse() {
            stopListening();
            countRefused += 1;
            reject(new QueueFullError(name));
          },
        };
        if (signal?.aborted) {
          reject(signal.reason);
          return;
        }
        signal?.addEventListener('abort', cancel, { once: true });
        submit(waiter);
      });
    },

    load: () => ({ running: countRunning, waiting: countWaiting, waitingMax: waiting, refused: countRefused }),

    close() {
      isClosed = true;
      for (const waiter of [...lines.values()].flat()) {
        leave(waiter);
        waiter.refuse();
      }
    },
  };
}

/** An error thrown before the promise is returned also becomes a rejection. */
const attempt = async <T>(work: () => Promise<T>): Promise<T> => work();

/** Counts by share. */
function createCounts() {
  const counts = new Map<string, number>();
  const change = (shares: readonly string[], by: number) => {
    for (const share of shares) {
      const count = (counts.get(share) ?? 0) + by;
      if (count === 0) counts.delete(share);
      else counts.set(share, count);
    }
  };
  return {
    of: (share: string) => counts.get(share) ?? 0,
    add: (shares: readonly string[]) => change(shares, 1),
    subtract: (shares: readonly string[]) => change(shares, -1),
  };
}
