import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import { hashToken } from '../platform/sealing.ts';

/** How often a client asks what became of a code that nobody has decided about yet, over all nodes. */
export interface Polls {
  /**
   * Notes that the client has asked. Whoever asks too soon has to wait longer from then on, by five seconds each time.
   * @returns whether it was too soon (RFC 8628 §3.5 `slow_down`)
   */
  isTooSoon(code: string): Promise<boolean>;
}

/** RFC 8628 §3.2: what a client waits that is told nothing else. */
const INTERVAL_SECONDS = 5;
/** RFC 8628 §3.5 */
const SLOWER_BY_SECONDS = 5;
/** Nodes' clocks differ a little, and a client that keeps to its interval must not be told that it does not. */
const GRACE_SECONDS = 1;

const IS_TOO_SOON = `p.polled_at + make_interval(secs => p.interval_seconds - ${GRACE_SECONDS}) > excluded.polled_at`;

export const POLL_STATEMENTS = {
  note: {
    name: 'polls.note',
    // Of a code that is not stored (any more) nothing is noted.
    text: `INSERT INTO polls AS p (id_hash, polled_at, interval_seconds, too_soon, expires_at)
         SELECT id_hash, $2, ${INTERVAL_SECONDS}, false, expires_at FROM records WHERE id_hash = $1
         ON CONFLICT (id_hash) DO UPDATE
            SET polled_at = excluded.polled_at, too_soon = ${IS_TOO_SOON},
                interval_seconds = p.interval_seconds + CASE WHEN ${IS_TOO_SOON} THEN ${SLOWER_BY_SECONDS} ELSE 0 END
         RETURNING too_soon`,
  },
};

export function createPolls({ db, now }: { db: Db; now: Clock }): Polls {
  return {
    async isTooSoon(code) {
      const [row] = await db.run<{ too_soon: boolean }>(POLL_STATEMENTS.note, [hashToken(code), new Date(now())]);
      return row?.too_soon ?? false;
    },
  };
}
