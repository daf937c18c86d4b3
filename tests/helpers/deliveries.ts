import type { Db } from '../../server/platform/db.ts';
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
