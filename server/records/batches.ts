/** Maximum number of items in a batch. */
const MAX_BATCH = 64;
/** Maximum number of batches that are handled at the same time; further items wait for the next batch. */
const MAX_RUNNING = 2;

/**
 * Handles items in batches: a single one at once, and those that parallel requests add while others are being handled
 * together. No item waits for a batch to fill.
 *
 * @param handle settles the items of a batch; it never rejects
 * @returns a function that adds an item
 */
export function createBatches<T>(handle: (batch: readonly T[]) => Promise<void>): (item: T) => void {
  let waiting: T[] = [];
  let running = 0;
  let isScheduled = false;

  function schedule(): void {
    if (isScheduled || running >= MAX_RUNNING || waiting.length === 0) return;
    isScheduled = true;
    // After the current events, so that items of the same turn of the event loop are in one batch.
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
