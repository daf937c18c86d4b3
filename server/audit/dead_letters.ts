import { type Selectable, sql } from 'kysely';
import type { AuditDeadLetters } from '../platform/database.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { AppError } from '../platform/errors.ts';
import { createListing, type ListRequest, type Page } from '../platform/listing.ts';
import { type PlannedChange, refusedBy } from '../platform/planned.ts';
import { statement } from '../platform/statement.ts';
import { DESTINATIONS_CHANNEL, LETTERS_MAX } from './destinations.ts';
import { NOTHING_TO_SEND } from './failures.ts';

/** Events, or a signed head, that a destination did not get. */
export interface DeadLetter {
  readonly id: string;
  readonly destinationId: string;
  /** Of a head: the index of the last event in it. */
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly isHead: boolean;
  /** Of the first and the last entry; null for a head, and where the log has no such place. */
  readonly firstEventId: string | null;
  readonly lastEventId: string | null;
  /** Of the first entry; null also when the audit does not have it. */
  readonly action: string | null;
  /** A `FailureReason`, or one of an earlier version. */
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
  /**
   * It is sent once, and stays here when that fails. The row of its statement says whether it waited already (`wanted_before`).
   * @throws AppError 409 `conflict` for what the audit does not have
   */
  retrying(before: DeadLetter): PlannedChange;
  /** The destination never gets it. */
  dropping(before: DeadLetter): PlannedChange;
  /** Those that wait already, and those for which there is nothing to send, stay as they are. */
  retryingAll(destinationId: string): Promise<PlannedLetters>;
  droppingAll(destinationId: string): Promise<PlannedLetters>;
}

/** A change of all dead letters of a destination; fails by `require_as_read` when they have changed meanwhile. */
export interface PlannedLetters extends PlannedChange {
  readonly count: number;
  /** Those for which there is nothing to send. */
  readonly empty: number;
}

const EMPTY: readonly string[] = Object.keys(NOTHING_TO_SEND);

type Row = Selectable<AuditDeadLetters> & {
  readonly first_event_id: string | null;
  readonly last_event_id: string | null;
  readonly action: string | null;
};

const SELECTED = `audit_dead_letters.*,
  (SELECT event_id FROM audit_leaves WHERE index = first_index AND NOT is_head) AS first_event_id,
  (SELECT event_id FROM audit_leaves WHERE index = last_index AND NOT is_head) AS last_event_id,
  (SELECT action FROM audit JOIN audit_leaves ON event_id = audit.id WHERE index = first_index AND NOT is_head) AS action`;

/** The entry of the audit says how many: each that was read has to be there still. */
const allOf = (ids: readonly string[], changed: 'wanted' | 'dropped') =>
  sql`require_as_read(COALESCE((SELECT count(*) FROM ${sql.ref(changed)} HAVING count(*) = cardinality(${ids}::uuid[])), 0))`;

export const DEAD_LETTER_STATEMENTS = {
  find: statement(
    'audit_dead_letters.find',
    ($: { id: string }) => sql<Row>`SELECT ${sql.raw(SELECTED)} FROM audit_dead_letters WHERE id = ${$.id}::uuid`,
  ),
  retry: statement(
    'audit_dead_letters.retry',
    ($: { id: string }) => sql<{ wanted_before: boolean }>`
      WITH before AS (SELECT id, wanted FROM audit_dead_letters WHERE id = ${$.id}::uuid FOR UPDATE),
           wanted AS (UPDATE audit_dead_letters l SET wanted = true FROM before WHERE l.id = before.id RETURNING before.wanted)
      SELECT require_rows((SELECT count(*) FROM wanted)), (SELECT wanted FROM wanted) AS wanted_before,
             pg_notify(${DESTINATIONS_CHANNEL}, '')`,
  ),
  drop: statement(
    'audit_dead_letters.drop',
    ($: { id: string }) => sql`
      WITH dropped AS (DELETE FROM audit_dead_letters WHERE id = ${$.id}::uuid RETURNING 1)
      SELECT require_rows((SELECT count(*) FROM dropped))`,
  ),
  ofDestination: statement(
    'audit_dead_letters.of_destination',
    ($: { destinationId: string; limit: number }) => sql<Pick<Row, 'id' | 'reason' | 'wanted'>>`
      SELECT id, reason, wanted FROM audit_dead_letters WHERE destination_id = ${$.destinationId}::uuid ORDER BY id LIMIT ${$.limit}`,
  ),
  retryAll: statement(
    'audit_dead_letters.retry_all',
    ($: { ids: readonly string[] }) => sql`
      WITH wanted AS (UPDATE audit_dead_letters SET wanted = true WHERE id = ANY(${$.ids}::uuid[]) AND NOT wanted RETURNING 1)
      SELECT ${allOf($.ids, 'wanted')}, pg_notify(${DESTINATIONS_CHANNEL}, '')`,
  ),
  dropAll: statement(
    'audit_dead_letters.drop_all',
    ($: { ids: readonly string[] }) => sql`
      WITH dropped AS (DELETE FROM audit_dead_letters WHERE id = ANY(${$.ids}::uuid[]) RETURNING 1)
      SELECT ${allOf($.ids, 'dropped')}`,
  ),
};

export const DEAD_LETTER_LIST = createListing<Row, DeadLetter>({
  name: 'audit_dead_letters',
  select: SELECTED,
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
  const all = (destinationId: string) =>
    db.query(DEAD_LETTER_STATEMENTS.ofDestination.bind({ destinationId, limit: LETTERS_MAX }));
  const planned = (statements: readonly BoundStatement[], count: number, empty: number) => ({
    statements: count === 0 ? [] : statements,
    refuse,
    count,
    empty,
  });
  return {
    list: (request = {}) => DEAD_LETTER_LIST.read(db, request),
    async find(id) {
      const [row] = await db.query(DEAD_LETTER_STATEMENTS.find.bind({ id }));
      return row && fromRow(row);
    },
    retrying({ id, reason, destinationId, firstIndex }) {
      if (EMPTY.includes(reason)) {
        throw new AppError(
          'conflict',
          `the audit does not have these entries as they were (${reason}): drop the dead letter, or restore the rows and send from there again by \`cardea audit destinations replay ${destinationId} --from ${firstIndex}\``,
        );
      }
      return { statements: [DEAD_LETTER_STATEMENTS.retry.bind({ id })], refuse };
    },
    async retryingAll(destinationId) {
      const letters = await all(destinationId);
      const sendable = letters.filter(({ reason }) => !EMPTY.includes(reason));
      const ids = sendable.filter(({ wanted }) => !wanted).map(({ id }) => id);
      return planned([DEAD_LETTER_STATEMENTS.retryAll.bind({ ids })], ids.length, letters.length - sendable.length);
    },
    async droppingAll(destinationId) {
      const ids = (await all(destinationId)).map(({ id }) => id);
      return planned([DEAD_LETTER_STATEMENTS.dropAll.bind({ ids })], ids.length, 0);
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
    firstEventId: row.first_event_id,
    lastEventId: row.last_event_id,
    action: row.action,
    reason: row.reason,
    attempts: row.attempts,
    wanted: row.wanted,
    createdAt: row.created_at,
  };
}
