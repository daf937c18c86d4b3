import { sql } from 'kysely';
import { AppError } from '../platform/errors.ts';
import { statement } from '../platform/statement.ts';
import type { LogReader } from './log_store.ts';

export const HEAD_SIZE_STATEMENTS = {
  near: statement(
    'audit_head_sizes.near',
    ($: { size: number }) => sql<{ below: string | null; above: string | null }>`
      SELECT (SELECT max(tree_size) FROM audit_heads WHERE tree_size <= ${$.size}::bigint) AS below,
             (SELECT min(tree_size) FROM audit_heads WHERE tree_size >= ${$.size}::bigint) AS above`,
  ),
};

/**
 * @param size of a log
 * @param field where the size was given
 * @throws AppError 404 when no head has been signed for a log of this size, with the sizes near it that have one
 */
export async function assertHead(db: LogReader, field: string, size: number): Promise<void> {
  const [row] = await db.query(HEAD_SIZE_STATEMENTS.near.bind({ size }));
  const [below, above] = [Number(row?.below ?? 0), Number(row?.above ?? 0)];
  if (below === size) return;
  const near = [below, above].filter((one) => one > 0);
  const others =
    near.length === 0
      ? 'none has been signed yet'
      : `there ${near.length > 1 ? 'are' : 'is one'} for ${near.join(' and ')}`;
  throw new AppError('not_found', `${field}: there is no signed head for ${size} entries; ${others}`, { field });
}
