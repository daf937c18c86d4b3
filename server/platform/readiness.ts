import { sql } from 'kysely';
import type { Clock } from './clock.ts';
import type { Db } from './db.ts';
import { statement } from './statement.ts';

export const WRITE_CHECK_STATEMENTS = {
  upsert: statement(
    'write_checks.upsert',
    ($: { node: string; expiresAt: Date }) => sql`
      INSERT INTO write_checks (node, filler, expires_at)
      VALUES (${$.node}, decode(repeat(md5(random()::text), 512), 'hex'), ${$.expiresAt})
      ON CONFLICT (node) DO UPDATE SET filler = excluded.filler, expires_at = excluded.expires_at`,
  ),
};

/** Requests within this time get the last result: the endpoint is public. */
const CHECK_EVERY_MS = 2_000;
const ROW_EXPIRES_AFTER_MS = 10 * 60_000;

/**
 * Checks that the database accepts writes: with a full disk, or on a standby, reads still work, but sign-ins fail.
 * @returns the check, which rejects (AppError 503) when it does not
 */
export function createReadiness(parts: { db: Db; node: string; now: Clock }): () => Promise<void> {
  const { db, node, now } = parts;
  let last: { at: number; result: Promise<void> } | undefined;
  return () => {
    if (!last || now() - last.at >= CHECK_EVERY_MS || now() < last.at) {
      const bound = WRITE_CHECK_STATEMENTS.upsert.bind({ node, expiresAt: new Date(now() + ROW_EXPIRES_AFTER_MS) });
      const result = db.query(bound).then(() => {});
      result.catch(() => {}); // callers get the rejection from `result`
      last = { at: now(), result };
    }
    return last.result;
  };
}
