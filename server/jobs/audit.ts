import { holdingRetention } from '../audit/destination_lag.ts';
import type { Audit } from '../audit/entries.ts';
import { addAuditMonths, removeOldAudit } from '../audit/retention.ts';
import { createSealing, oldestWaiting } from '../audit/seal.ts';
import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import type { Logger } from '../platform/log.ts';
import { createRecently } from '../platform/recently.ts';

/** Entries get their place within seconds. */
const WAITS_MS = 60_000;
const TOLD_EVERY_MS = 60_000;
const HELD_TOLD_EVERY_MS = 86_400_000;

interface AuditJobParts {
  readonly db: Db;
  readonly audit: Audit;
  readonly issuer: string;
  readonly now: Clock;
  readonly log: Logger;
  readonly headSeconds: number;
  /** Whole months that are kept; 0 keeps all. */
  readonly retentionMonths: number;
}

/** Gives the events that have come their place in the log. One node at a time does so. */
export function createAuditSealing({ log, headSeconds, ...parts }: AuditJobParts) {
  const sealing = createSealing({ ...parts, keys: parts.audit.keys, headEveryMs: 1_000 * headSeconds });
  let stopped = false;
  const wasTold = createRecently({ everyMs: TOLD_EVERY_MS, now: parts.now });

  /** A lock that somebody holds, or a fault of the log, must not keep entries without a place unnoticed. */
  async function warnOfWaiting(): Promise<void> {
    const oldest = await oldestWaiting(parts.db);
    if (oldest === undefined || parts.now() - oldest < WAITS_MS || wasTold('waiting')) return;
    const seconds = Math.round((parts.now() - oldest) / 1_000);
    log.error(
      { seconds },
      'entries of the audit wait too long for their place in the log: until then one can be removed unseen',
    );
  }

  return {
    async run(): Promise<void> {
      for (let more = true; more && !stopped; ) {
        const sealed = await sealing.run();
        more = sealed?.more ?? false;
        if (sealed && sealed.refused.length > 0) {
          const events = sealed.refused.slice(0, 10);
          log.error(
            { events, count: sealed.refused.length },
            'entries of the audit were not written by Cardea: they are not sealed',
          );
        }
      }
      await warnOfWaiting();
    },
    async stop(): Promise<void> {
      stopped = true;
    },
  };
}

/** Prepares the months to come, and removes those that are older than the retention. */
export function createAuditKeeping({ db, audit, issuer, now, log, retentionMonths: months }: AuditJobParts) {
  const wasTold = createRecently({ everyMs: HELD_TOLD_EVERY_MS, now });

  /** A receiver that never answers must not keep old months for years unnoticed. */
  async function warnOfHolding(): Promise<void> {
    for (const { id, since } of await holdingRetention(db, { now: now(), months })) {
      if (wasTold(id)) continue;
      log.warn(
        { destination: id, since },
        'the retention of the audit waits for a destination: repair it, disable it, or move it on by `cardea audit destinations replay --from`',
      );
    }
  }

  return {
    async run(): Promise<void> {
      await audit.prepare();
      await addAuditMonths(db, now);
      if (months === 0) return;
      const removed = await removeOldAudit({ db, audit, issuer, now, months });
      if (removed)
        log.info(
          { before: removed.before, parts: removed.parts },
          'entries of the audit older than the retention were removed',
        );
      await warnOfHolding();
    },
  };
}
