import { type RawBuilder, sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { statement } from '../platform/statement.ts';
import { ADMINISTRATOR } from './administrators.ts';

/** The stages of an account without sign-ins, in this order. */
export type InactiveStage = 'warned' | 'disabled' | 'leaving';

/** Seconds without a sign-in until each; 0: never. */
export interface InactivityPolicy {
  readonly warnSeconds: number;
  readonly disableSeconds: number;
  readonly eraseSeconds: number;
}

/** A stage of the policy: accounts reach it from the stage before, once that lasts for so long. */
export interface InactivityStep {
  readonly stage: InactiveStage;
  readonly from: InactiveStage | null;
  /** Without a sign-in, in all. */
  readonly seconds: number;
  /** In the stage before. */
  readonly waits: number;
}

/**
 * The stages of a policy. Each waits for the one before, so that a policy that begins today warns everybody, and takes nothing away
 * before the time that the warning has named.
 */
export function inactivitySteps({ warnSeconds, disableSeconds, eraseSeconds }: InactivityPolicy): InactivityStep[] {
  const all = [
    { stage: 'warned', seconds: warnSeconds },
    { stage: 'disabled', seconds: disableSeconds },
    { stage: 'leaving', seconds: eraseSeconds },
  ] as const;
  const used = all.filter(({ seconds }) => seconds > 0);
  return used.map((step, i) => {
    const before = used[i - 1];
    return { ...step, from: before?.stage ?? null, waits: step.seconds - (before?.seconds ?? 0) };
  });
}

export interface Inactivity {
  /** Accounts that reach a stage now, those that wait longest first. Administrators and restricted accounts do not. */
  next(step: InactivityStep, limit: number): Promise<string[]>;
  count(step: InactivityStep): Promise<number>;
  /** Fails by `require_as_read` when the account does not reach the stage any more; locks its row. */
  requireInactive(id: string, step: InactivityStep): BoundStatement;
  /** `disabled` disables the account; `leaving` takes that back, since an account that is to be erased cannot be used either. */
  reaching(id: string, stage: InactiveStage): BoundStatement;
}

interface Reached {
  readonly activeUntil: Date;
  readonly stageUntil: Date;
  readonly from: string;
}

const NEXT = sql`restricted_at IS NULL AND deletion_due_at IS NULL AND NOT ${sql.lit(ADMINISTRATOR)} = ANY (roles)`;

/** Two forms, each with an index: of accounts that have no stage yet, and of those that have one. */
const first = ($: Pick<Reached, 'activeUntil'>): RawBuilder<unknown> =>
  sql`inactive_stage IS NULL AND disabled_at IS NULL AND active_at <= ${$.activeUntil} AND ${NEXT}`;
const later = ($: Reached): RawBuilder<unknown> =>
  sql`inactive_stage = ${$.from} AND inactive_stage_at <= ${$.stageUntil} AND active_at <= ${$.activeUntil} AND ${NEXT}`;

type Id = { readonly id: string };

export const INACTIVITY_STATEMENTS = {
  first: statement(
    'inactivity.first',
    ($: Pick<Reached, 'activeUntil'> & { limit: number }) =>
      sql<Id>`SELECT id FROM accounts WHERE ${first($)} ORDER BY active_at, id LIMIT ${$.limit}`,
  ),
  later: statement(
    'inactivity.later',
    ($: Reached & { limit: number }) =>
      sql<Id>`SELECT id FROM accounts WHERE ${later($)} ORDER BY inactive_stage_at, id LIMIT ${$.limit}`,
  ),
  countFirst: statement(
    'inactivity.count_first',
    ($: Pick<Reached, 'activeUntil'>) =>
      sql<{ count: number }>`SELECT count(*)::int AS count FROM accounts WHERE ${first($)}`,
  ),
  countLater: statement(
    'inactivity.count_later',
    ($: Reached) => sql<{ count: number }>`SELECT count(*)::int AS count FROM accounts WHERE ${later($)}`,
  ),
  requireFirst: statement(
    'inactivity.require_first',
    ($: Pick<Reached, 'activeUntil'> & Id) => sql`
      SELECT require_as_read((SELECT count(*) FROM (
        SELECT 1 FROM accounts WHERE id = ${$.id} AND ${first($)} FOR UPDATE) AS locked))`,
  ),
  requireLater: statement(
    'inactivity.require_later',
    ($: Reached & Id) => sql`
      SELECT require_as_read((SELECT count(*) FROM (
        SELECT 1 FROM accounts WHERE id = ${$.id} AND ${later($)} FOR UPDATE) AS locked))`,
  ),
  reach: statement(
    'inactivity.reach',
    ($: Id & { stage: string; now: Date }) => sql`
      UPDATE accounts SET inactive_stage = ${$.stage}, inactive_stage_at = ${$.now},
                          disabled_at = CASE ${$.stage}::text WHEN 'disabled' THEN ${$.now}::timestamptz
                                                              WHEN 'leaving' THEN NULL ELSE disabled_at END
       WHERE id = ${$.id}`,
  ),
};

export function createInactivity({ db, now }: { db: Pick<Db, 'query'>; now: Clock }): Inactivity {
  const ago = (seconds: number) => new Date(now() - seconds * 1_000);
  const reached = ({ seconds, waits }: InactivityStep) => ({ activeUntil: ago(seconds), stageUntil: ago(waits) });
  return {
    async next(step, limit) {
      const { from } = step;
      const rows = await db.query(
        from === null
          ? INACTIVITY_STATEMENTS.first.bind({ activeUntil: ago(step.seconds), limit })
          : INACTIVITY_STATEMENTS.later.bind({ ...reached(step), from, limit }),
      );
      return rows.map(({ id }) => id);
    },
    async count(step) {
      const { from } = step;
      const [row] = await db.query(
        from === null
          ? INACTIVITY_STATEMENTS.countFirst.bind({ activeUntil: ago(step.seconds) })
          : INACTIVITY_STATEMENTS.countLater.bind({ ...reached(step), from }),
      );
      return row?.count ?? 0;
    },
    requireInactive(id, step) {
      const { from } = step;
      return from === null
        ? INACTIVITY_STATEMENTS.requireFirst.bind({ id, activeUntil: ago(step.seconds) })
        : INACTIVITY_STATEMENTS.requireLater.bind({ id, ...reached(step), from });
    },
    reaching: (id, stage) => INACTIVITY_STATEMENTS.reach.bind({ id, stage, now: new Date(now()) }),
  };
}
