import assert from 'node:assert/strict';
import type { Db } from '../../server/platform/db.ts';
import type { Ssrf } from './ssrf_cases.ts';
import { until } from './waiting.ts';

/** A delivery that has failed and will be retried. */
export interface FailedDelivery {
  readonly client_id: string;
  readonly attempts: number;
  /** Seconds until the next attempt. */
  readonly pause: number;
}

/**
 * Waits until the given number of deliveries is queued and each has failed once. A delivery in progress is leased for a
 * minute; a failed one is due again within ten seconds.
 */
export function allFailedOnce(db: Db, count: number): Promise<FailedDelivery[]> {
  const text = `SELECT client_id, attempts, extract(epoch FROM next_attempt_at)::float8 - $1::float8 AS pause FROM deliveries`;
  return until(
    'everything to be tried',
    async () => {
      const rows = await db.run<FailedDelivery>({ name: 'undelivered', text }, [Date.now() / 1_000]);
      return rows.length === count && rows.every(({ attempts, pause }) => attempts > 0 && pause < 30) && rows;
    },
    { withinMs: 30_000 },
  );
}

/** Asserts that the deliveries to these clients are still queued, and that no forbidden address was connected to. */
export function assertStillQueued(hostile: Ssrf, tried: readonly FailedDelivery[], clientIds: readonly string[]): void {
  const rows = tried.filter(({ client_id: id }) => clientIds.includes(id));
  assert.equal(rows.length, clientIds.length, 'the failed delivery does not count as delivered');
  assert.equal(hostile.connections(), 0);
}

/**
 * Asserts that an endless response was cut off, and that the log has a line for each delivery, without addresses or
 * error details.
 */
export function assertLoggedSafely(hostile: Ssrf, logLines: readonly string[], count: number): void {
  const taken = hostile.bytesOfEndless();
  assert.ok(taken > 0 && taken < 16_000_000, `${taken} bytes`);
  const lines = logLines.filter((line) => line.includes('could not be told'));
  assert.ok(lines.length >= count);
  for (const line of lines) assert.doesNotMatch(line, /https?:\/\/|ECONN|127\.0|169\.254/);
}
