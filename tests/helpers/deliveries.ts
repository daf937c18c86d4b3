import assert from 'node:assert/strict';
import type { Db } from '../../server/platform/db.ts';
import type { Ssrf } from './ssrf_cases.ts';
import { until } from './waiting.ts';

/** Something that a relying party could not be told yet. */
export interface Undelivered {
  readonly client_id: string;
  readonly attempts: number;
  /** Seconds until it is tried again. */
  readonly pause: number;
}

/**
 * Waits until so many deliveries are queued, and each has been tried in vain: a lease is a minute, the first pause ten
 * seconds at most, so what has the latter has been tried.
 */
export function triedInVain(db: Db, count: number): Promise<Undelivered[]> {
  const text = `SELECT client_id, attempts, extract(epoch FROM next_attempt_at)::float8 - $1::float8 AS pause FROM deliveries`;
  return until(
    'everything to be tried',
    async () => {
      const rows = await db.run<Undelivered>({ name: 'undelivered', text }, [Date.now() / 1_000]);
      return rows.length === count && rows.every(({ attempts, pause }) => attempts > 0 && pause < 30) && rows;
    },
    { withinMs: 30_000 },
  );
}

/** Of those relying parties none was told, and nothing was called that may not be. @param clientIds whom it was for */
export function assertUntold(hostile: Ssrf, tried: readonly Undelivered[], clientIds: readonly string[]): void {
  const rows = tried.filter(({ client_id: id }) => clientIds.includes(id));
  assert.equal(rows.length, clientIds.length, 'it is not taken for told');
  assert.equal(hostile.connections(), 0);
}

/** An answer without an end is cut off, and the log tells of so many relying parties, and of nothing else. */
export function assertQuiet(hostile: Ssrf, logLines: readonly string[], count: number): void {
  const taken = hostile.bytesOfEndless();
  assert.ok(taken > 0 && taken < 16_000_000, `${taken} bytes`);
  const lines = logLines.filter((line) => line.includes('could not be told'));
  assert.ok(lines.length >= count);
  for (const line of lines) assert.doesNotMatch(line, /https?:\/\/|ECONN|127\.0|169\.254/);
}
