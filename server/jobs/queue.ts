/** Works a queue off. One a node; what is queued is taken by one of them. */
export interface QueueWorker {
  /** Handles all that is due. */
  run(): Promise<void>;
  /** There is something new. */
  wake(): void;
  /** Lets what is under way finish, and takes nothing more. */
  stop(): Promise<void>;
}

/**
 * @param parts `take` leases at most `batch` items; `handle` settles each, and never rejects; `onUnreadable` is told
 *   when nothing could be taken, which is tried again at the next turn
 */
export function createQueueWorker<Item>(parts: {
  readonly batch: number;
  take(limit: number): Promise<readonly Item[]>;
  handle(item: Item): Promise<void>;
  onUnreadable(error: unknown): void;
}): QueueWorker {
  const { batch, take, handle } = parts;
  let running: Promise<void> | undefined;
  let isAskedAgain = false;
  let isStopped = false;

  async function workOff(): Promise<void> {
    do {
      isAskedAgain = false;
      for (let taken = batch; taken === batch && !isStopped; ) {
        const items = await take(batch);
        await Promise.all(items.map(handle));
        taken = items.length;
      }
      // Whoever asked meanwhile may mean something that came too late for the last look.
    } while (isAskedAgain && !isStopped);
  }

  function run(): Promise<void> {
    if (isStopped) return Promise.resolve();
    if (running) isAskedAgain = true;
    running ??= workOff().finally(() => {
      running = undefined;
    });
    return running;
  }

  return {
    run,
    wake: () => void run().catch(parts.onUnreadable),
    async stop() {
      isStopped = true;
      await running?.catch(() => {});
    },
  };
}
