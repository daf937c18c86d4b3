import { randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Account, SecondFactorKind } from '../accounts/account.ts';
import type { Factor } from '../accounts/attempts.ts';
import type { Events } from '../accounts/events.ts';
import type { Mails } from '../accounts/mails.ts';
import { type Visitor, visitorDetails } from '../accounts/session_details.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { subnet } from '../platform/limits.ts';
import type { Login } from './interactions.ts';

/** What a person is told of signing in: in a mail, and among the security events of their account. */
export interface SignInNotices {
  /**
   * A factor was locked just now.
   * @param account undefined when nobody has that identifier, which costs as much: a mail to nobody is queued
   */
  locked(account: Account | undefined, factor: Factor, request: FastifyRequest): Promise<void>;
  /** Somebody signs in: what to write in the same transaction. */
  signedIn(account: Account, login: Login, request: FastifyRequest): readonly BoundStatement[];
  /**
   * The password was right and the second factor is still to come (ASVS 6.3.5): what to write with that, and by which id it
   * is taken back when it comes. The person is told after a while, once an hour at most.
   */
  withoutSecondFactor(
    account: Account,
    request: FastifyRequest,
  ): Promise<{ id: string; bound: readonly BoundStatement[] } | undefined>;
  /** A second factor was set up: what to write in the same transaction. */
  factorAdded(account: Account, factor: SecondFactorKind, request: FastifyRequest): readonly BoundStatement[];
  /** The person got in without their second factor. */
  recoveryCodeUsed(account: Account, request: FastifyRequest): readonly BoundStatement[];
}

/** How long somebody with the right password may take for the second factor before the person is told. */
export const UNFINISHED_AFTER_MS = 10 * 60_000;
const UNFINISHED_EVERY_SECONDS = 3_600;

export function createNotices(parts: { db: Db; mails: Mails; events: Events }): SignInNotices {
  const { db, mails, events } = parts;
  return {
    async locked(account, factor, request) {
      const details = { ...visitorDetails(visitorOf(request)), factor };
      const accountId = account?.id ?? randomUUID();
      await db.transact([
        mails.enqueue({ kind: 'locked', accountId, details, source: subnet(request.ip) }),
        ...(account ? [events.append(account, 'locked', details)] : []),
      ]);
    },

    async withoutSecondFactor(account, request) {
      if (await events.isRecent(account.id, 'second_factor_missing', UNFINISHED_EVERY_SECONDS)) return undefined;
      const id = events.newId();
      const details = visitorDetails(visitorOf(request));
      const mail = { kind: 'second_factor_missing', accountId: account.id, details } as const;
      const later = { id, afterMs: UNFINISHED_AFTER_MS };
      return { id, bound: [events.append(account, mail.kind, details, id), mails.enqueue(mail, later)] };
    },

    signedIn(account, { device, unfinished }, request) {
      const details = visitorDetails(visitorOf(request));
      const takenBack =
        unfinished === undefined ? [] : [events.takeBack(account.id, unfinished), mails.withdraw(unfinished)];
      // The first browser of all is no news.
      if (device.known || device.first) return [...takenBack, events.append(account, 'signed_in', details)];
      return [
        ...takenBack,
        events.append(account, 'new_device', details),
        mails.enqueue({ kind: 'new_device', accountId: account.id, details }),
      ];
    },

    factorAdded(account, factor, request) {
      const details = visitorDetails(visitorOf(request));
      return [
        events.append(account, `${factor}_added`, details),
        mails.enqueue({ kind: 'factor_added', accountId: account.id, details: { ...details, factor } }),
      ];
    },

    recoveryCodeUsed: (account, request) => [
      events.append(account, 'recovery_code_used', visitorDetails(visitorOf(request))),
    ],
  };
}

function visitorOf(request: FastifyRequest): Visitor {
  return { userAgent: request.headers['user-agent'], address: request.ip };
}
