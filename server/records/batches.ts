/** Items of parallel requests that are handled together at most. */
const MAX_BATCH = 64;
/** Batches at a time: while these are with the database, the next ones gather. */
const MAX_RUNNING = 2;

/**
 * Hands items on together rather than one by one: a lone one at once, those of parallel requests in as few batches as
 * they come to while others are being handled. No item waits for a batch to fill.
 *
 * @param handle settles what it was given; it never rejects
 * @returns takes an item
 */
export function createBatches<T>(handle: (batch: readonly T[]) => Promise<void>): (item: T) => void {
  let waiting: T[] = [];
  let running = 0;
  let isScheduled = false;

  function schedule(): void {
    if (isScheduled || running >= MAX_RUNNING || waiting.length === 0) return;
    isScheduled = true;
    // After the events at hand: requests that are ready in the same turn leave together.
    setImmediate(() => {
      isScheduled = false;
      const batch = waiting.slice(0, MAX_BATCH);
      waiting = waiting.slice(MAX_BATCH);
      running += 1;
      void handle(batch).finally(() => {
        running -= 1;
        schedule();
      });
      schedule();
    });
  }

  return (item) => {
    waiting.push(item);
    schedule();
  };
}
