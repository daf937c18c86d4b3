import { randomUUID } from 'node:crypto';
import type { Account, SecondFactorKind } from '../accounts/account.ts';
import type { Factor } from '../accounts/attempts.ts';
import type { Events } from '../accounts/events.ts';
import type { Mails } from '../accounts/mails.ts';
import type { PersonEvents } from '../accounts/person_events.ts';
import { visitorDetails } from '../accounts/session_details.ts';
import type { Counts } from '../platform/counts.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { subnet } from '../platform/limits.ts';
import type { RequestOrigin } from '../platform/request_origin.ts';
import type { Login } from './interactions.ts';

/** Notices about a sign-in: mails, and security events of the account. Statements are for the caller's transaction. */
export interface SignInNotices {
  /**
   * A factor was locked just now.
   * @param account undefined when no account has the identifier; a mail is queued all the same, so that it takes as long
   */
  locked(account: Account | undefined, factor: Factor, origin: RequestOrigin): Promise<void>;
  signedIn(account: Account, login: Login, origin: RequestOrigin): readonly BoundStatement[];
  /**
   * The password was right and the second factor is still missing (ASVS 6.3.5). The notice is sent after a while, once an
   * hour at most, unless the second factor follows: then it is withdrawn by its id.
   */
  withoutSecondFactor(
    account: Account,
    origin: RequestOrigin,
  ): Promise<{ id: string; statements: readonly BoundStatement[] } | undefined>;
  factorAdded(account: Account, factor: SecondFactorKind, origin: RequestOrigin): readonly BoundStatement[];
  /** A recovery code replaced the second factor. */
  recoveryCodeUsed(account: Account, origin: RequestOrigin): readonly BoundStatement[];
}

/** Time after a right password until the person is informed that the second factor is missing. */
export const UNFINISHED_AFTER_MS = 10 * 60_000;
const UNFINISHED_EVERY_SECONDS = 3_600;

export function createNotices(parts: {
  db: Db;
  mails: Mails;
  events: Events;
  personEvents: PersonEvents;
  lockouts: Pick<Counts<Factor>, 'add'>;
}): SignInNotices {
  const { db, mails, events, personEvents, lockouts } = parts;
  return {
    async locked(account, factor, origin) {
      lockouts.add(factor);
      const details = { ...visitorDetails(origin), factor };
      const accountId = account?.id ?? randomUUID();
      await db.transact([
        mails.enqueue({ kind: 'locked', accountId, details, source: subnet(origin.address) }, account),
        ...(account ? [events.append(account, 'locked', details)] : []),
      ]);
    },

    async withoutSecondFactor(account, origin) {
      if (await events.isRecent(account.id, 'second_factor_missing', UNFINISHED_EVERY_SECONDS)) return undefined;
      const id = events.newId();
      const details = visitorDetails(origin);
      const mail = { kind: 'second_factor_missing', accountId: account.id, details } as const;
      const later = { id, afterMs: UNFINISHED_AFTER_MS };
      return { id, statements: [events.append(account, mail.kind, details, id), mails.enqueue(mail, account, later)] };
    },

    signedIn(account, { device, unfinished }, origin) {
      const details = visitorDetails(origin);
      const withdrawn =
        unfinished === undefined ? [] : [events.takeBack(account.id, unfinished), mails.withdraw(unfinished)];
      // The first browser of an account is not reported as a new one.
      if (device.known || device.first) return [...withdrawn, events.append(account, 'signed_in', details)];
      return [
        ...withdrawn,
        events.append(account, 'new_device', details),
        mails.enqueue({ kind: 'new_device', accountId: account.id, details }, account),
      ];
    },

    factorAdded(account, factor, origin) {
      const details = visitorDetails(origin);
      return [
        ...personEvents.record(account, `${factor}_added`, origin),
        mails.enqueue({ kind: 'factor_added', accountId: account.id, details: { ...details, factor } }, account),
      ];
    },

    recoveryCodeUsed: (account, origin) => [events.append(account, 'recovery_code_used', visitorDetails(origin))],
  };
}
