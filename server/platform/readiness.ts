import type { Clock } from './clock.ts';
import type { Db } from './db.ts';

export const WRITE_CHECK_STATEMENTS = {
  upsert: {
    name: 'write_checks.upsert',
    text: `INSERT INTO write_checks (node, filler, expires_at)
         VALUES ($1, decode(repeat(md5(random()::text), 512), 'hex'), $2)
         ON CONFLICT (node) DO UPDATE SET filler = excluded.filler, expires_at = excluded.expires_at`,
  },
};

/** Requests within this time get the last result: the endpoint is public. */
const CHECK_EVERY_MS = 2_000;
const KEPT_MS = 10 * 60_000;

/**
 * Whether the database accepts writes: with a full disk, or on a standby, reads still work, but sign-ins fail.
 * @returns a check that rejects (AppError 503) when it does not
 */
export function createReadiness(parts: { db: Db; node: string; now: Clock }): () => Promise<void> {
  const { db, node, now } = parts;
  let last: { at: number; result: Promise<void> } | undefined;
  return () => {
    if (!last || now() - last.at >= CHECK_EVERY_MS || now() < last.at) {
      const result = db.run(WRITE_CHECK_STATEMENTS.upsert, [node, new Date(now() + KEPT_MS)]).then(() => {});
      result.catch(() => {}); // callers get the rejection from `result`
      last = { at: now(), result };
    }
    return last.result;
  };
}
