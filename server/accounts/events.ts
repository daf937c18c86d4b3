import { type Selectable, sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { SecurityEvents } from '../platform/database.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { leastUuidv7, uuidv7 } from '../platform/ids.ts';
import { openJson, type Place, sealJson } from '../platform/sealing.ts';
import { statement, tables } from '../platform/statement.ts';
import type { Account } from './account.ts';
import type { Accounts } from './store.ts';

/** The kinds of "recent security events"; each has a text in the message catalogue. */
export const EVENT_KINDS = [
  'signed_in',
  'new_device',
  'second_factor_missing',
  'locked',
  'unlocked',
  'password_changed',
  'password_reset',
  'totp_added',
  'totp_removed',
  'passkey_added',
  'passkey_removed',
  'passkey_refused',
  'recovery_codes_renewed',
  'recovery_codes_removed',
  'recovery_code_used',
  'email_changed',
  'email_verified',
  'username_changed',
  'deletion_asked',
  'deletion_undone',
  'session_ended',
  'device_forgotten',
  'app_revoked',
  'request_approved',
  'request_denied',
  'data_exported',
] as const;

export type EventKind = (typeof EVENT_KINDS)[number];

/** The origin and the subject of the event, as text for the person. */
export type EventDetails = Readonly<Record<string, string>>;

export interface SecurityEvent {
  readonly id: string;
  readonly kind: EventKind;
  readonly details: EventDetails;
  readonly at: Date;
}

export interface Events {
  /**
   * A statement for the transaction of the change itself, so that neither happens without the other. After `KIND_MAX`
   * events of one kind in an hour no more are stored: a flood of one kind must not hide the other events.
   * @param id of `newId`, for an event that may be taken back
   */
  append(account: Account, kind: EventKind, details?: EventDetails, id?: string): BoundStatement;
  newId(): string;
  /** Removes an event that turned out not to apply, such as an unfinished sign-in that was completed later. */
  takeBack(accountId: string, id: string): BoundStatement;
  /** True when there is an event of that kind that is not older than that. */
  isRecent(accountId: string, kind: EventKind, seconds: number): Promise<boolean>;
  /** The newest first. @param before the id of an event: older ones alone */
  list(account: Account, limit: number, before?: string): Promise<SecurityEvent[]>;
}

/** Maximum number of events of one kind for an account in an hour. */
export const KIND_MAX = 30;
const KIND_MS = 3_600_000;
/** How long events are stored, unless the operator has set another time. */
export const EVENT_DAYS = 90;
const DAY_SECONDS = 86_400;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const EVENT_STATEMENTS = {
  insert: statement(
    'security_events.insert',
    ($: Selectable<SecurityEvents> & { recentId: string }) => sql`
      INSERT INTO security_events (id, account_id, kind, sealed_own, created_at, expires_at)
      SELECT ${$.id}, ${$.account_id}, ${$.kind}, ${$.sealed_own}, ${$.created_at}, ${$.expires_at}
       WHERE (SELECT count(*) FROM (SELECT 1 FROM security_events
               WHERE account_id = ${$.account_id} AND id > ${$.recentId} AND kind = ${$.kind} LIMIT ${KIND_MAX}) recent)
             < ${KIND_MAX}`,
  ),
  takeBack: statement('security_events.take_back', ($: { accountId: string; id: string }) =>
    tables.deleteFrom('security_events').where('account_id', '=', $.accountId).where('id', '=', $.id),
  ),
  isRecent: statement('security_events.is_recent', ($: { accountId: string; kind: string; since: Date }) =>
    tables
      .selectFrom('security_events')
      .select('id')
      .where('account_id', '=', $.accountId)
      .where('kind', '=', $.kind)
      .where('created_at', '>', $.since)
      .limit(1),
  ),
  list: statement(
    'security_events.list',
    ($: { accountId: string; now: Date; kinds: readonly string[]; before: string | null; limit: number }) => sql<
      Pick<Selectable<SecurityEvents>, 'id' | 'sealed_own' | 'created_at'> & { kind: EventKind }
    >`
      SELECT id, kind, sealed_own, created_at FROM security_events
       WHERE account_id = ${$.accountId} AND expires_at > ${$.now} AND kind = ANY(${$.kinds}::text[])
         AND (${$.before}::uuid IS NULL OR id < ${$.before}::uuid) ORDER BY id DESC LIMIT ${$.limit}`,
  ),
};

/**
 * Security events of an account, for the person to see. Their details are sealed under the account's own key.
 * @param parts `keptSeconds`: how long they are stored
 */
export function createEvents(parts: {
  db: Db;
  accounts: Pick<Accounts, 'sealerOf'>;
  now: Clock;
  keptSeconds?: number;
}): Events {
  const { db, accounts, now, keptSeconds = EVENT_DAYS * DAY_SECONDS } = parts;
  return {
    newId: () => uuidv7(now()),
    takeBack: (accountId, id) => EVENT_STATEMENTS.takeBack.bind({ accountId, id }),

    async isRecent(accountId, kind, seconds) {
      const since = new Date(now() - seconds * 1_000);
      return (await db.query(EVENT_STATEMENTS.isRecent.bind({ accountId, kind, since }))).length > 0;
    },

    append(account, kind, details = {}, id = uuidv7(now())) {
      const at = now();
      return EVENT_STATEMENTS.insert.bind({
        id,
        account_id: account.id,
        kind,
        sealed_own: sealJson(accounts.sealerOf(account), eventPlace(id), details),
        created_at: new Date(at),
        expires_at: new Date(at + keptSeconds * 1_000),
        recentId: leastUuidv7(Math.max(0, at - KIND_MS)),
      });
    },

    async list(account, limit, before) {
      // During an upgrade a newer node may write kinds that this version has no text for.
      const bound = EVENT_STATEMENTS.list.bind({
        accountId: account.id,
        now: new Date(now()),
        kinds: EVENT_KINDS,
        before: before !== undefined && UUID.test(before) ? before : null,
        limit,
      });
      const rows = await db.query(bound);
      const sealer = accounts.sealerOf(account);
      return rows.map(({ id, kind, sealed_own: sealed, created_at: at }) => ({
        id,
        kind,
        details: openJson(sealer, eventPlace(id), sealed) as EventDetails,
        at,
      }));
    },
  };
}

const eventPlace = (id: string): Place => ({ table: 'security_events', column: 'sealed_own', row: id });
