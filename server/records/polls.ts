import { type Selectable, sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { Polls as PollsTable } from '../platform/database.ts';
import type { Db } from '../platform/db.ts';
import { hashToken } from '../platform/sealing.ts';
import { statement } from '../platform/statement.ts';

/** How often a client polls for a code that is not decided about yet, over all nodes. */
export interface Polls {
  /**
   * Notes that the client has polled. A client that polls too soon has to wait five seconds longer from then on.
   * @returns whether it was too soon (RFC 8628 §3.5 `slow_down`)
   */
  isTooSoon(code: string): Promise<boolean>;
}

/** RFC 8628 §3.2: the default interval. */
const INTERVAL_SECONDS = 5;
/** RFC 8628 §3.5 */
const SLOWER_BY_SECONDS = 5;
/** The clocks of nodes differ a little: a client that keeps to its interval must not be refused. */
const GRACE_SECONDS = 1;

const isTooSoon = sql`p.polled_at + make_interval(secs => p.interval_seconds - ${GRACE_SECONDS}) > excluded.polled_at`;

export const POLL_STATEMENTS = {
  note: statement(
    'polls.note',
    // Nothing is noted for a code that is not stored (any more).
    ($: { idHash: Buffer; now: Date }) => sql<Pick<Selectable<PollsTable>, 'too_soon'>>`
      INSERT INTO polls AS p (id_hash, polled_at, interval_seconds, too_soon, expires_at)
      SELECT id_hash, ${$.now}, ${INTERVAL_SECONDS}, false, expires_at FROM records WHERE id_hash = ${$.idHash}
      ON CONFLICT (id_hash) DO UPDATE
         SET polled_at = excluded.polled_at, too_soon = ${isTooSoon},
             interval_seconds = p.interval_seconds + CASE WHEN ${isTooSoon} THEN ${SLOWER_BY_SECONDS} ELSE 0 END
      RETURNING too_soon`,
  ),
};

export function createPolls({ db, now }: { db: Db; now: Clock }): Polls {
  return {
    async isTooSoon(code) {
      const bound = POLL_STATEMENTS.note.bind({ idHash: hashToken(code), now: new Date(now()) });
      const [row] = await db.query(bound);
      return row?.too_soon ?? false;
    },
  };
}
