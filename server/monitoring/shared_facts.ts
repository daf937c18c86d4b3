import type { ListedKey } from '../../keys/rotate.ts';
import { MAIL_STATEMENTS } from '../accounts/mails.ts';
import { DESTINATION_LAG_STATEMENTS, type NamedLagRow } from '../audit/destination_lag.ts';
import { LOG_STATEMENTS, type LogState } from '../audit/log_store.ts';
import { BACKUP_STATEMENTS, type LastRow, lastOf } from '../backup/runs.ts';
import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { timeOfUuidv7 } from '../platform/ids.ts';
import type { BacklogRow } from '../platform/queue.ts';
import { DELIVERY_STATEMENTS } from '../records/deliveries.ts';
import type { DestinationFacts, KeyFacts, Reading, SharedFacts } from './facts.ts';

export interface SharedFactsParts {
  readonly db: Pick<Db, 'transact'>;
  readonly keyRing: { list(): Promise<readonly ListedKey[]> };
  /** @throws when the database does not accept writes */
  isReady(): Promise<unknown>;
  readonly redis: { isConnected(): Promise<boolean> } | undefined;
  readonly now: Clock;
  /** Monotonic milliseconds. */
  readonly uptime: Clock;
  /** Milliseconds for which a reading is used again, however often it is asked for. */
  readonly everyMs?: number;
  /** Milliseconds for a reading. */
  readonly timeoutMs?: number;
}

const EVERY_MS = 10_000;
const TIMEOUT_MS = 2_000;
/** Each is a label of metrics. */
const DESTINATIONS_MAX = 50;

/**
 * Reads what all nodes share: at most once in `everyMs`, by one connection, and for a limited time, so that neither many
 * readers nor a database that hangs cost more than one read.
 * @returns a function that never rejects
 */
export function createSharedFacts(parts: SharedFactsParts): () => Promise<Reading> {
  const { now, uptime, everyMs = EVERY_MS, timeoutMs = TIMEOUT_MS } = parts;
  let last: { readonly at: number; readonly reading: Promise<Reading> } | undefined;

  async function read(): Promise<Reading> {
    const startedAt = uptime();
    const [shared, ready, redis] = await Promise.all([
      within(timeoutMs, readShared(parts)),
      within(
        timeoutMs,
        parts.isReady().then(() => true),
      ),
      parts.redis?.isConnected(),
    ]);
    return { at: now(), seconds: (uptime() - startedAt) / 1_000, shared, ready: ready === true, redis };
  }

  return () => {
    if (!last || uptime() - last.at >= everyMs) last = { at: uptime(), reading: read() };
    return last.reading;
  };
}

/** @returns undefined when it fails, and when it takes too long */
function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined);
  });
  // The outage itself is logged once elsewhere (platform/outages.ts).
  return Promise.race([work.catch(() => undefined), late]).finally(() => clearTimeout(timer));
}

async function readShared({ db, keyRing }: SharedFactsParts): Promise<SharedFacts> {
  const keys = await keyRing.list();
  const [[mails], [deliveries], [audit], destinations, backups] = await db.transact<
    [BacklogRow, BacklogRow, LogState, NamedLagRow, LastRow]
  >([
    MAIL_STATEMENTS.backlog.bind(),
    DELIVERY_STATEMENTS.backlog.bind(),
    LOG_STATEMENTS.state.bind(),
    DESTINATION_LAG_STATEMENTS.all.bind({ limit: DESTINATIONS_MAX }),
    BACKUP_STATEMENTS.last.bind(),
  ]);
  if (!mails || !deliveries || !audit) throw new Error('a count returned no row');
  return {
    keys: keys.flatMap(keyFacts),
    mails,
    deliveries,
    audit,
    destinations: destinations.map(destinationFacts),
    backups: lastOf(backups),
  };
}

function keyFacts({ ring, state, createdAt, activatedAt, retiringAt }: ListedKey): KeyFacts[] {
  if (state === 'retired') return [];
  const since = { pending: createdAt, active: activatedAt, retiring: retiringAt }[state];
  return [{ ring, state, since: since ?? createdAt }];
}

function destinationFacts({ name, enabled, next, dead_letters: deadLetters }: NamedLagRow): DestinationFacts {
  return { name, enabled, since: next === null ? undefined : timeOfUuidv7(next).getTime(), deadLetters };
}
