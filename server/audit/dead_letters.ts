import { type Selectable, sql } from 'kysely';
import type { AuditDeadLetters } from '../platform/database.ts';
import type { Db } from '../platform/db.ts';
import { AppError } from '../platform/errors.ts';
import { createListing, type ListRequest, type Page } from '../platform/listing.ts';
import { type PlannedChange, refusedBy } from '../platform/planned.ts';
import { statement } from '../platform/statement.ts';
import { DESTINATIONS_CHANNEL } from './destinations.ts';

/** Events, or a signed head, that a destination did not get. */
export interface DeadLetter {
  readonly id: string;
  readonly destinationId: string;
  /** Of a head: the index of the last event in it. */
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly isHead: boolean;
  /** Such as `status_500`; `event_removed`, `event_changed` and `leaf_missing` when the audit does not have them as they were. */
  readonly reason: string;
  readonly attempts: number;
  /** It is sent again at the next turn of the destination. */
  readonly wanted: boolean;
  readonly createdAt: Date;
}

export interface DeadLetters {
  find(id: string): Promise<DeadLetter | undefined>;
  /** The oldest first, unless the request says otherwise. @throws AppError 400 `invalid_input` */
  list(request?: ListRequest): Promise<Page<DeadLetter>>;
  /** It is sent once, and stays here when that fails. @throws AppError 409 `conflict` for what the audit does not have */
  retrying(before: DeadLetter): PlannedChange;
  /** The destination never gets it. */
  dropping(before: DeadLetter): PlannedChange;
}

/** Reasons for which there is nothing to send. */
const NOTHING_TO_SEND: readonly string[] = ['event_changed', 'event_removed', 'leaf_missing'];

type Row = Selectable<AuditDeadLetters>;

export const DEAD_LETTER_STATEMENTS = {
  find: statement(
    'audit_dead_letters.find',
    ($: { id: string }) => sql<Row>`SELECT * FROM audit_dead_letters WHERE id = ${$.id}::uuid`,
  ),
  retry: statement(
    'audit_dead_letters.retry',
    ($: { id: string }) => sql`
      WITH wanted AS (UPDATE audit_dead_letters SET wanted = true WHERE id = ${$.id}::uuid RETURNING 1)
      SELECT require_rows((SELECT count(*) FROM wanted)), pg_notify(${DESTINATIONS_CHANNEL}, '')`,
  ),
  drop: statement(
    'audit_dead_letters.drop',
    ($: { id: string }) => sql`
      WITH dropped AS (DELETE FROM audit_dead_letters WHERE id = ${$.id}::uuid RETURNING 1)
      SELECT require_rows((SELECT count(*) FROM dropped))`,
  ),
};

export const DEAD_LETTER_LIST = createListing<Row, DeadLetter>({
  name: 'audit_dead_letters',
  select: '*',
  from: 'audit_dead_letters',
  id: { sql: 'id', type: 'uuid' },
  fields: {
    destination_id: { sql: 'destination_id', type: 'id', operators: ['eq'] },
    reason: { sql: 'reason', type: 'text', operators: ['eq', 'ne', 'sw'] },
    created_at: { sql: 'created_at', type: 'time', operators: ['gt', 'ge', 'lt', 'le'] },
  },
  sorts: { created_at: { sql: 'created_at', type: 'time' } },
  defaultSort: 'created_at',
  item: fromRow,
});

export function createDeadLetters({ db }: { readonly db: Pick<Db, 'query' | 'transact'> }): DeadLetters {
  const gone = (cause: unknown) => new AppError('conflict', 'the dead letter was sent or dropped meanwhile', { cause });
  const refuse = refusedBy({ require_rows: gone });
  return {
    list: (request = {}) => DEAD_LETTER_LIST.read(db, request),
    async find(id) {
      const [row] = await db.query(DEAD_LETTER_STATEMENTS.find.bind({ id }));
      return row && fromRow(row);
    },
    retrying({ id, reason }) {
      if (NOTHING_TO_SEND.includes(reason)) {
        throw new AppError('conflict', 'the audit does not have these events any more: there is nothing to send');
      }
      return { statements: [DEAD_LETTER_STATEMENTS.retry.bind({ id })], refuse };
    },
    dropping: ({ id }) => ({ statements: [DEAD_LETTER_STATEMENTS.drop.bind({ id })], refuse }),
  };
}

function fromRow(row: Row): DeadLetter {
  return {
    id: row.id,
    destinationId: row.destination_id,
    firstIndex: Number(row.first_index),
    lastIndex: Number(row.last_index),
    isHead: row.is_head,
    reason: row.reason,
    attempts: row.attempts,
    wanted: row.wanted,
    createdAt: row.created_at,
  };
}
