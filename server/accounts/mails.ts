import { type Selectable, sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { Mails as MailsTable } from '../platform/database.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { uuidv7 } from '../platform/ids.ts';
import { type AddParameter, createListing, type ListRequest, type Page } from '../platform/listing.ts';
import { ownKeyOf, ownSealing, type ReadColumns } from '../platform/own_sealing.ts';
import {
  createOperatedQueue,
  createQueue,
  type OperatedQueue,
  type Queue,
  type Queued,
  queueStatements,
} from '../platform/queue.ts';
import type { RequestContext } from '../platform/request_context.ts';
import type { Sealer } from '../platform/sealing.ts';
import { columns, statement } from '../platform/statement.ts';
import type { Account } from './account.ts';
import type { Accounts } from './store.ts';

/** Events of an account that its owner gets a mail about. */
export type NoticeKind =
  | 'verify_email'
  | 'invitation'
  | 'locked'
  | 'unlocked'
  | 'new_device'
  | 'second_factor_missing'
  | 'password_changed'
  | 'factor_added'
  | 'factor_removed'
  | 'recovery_codes_renewed'
  | 'username_changed'
  | 'deletion_asked'
  | 'deletion_planned'
  | 'deletion_inactive'
  | 'deletion_undone'
  | 'inactive'
  | 'request_waiting';

/** Details in the form that the mail shows: `browser`, `address`, `factor`, `app`, `due` (RFC 3339). */
export type MailDetails = Readonly<Record<string, string>>;

/** A reason to send a mail. The recipient is looked up when it is sent; there may be none. */
export type MailIntent =
  /** With the address as typed: the request does the same whether or not there is such an account. */
  | {
      readonly kind: 'reset' | 'sign_up';
      readonly email: string;
      readonly locale: string;
      readonly details?: MailDetails;
      /** The network of the request: each has its own limit of mails to one recipient. */
      readonly source?: string;
      /** The cookie by which the requesting browser may be one that the account has signed in on (devices.ts). */
      readonly device?: string;
    }
  /** @param source the network or client that caused it, when that was not the account's owner */
  | {
      readonly kind: NoticeKind;
      readonly accountId: string;
      readonly details?: MailDetails;
      readonly source?: string;
    }
  /** A link to the new address, and a notice to the present one. */
  | {
      readonly kind: 'change_email';
      readonly accountId: string;
      readonly email: string;
      readonly details?: MailDetails;
    }
  /** A notice to both addresses. @param previous the address before */
  | {
      readonly kind: 'email_changed';
      readonly accountId: string;
      readonly previous: string;
      readonly details?: MailDetails;
    };

/** A mail to one address: an intent for two addresses is queued twice, so that each mail is retried by itself. */
export type QueuedIntent = MailIntent & { readonly to?: 'new' | 'old' };

export interface QueuedMail extends Queued {
  /** Undefined when no master key opens it. */
  readonly intent: QueuedIntent | undefined;
  /** When it was queued, in milliseconds. */
  readonly at: number;
  /** The request that caused it; undefined for a job or a command. */
  readonly requestId?: string | undefined;
  /** Of that request, where it was traced. */
  readonly traceparent?: string | undefined;
}

/** A mail that is sent later, and may be withdrawn until then. @property id a UUID, for a mail to one address */
export interface MailLater {
  readonly id: string;
  readonly afterMs: number;
}

/** A mail that waits to be sent, as an operator sees it: neither its recipient nor its text. */
export interface WaitingMail {
  readonly id: string;
  /** Undefined when no master key opens it. */
  readonly kind: MailIntent['kind'] | undefined;
  /** Undefined for a mail to an address that somebody has typed. */
  readonly accountId: string | undefined;
  readonly attempts: number;
  readonly nextAttemptAt: Date;
  readonly expiresAt: Date;
}

export interface Mails extends Queue<QueuedMail>, OperatedQueue {
  /** Those that are due first come first, unless the request says otherwise. @throws AppError 400 `invalid_input` */
  list(request?: ListRequest): Promise<Page<WaitingMail>>;
  /**
   * One statement for the caller's transaction. All nodes are notified when it commits.
   * @param owner the account that the mail is about; undefined when there is none, or it may not be looked for yet
   */
  enqueue(intent: MailIntent, owner: Account | undefined, later?: MailLater): BoundStatement;
  /** For the transaction that makes the mail needless. */
  withdraw(id: string): BoundStatement;
}

export const MAILS_CHANNEL = 'cardea_mails';

const HOUR_MS = 3_600_000;
/** A mail that could not be sent is given up after this, unless the operator has set another time. */
const KEPT_SECONDS = 72 * 3_600;

const SHORTER_RETRY_MS: Readonly<Partial<Record<MailIntent['kind'], number>>> = {
  // by then the person has requested another link
  reset: 2 * HOUR_MS,
  sign_up: 2 * HOUR_MS,
  // no request of a client waits longer
  request_waiting: HOUR_MS / 6,
};

type NewMail = Pick<Selectable<MailsTable>, 'id' | 'account_id' | 'sealed' | 'sealed_own'>;
const NEW_MAILS = columns<keyof NewMail>({ id: 'uuid', account_id: 'uuid', sealed: 'bytea', sealed_own: 'bytea' });

export const MAIL_STATEMENTS = {
  insert: statement(
    'mails.insert',
    ($: { mails: readonly NewMail[]; dueAt: Date; expiresAt: Date }) => sql`
      WITH queued AS (
        INSERT INTO mails (${NEW_MAILS.names}, due_at, expires_at)
        SELECT c.*, ${$.dueAt}, ${$.expiresAt} FROM ${NEW_MAILS.unnest($.mails)} AS c (${NEW_MAILS.names}) RETURNING 1
      )
      SELECT pg_notify(${MAILS_CHANNEL}, '') FROM (SELECT count(*) FROM queued) AS counted`,
  ),
  ...queueStatements({ table: 'mails', dueAt: 'due_at', attempts: 'tries', channel: MAILS_CHANNEL }),
};

type MailRow = Pick<Selectable<MailsTable>, 'id' | 'tries' | 'due_at' | 'expires_at'> & ReadColumns;

export const MAIL_LIST = createListing<MailRow, MailRow>({
  name: 'mails',
  select: `id, account_id, sealed, sealed_own, ${ownKeyOf('mails.account_id')} AS own_key, tries, due_at, expires_at`,
  from: 'mails',
  id: { sql: 'id', type: 'uuid' },
  // The kind is sealed.
  fields: {
    id: { type: 'id', operators: ['eq'], sql: 'id' },
    attempts: { type: 'number', operators: ['eq', 'gt', 'lt'], sql: 'tries' },
    next_attempt_at: { type: 'time', operators: ['gt', 'ge', 'lt', 'le'], sql: 'due_at' },
  },
  sorts: { next_attempt_at: { sql: 'due_at', type: 'time' } },
  defaultSort: 'next_attempt_at',
  item: (row) => row,
});

/** The sealed column of a row. */
type Content = Pick<QueuedMail, 'at' | 'requestId' | 'traceparent'> & { readonly intent: QueuedIntent };

/** @param parts `keptSeconds`: how long it is tried to send a mail */
export function createMails(parts: {
  db: Db;
  sealer: Sealer;
  people: Pick<Accounts, 'ownerOf' | 'sealerFrom'>;
  now: Clock;
  keptSeconds?: number;
  requestContext?: Pick<RequestContext, 'requestId' | 'traceparent'> | undefined;
}): Mails {
  const { db, people, now, keptSeconds = KEPT_SECONDS, requestContext } = parts;
  const keptMs = keptSeconds * 1_000;
  const sealing = ownSealing(parts, 'mails');

  function open(
    row: Pick<MailRow, 'id'> & ReadColumns,
  ): Pick<QueuedMail, 'intent' | 'at' | 'requestId' | 'traceparent'> {
    try {
      return sealing.open(row.id, row) as Content;
    } catch {
      return { intent: undefined, at: now() };
    }
  }

  return {
    ...createQueue({ db, now, statements: MAIL_STATEMENTS, retriedForMs: keptMs, open }),

    ...createOperatedQueue({ db, now, statements: MAIL_STATEMENTS, what: 'mail' }),

    async list(request = {}) {
      const where = (add: AddParameter) => `expires_at > ${add(new Date(now()), 'timestamptz')}`;
      const page = await MAIL_LIST.read(db, request, { where });
      const items = page.items.map((row) => {
        const { intent } = open(row);
        return {
          id: row.id,
          kind: intent?.kind,
          accountId: intent && 'accountId' in intent ? intent.accountId : undefined,
          attempts: row.tries,
          nextAttemptAt: row.due_at,
          expiresAt: row.expires_at,
        };
      });
      return { ...page, items };
    },

    withdraw: (id) => MAIL_STATEMENTS.remove.bind({ id }),

    enqueue(intent, account, later) {
      const at = now();
      const owner = account && people.ownerOf(account);
      if (owner && 'accountId' in intent && intent.accountId !== owner.id)
        throw new Error('a mail about another account');
      const mails = mailsOf(intent).map((one) => {
        // in the order of queueing, also of those of one millisecond
        const id = later?.id ?? uuidv7(at);
        const [requestId, traceparent] = [requestContext?.requestId(), requestContext?.traceparent()];
        const content: Content = { intent: one, at, requestId, traceparent };
        return { id, ...sealing.seal(id, owner, content) };
      });
      return MAIL_STATEMENTS.insert.bind({
        mails,
        dueAt: new Date(at + (later?.afterMs ?? 0)),
        expiresAt: new Date(at + Math.min(SHORTER_RETRY_MS[intent.kind] ?? keptMs, keptMs)),
      });
    },
  };
}

function mailsOf(intent: MailIntent): QueuedIntent[] {
  if (intent.kind !== 'change_email' && intent.kind !== 'email_changed') return [intent];
  return [
    { ...intent, to: 'new' },
    { ...intent, to: 'old' },
  ];
}
