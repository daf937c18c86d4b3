import { randomUUID } from 'node:crypto';
import type { Clock } from '../platform/clock.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { openJson, type Place, type Sealer, sealJson } from '../platform/sealing.ts';

/** What happened to an account and its person is told of by mail. */
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
  | 'request_waiting';

/** In plain words, as the person reads them: `browser`, `address`, `factor`, `app`. */
export type MailDetails = Readonly<Record<string, string>>;

/** What somebody wants mailed. Who gets it, and whether anybody does, is found out when it is sent. */
export type MailIntent =
  /** As typed: the request that asks does the same whether or not there is such a person. */
  | {
      readonly kind: 'reset' | 'sign_up';
      readonly email: string;
      readonly locale: string;
      readonly details?: MailDetails;
      /** The network that asked, which has a share of what one person may get. */
      readonly source?: string;
      /** The cookie by which the asking browser may be one of the person's own (devices.ts). */
      readonly device?: string;
    }
  /** @param source what caused it when that was not the person: a network or a client */
  | {
      readonly kind: NoticeKind;
      readonly accountId: string;
      readonly details?: MailDetails;
      readonly source?: string;
    }
  /** A link to the new address; the present one is told. */
  | {
      readonly kind: 'change_email';
      readonly accountId: string;
      readonly email: string;
      readonly details?: MailDetails;
    }
  /** Both addresses are told. @param previous the address before */
  | {
      readonly kind: 'email_changed';
      readonly accountId: string;
      readonly previous: string;
      readonly details?: MailDetails;
    };

/** One mail to one address: an intent that concerns two is queued as two, so that each is retried by itself. */
export type QueuedIntent = MailIntent & { readonly to?: 'new' | 'old' };

export interface QueuedMail {
  readonly id: string;
  /** Undefined when no master key opens it. */
  readonly intent: QueuedIntent | undefined;
  /** When it happened, in milliseconds. */
  readonly at: number;
  /** This one included. */
  readonly tries: number;
  readonly expiresAt: Date;
}

/**
 * The mail queue. What is queued in a transaction is sent when that has committed, by whichever node takes it first; a
 * node that dies loses nothing, and a mail that it had just sent may be sent again.
 */
/** A mail that is not sent at once, and may be withdrawn until then. @property id a UUID, for a mail to one address */
export interface MailLater {
  readonly id: string;
  readonly afterMs: number;
}

export interface Mails {
  /** One statement for the caller's transaction. All nodes are told when it commits. */
  enqueue(intent: MailIntent, later?: MailLater): BoundStatement;
  /** It is not to be sent after all. For the transaction of why. */
  withdraw(id: string): BoundStatement;
  /** Takes what is due, and keeps it from others for `leaseMs`. */
  claimDue(options: { limit: number; leaseMs: number }): Promise<QueuedMail[]>;
  /** It was sent, or never will be. */
  remove(id: string): Promise<void>;
  /** It is tried again then. */
  postpone(id: string, dueAt: Date): Promise<void>;
}

export const MAILS_CHANNEL = 'cardea_mails';
/** Tried for so long, then given up. */
const KEPT_MS = 3 * 24 * 3_600_000;
/** Whoever has waited longer than that for a link has asked again, or no longer wants it. */
const LINK_KEPT_MS = 2 * 3_600_000;
/** No request of an app waits longer. */
const REQUEST_KEPT_MS = 10 * 60_000;

const KEPT: Readonly<Partial<Record<MailIntent['kind'], number>>> = {
  reset: LINK_KEPT_MS,
  sign_up: LINK_KEPT_MS,
  request_waiting: REQUEST_KEPT_MS,
};

export const MAIL_STATEMENTS = {
  insert: {
    name: 'mails.insert',
    text: `WITH queued AS (
             INSERT INTO mails (id, sealed, due_at, expires_at)
             SELECT c.id, c.sealed, $3, $4 FROM unnest($1::uuid[], $2::bytea[]) AS c (id, sealed) RETURNING 1
           )
           SELECT pg_notify('${MAILS_CHANNEL}', '') FROM (SELECT count(*) FROM queued) AS told`,
  },
  take: {
    name: 'mails.take',
    text: `UPDATE mails SET due_at = $2, tries = tries + 1
            WHERE id IN (
                  SELECT id FROM mails WHERE due_at <= $1 AND expires_at > $1
                   ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED)
        RETURNING id, sealed, tries, expires_at`,
  },
  remove: { name: 'mails.remove', text: 'DELETE FROM mails WHERE id = $1' },
  putBack: { name: 'mails.put_back', text: 'UPDATE mails SET due_at = $2 WHERE id = $1' },
};

interface Sealed {
  readonly intent: QueuedIntent;
  readonly at: number;
}

interface MailRow {
  readonly id: string;
  readonly sealed: Buffer;
  readonly tries: number;
  readonly expires_at: Date;
}

export function createMails({ db, sealer, now }: { db: Db; sealer: Sealer; now: Clock }): Mails {
  function open({ id, sealed, tries, expires_at: expiresAt }: MailRow): QueuedMail {
    try {
      const { intent, at } = openJson(sealer, mailPlace(id), sealed) as Sealed;
      return { id, intent, at, tries, expiresAt };
    } catch {
      return { id, intent: undefined, at: now(), tries, expiresAt };
    }
  }

  return {
    withdraw: (id) => ({ statement: MAIL_STATEMENTS.remove, values: [id] }),

    enqueue(intent, later) {
      const at = now();
      const expiresAt = at + (KEPT[intent.kind] ?? KEPT_MS);
      const rows = mailsOf(intent).map((one) => {
        const id = later?.id ?? randomUUID();
        const content: Sealed = { intent: one, at };
        return { id, sealed: sealJson(sealer, mailPlace(id), content) };
      });
      return {
        statement: MAIL_STATEMENTS.insert,
        values: [
          rows.map(({ id }) => id),
          rows.map(({ sealed }) => sealed),
          new Date(at + (later?.afterMs ?? 0)),
          new Date(expiresAt),
        ],
      };
    },

    async claimDue({ limit, leaseMs }) {
      const rows = await db.run<MailRow>(MAIL_STATEMENTS.take, [new Date(now()), new Date(now() + leaseMs), limit]);
      return rows.map(open);
    },

    async remove(id) {
      await db.run(MAIL_STATEMENTS.remove, [id]);
    },

    async postpone(id, dueAt) {
      await db.run(MAIL_STATEMENTS.putBack, [id, dueAt]);
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

function mailPlace(id: string): Place {
  return { table: 'mails', column: 'sealed', row: id };
}
