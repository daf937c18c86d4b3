import type { Audit, AuditEntry } from '../audit/entries.ts';
import type { Clock } from '../platform/clock.ts';
import { isDatabaseAway } from '../platform/db_errors.ts';
import type { Logger } from '../platform/log.ts';
import type { Tracing } from '../platform/tracing.ts';
import { type Deliveries, type Delivery, LOGOUT } from '../records/deliveries.ts';
import {
  createQueueWorker,
  doublingPause,
  type FinalOutcome,
  type OutcomeLog,
  type QueueWorker,
} from './queue_worker.ts';

/**
 * Sends one delivery. `needless` when the client no longer wants it, `refused` when the client would always refuse it.
 * @throws when a later attempt may succeed
 */
export type Deliver = (delivery: Delivery) => Promise<'done' | 'needless' | 'refused'>;

export interface DeliveryWorkerParts {
  readonly deliveries: Pick<Deliveries, 'claimDue' | 'remove' | 'postpone'>;
  /** By kind. Other kinds are left for nodes that know them. */
  readonly deliver: Readonly<Record<string, Deliver>>;
  readonly audit: Pick<Audit, 'line'>;
  readonly tracing?: Pick<Tracing, 'runs'> | undefined;
  readonly now: Clock;
  readonly log: Logger;
  /** From 0 to 1. */
  readonly random?: () => number;
}

const BATCH = 16;
/** In progress at the same time. A client that does not answer takes a place until the timeout of the request. */
const MOST = 256;
/** From so many in progress on, further ones of that client or account wait, so that it does not take all places. */
const MOST_OF_CLIENT = 8;
const MOST_OF_ACCOUNT = 64;
/** Longer than an attempt can take: only then may another node try. */
const LEASE_MS = 60_000;
const FIRST_PAUSE_MS = 10_000;

/**
 * Half of each pause is random, so that deliveries that failed at the same time are not tried again at the same time.
 * @param random from 0 to 1
 */
export function pauseAfter(attempts: number, random: number): number {
  return doublingPause(FIRST_PAUSE_MS, attempts) * (0.5 + random / 2);
}

const OUTCOME_LOG: OutcomeLog = {
  done: ['debug', 'a relying party was told'],
  needless: ['debug', 'a relying party no longer wants to be told'],
  refused: ['warn', 'a relying party refused what it was told'],
  failed: ['info', 'a relying party could not be told; it is tried again'],
  expired: ['warn', 'a relying party could not be told; it is given up'],
};

/** The entry of the end of a logout; the app's own response is not in it. */
const AUDITED: Readonly<Record<FinalOutcome, Pick<AuditEntry, 'outcome' | 'reason'>>> = {
  done: { outcome: 'done' },
  needless: { outcome: 'refused', reason: 'not_asked_for' },
  refused: { outcome: 'refused', reason: 'refused_by_app' },
  expired: { outcome: 'refused', reason: 'given_up' },
};

function entryOf({ id, clientId, accountId, attempts }: Delivery, outcome: FinalOutcome): AuditEntry {
  return {
    actor: { kind: 'system', id: 'deliveries' },
    action: 'logouts.send',
    target: { kind: 'client', id: clientId },
    ...AUDITED[outcome],
    changes: { user: { after: accountId }, attempts: { after: attempts } },
    requestId: id,
  };
}

/** Sends queued deliveries to clients. */
export function createDeliveryWorker(parts: DeliveryWorkerParts): QueueWorker {
  const { deliveries, deliver, audit, tracing, now, log, random = Math.random } = parts;
  const kinds = Object.keys(deliver);
  return createQueueWorker<Delivery>({
    queue: {
      postpone: deliveries.postpone,
      // Tokens that are pushed are in the audit when they are issued.
      remove: (delivery, outcome) =>
        deliveries.remove(delivery.id, delivery.kind === LOGOUT ? [audit.line(entryOf(delivery, outcome))] : []),
    },
    claim: (limit, busyShares) => deliveries.claimDue({ kinds, limit, leaseMs: LEASE_MS, busyShares }),
    batch: BATCH,
    most: MOST,
    sharesOf: ({ clientId, accountId }) => ({
      [`client:${clientId}`]: MOST_OF_CLIENT,
      ...(accountId === undefined ? {} : { [`account:${accountId}`]: MOST_OF_ACCOUNT }),
    }),
    pauseAfter: (attempts) => pauseAfter(attempts, random()),
    // Neither the account nor the client's response is logged.
    logFields: ({ kind, clientId, attempts }) => ({ kind, clientId, attempts }),
    outcomeLog: OUTCOME_LOG,
    // Not the client: its id may be a URL.
    spanOf: ({ kind, attempts }) => ({ name: `delivery ${kind}`, attributes: { 'cardea.attempts': attempts } }),
    tracing,
    now,
    log,

    async handle(delivery) {
      try {
        return { outcome: (await deliver[delivery.kind]?.(delivery)) ?? 'failed' };
      } catch (error) {
        // Another error is not logged: it may hold the URL or the client's response.
        return { outcome: 'failed', ...(isDatabaseAway(error) ? { error } : {}) };
      }
    },
  });
}
