import { randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Account, SecondFactorKind } from '../accounts/account.ts';
import type { Factor } from '../accounts/attempts.ts';
import type { Events } from '../accounts/events.ts';
import type { Mails } from '../accounts/mails.ts';
import { type Visitor, visitorDetails } from '../accounts/session_details.ts';
import type { Bound, Db } from '../platform/db.ts';
import type { Login } from './interactions.ts';

/** What a person is told of signing in: in a mail, and among the security events of their account. */
export interface SignInNotices {
  /**
   * A factor was locked just now.
   * @param account undefined when nobody has that identifier, which costs as much: a mail to nobody is queued
   */
  locked(account: Account | undefined, factor: Factor, request: FastifyRequest): Promise<void>;
  /** Somebody signs in: what to write in the same transaction. */
  signedIn(account: Account, login: Login, request: FastifyRequest): readonly Bound[];
  /** A second factor was set up: what to write in the same transaction. */
  factorAdded(account: Account, factor: SecondFactorKind, request: FastifyRequest): readonly Bound[];
  /** The person got in without their second factor. */
  recoveryCodeUsed(account: Account, request: FastifyRequest): readonly Bound[];
  /** The person has a new password: what to write in the same transaction. */
  passwordChanged(account: Account, request: FastifyRequest): readonly Bound[];
}

export function createNotices(parts: { db: Db; mails: Mails; events: Events }): SignInNotices {
  const { db, mails, events } = parts;
  return {
    async locked(account, factor, request) {
      const details = { ...visitorDetails(visitorOf(request)), factor };
      await db.transact([
        mails.enqueue({ kind: 'locked', accountId: account?.id ?? randomUUID(), details }),
        ...(account ? [events.append(account, 'locked', details)] : []),
      ]);
    },

    passwordChanged(account, request) {
      const details = visitorDetails(visitorOf(request));
      return [
        events.append(account, 'password_changed', details),
        mails.enqueue({ kind: 'password_changed', accountId: account.id, details }),
      ];
    },

    signedIn(account, { device }, request) {
      const details = visitorDetails(visitorOf(request));
      // The first browser of all is no news.
      if (device.known || device.first) return [events.append(account, 'signed_in', details)];
      return [
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
