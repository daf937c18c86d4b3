import type { Clock } from '../platform/clock.ts';
import { isDatabaseAway } from '../platform/db.ts';
import type { Logger } from '../platform/log.ts';
import type { Deliveries, Delivery } from '../records/deliveries.ts';
import { createQueueWorker, type QueueWorker } from './queue.ts';

/**
 * Delivers one: `done` also when there is nobody to tell any more, `refused` when it would be refused for ever.
 * @throws when it may work later
 */
export type Deliver = (delivery: Delivery) => Promise<'done' | 'refused'>;

export interface DeliveryWorkerParts {
  readonly deliveries: Deliveries;
  /** By kind. Others are left for nodes that know them. */
  readonly deliver: Readonly<Record<string, Deliver>>;
  readonly now: Clock;
  readonly log: Logger;
  /** From 0 to 1. */
  readonly random?: () => number;
}

const BATCH = 16;
/** In hand together. A relying party that does not answer is in hand until its time is up. */
const MOST = 256;
/** From so many in hand on, the rest of a relying party, or of what is told of one person, waits; that of others does not. */
const MOST_OF_CLIENT = 8;
const MOST_OF_ACCOUNT = 64;
/** Longer than an attempt can take: only then may another node try as well. */
const LEASE_MS = 60_000;
const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 3_600_000;

/**
 * Milliseconds until the next attempt, which double; half of them are by chance, so that what failed together is not
 * tried together.
 * @param attempts that have failed so far
 * @param chance from 0 to 1
 */
export function pauseAfter(attempts: number, chance: number): number {
  const whole = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempts - 1));
  return whole * (0.5 + chance / 2);
}

/** Delivers what is queued for relying parties. */
export function createDeliveryWorker(parts: DeliveryWorkerParts): QueueWorker {
  const { deliveries, deliver, now, log, random = Math.random } = parts;
  const kinds = Object.keys(deliver);

  /** Whom it was for is logged, and nothing else: neither the person, nor what a relying party answered. */
  async function handle(delivery: Delivery): Promise<void> {
    const { id, kind, clientId, attempts } = delivery;
    const about = { kind, clientId, attempts };
    const outcome = await attempt(delivery);
    if (outcome === 'failed') {
      const dueAt = new Date(now() + pauseAfter(attempts, random()));
      if (dueAt < delivery.expiresAt) {
        log.info(about, 'a relying party could not be told; it is tried again');
        // If this fails, the lease ends some time.
        return deliveries.postpone(delivery, dueAt).catch(() => {});
      }
      log.warn(about, 'a relying party could not be told; it is given up');
    } else if (outcome === 'refused') {
      log.warn(about, 'a relying party refused what it was told');
    } else log.debug(about, 'a relying party was told');
    await deliveries.remove(id).catch((error) => log.warn({ ...about, error }, 'a delivery stays queued'));
  }

  async function attempt(delivery: Delivery): Promise<'done' | 'refused' | 'failed'> {
    try {
      return (await deliver[delivery.kind]?.(delivery)) ?? 'failed';
    } catch {
      return 'failed';
    }
  }

  return createQueueWorker({
    batch: BATCH,
    most: MOST,
    async take(limit, inHand) {
      const except = busyIn(inHand);
      return {
        items: await deliveries.claimDue({ kinds, limit, leaseMs: LEASE_MS, except }),
        isFreed: () => isLess(busyIn(inHand), except),
      };
    },
    handle,
    onUnreadable: (error) =>
      log[isDatabaseAway(error) ? 'debug' : 'warn']({ error }, 'the deliveries could not be read; tried again'),
  });
}

interface Busy {
  readonly clientIds: readonly string[];
  readonly accountIds: readonly string[];
}

/** Of whom enough is in hand. */
function busyIn(inHand: ReadonlySet<Delivery>): Busy {
  const all = [...inHand];
  return {
    clientIds: thoseWith(
      MOST_OF_CLIENT,
      all.map(({ clientId }) => clientId),
    ),
    accountIds: thoseWith(
      MOST_OF_ACCOUNT,
      all.flatMap(({ accountId }) => accountId ?? []),
    ),
  };
}

function thoseWith(count: number, names: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].filter(([, times]) => times >= count).map(([name]) => name);
}

function isLess(now: Busy, before: Busy): boolean {
  return (
    before.clientIds.some((id) => !now.clientIds.includes(id)) ||
    before.accountIds.some((id) => !now.accountIds.includes(id))
  );
}
