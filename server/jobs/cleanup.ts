import type { Clock } from '../platform/clock.ts';
import type { Db, Statement } from '../platform/db.ts';

/** Rows deleted a statement: few enough that no lock is held for long. */
const BATCH = 1_000;

/** Everything that expires, with its key. Whatever is stored for a while only is in this table. */
const EXPIRING = [
  ['records', 'id_hash'],
  ['replays', 'id_hash'],
  ['user_codes', 'lookup'],
  ['waiting_requests', 'id'],
  ['polls', 'id_hash'],
  ['repeated_answers', 'id_hash'],
  ['ended_tokens', 'what'],
  ['status_list_places', 'jti'],
  ['sessions', 'uid'],
  ['grants', 'id'],
  ['attempts', 'bucket'],
  ['devices', 'id_hash'],
  ['links', 'token_hash'],
  ['mails', 'id'],
  ['deliveries', 'id'],
  ['security_events', 'id'],
  ['registration_tokens', 'id'],
  ['write_checks', 'node'],
] as const;

export const DELETE: readonly Statement[] = EXPIRING.map(([table, key]) => ({
  name: `cleanup_${table}`,
  // SKIP LOCKED: nodes that clean up at once share the work instead of waiting for one another
  text: `DELETE FROM ${table} WHERE ${key} IN (
           SELECT ${key} FROM ${table} WHERE expires_at < $1 ORDER BY expires_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED
         ) RETURNING 1 AS gone`,
}));

/**
 * Removes what has expired, in small batches, until nothing is left.
 * @returns how many rows went
 */
export async function cleanUp({ db, now }: { db: Db; now: Clock }): Promise<number> {
  let total = 0;
  for (const statement of DELETE) {
    for (let gone = BATCH; gone === BATCH; total += gone) {
      gone = (await db.run(statement, [new Date(now())])).length;
    }
  }
  return total;
}

export const OLDEST: Statement = {
  name: 'cleanup_oldest',
  text: `SELECT min(oldest) AS oldest FROM (${EXPIRING.map(([table]) => `(SELECT min(expires_at) AS oldest FROM ${table})`).join(' UNION ALL ')}) AS all_of_them`,
};

/** Seconds by which the oldest expired row outlived its time: the lag of cleaning up, 0 when it keeps up. */
export async function cleanUpLag({ db, now }: { db: Db; now: Clock }): Promise<number> {
  const [row] = await db.run<{ oldest: Date | null }>(OLDEST, []);
  return row?.oldest ? Math.max(0, (now() - row.oldest.getTime()) / 1000) : 0;
}
