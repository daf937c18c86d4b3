/** Works a queue off. One a node; what is queued is taken by one of them. */
export interface QueueWorker {
  /** Handles all that is due. */
  run(): Promise<void>;
  /** There is something new. */
  wake(): void;
  /** Lets what is under way finish, and takes nothing more. */
  stop(): Promise<void>;
}

export interface Taken<Item> {
  readonly items: readonly Item[];
  /** Whether what was left because of what was in hand can be taken now. Default: nothing was left. */
  isFreed?(): boolean;
}

const NOTHING_LEFT = () => false;

/**
 * At most `most` are in hand at the same time, and another is taken as soon as one is done: nobody waits for the slowest
 * of those that were taken together.
 * @param parts `take` leases at most `limit` items, and sees what is in hand; `handle` settles each, and never rejects;
 *   `onUnreadable` is told when nothing could be taken, which is tried again at the next turn
 */
export function createQueueWorker<Item>(parts: {
  /** Items that are taken together. */
  readonly batch: number;
  /** Default: a batch. */
  readonly most?: number;
  take(limit: number, inHand: ReadonlySet<Item>): Promise<Taken<Item>>;
  handle(item: Item): Promise<void>;
  onUnreadable(error: unknown): void;
}): QueueWorker {
  const { batch, most = batch, take, handle } = parts;
  const inHand = new Set<Item>();
  let running: Promise<void> | undefined;
  let isAskedAgain = false;
  let isStopped = false;
  let tellOfChange = () => {};

  async function workOff(): Promise<void> {
    try {
      for (let isDone = false; !isDone; ) {
        const isFreed = await takeAll();
        while (inHand.size > 0 && !isAskedAgain && !isFreed()) await change();
        isDone = inHand.size === 0 && !isAskedAgain && !isFreed();
      }
    } finally {
      while (inHand.size > 0) await change();
    }
  }

  /** Takes what there is room for. @returns whether there is room for more */
  async function takeAll(): Promise<() => boolean> {
    while (!isStopped) {
      isAskedAgain = false;
      const limit = Math.min(batch, most - inHand.size);
      if (limit === 0) return () => inHand.size < most;
      const { items, isFreed = NOTHING_LEFT } = await take(limit, inHand);
      for (const item of items) begin(item);
      // Whoever asked meanwhile may mean something that came too late for this look.
      if (items.length < limit && !isAskedAgain) return isFreed;
    }
    isAskedAgain = false;
    return NOTHING_LEFT;
  }

  function begin(item: Item): void {
    inHand.add(item);
    void handle(item).finally(() => {
      inHand.delete(item);
      tellOfChange();
    });
  }

  /** Something is done, or somebody has asked. */
  function change(): Promise<void> {
    return new Promise((told) => {
      tellOfChange = told;
    });
  }

  function run(): Promise<void> {
    if (isStopped) return Promise.resolve();
    if (running) isAskedAgain = true;
    tellOfChange();
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
