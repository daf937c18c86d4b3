import type { EventKind } from '../accounts/events.ts';
import type { NoticeKind } from '../accounts/mails.ts';
import { visitorDetails } from '../accounts/session_details.ts';
import { type BoundStatement, transactIfNeeded } from '../platform/db.ts';
import type { PageContext } from './page.ts';

/** The security event of a change, for its transaction. @param subject the name of the app or passkey that it is about */
export function eventOf({ parts, account, visitor }: PageContext, kind: EventKind, subject?: string): BoundStatement {
  const details = visitorDetails(visitor);
  return parts.events.append(account, kind, subject === undefined ? details : { ...details, subject });
}

/**
 * The security event of a change, and the mail about it.
 * @param about `factor`: the factor's name in the mail; `subject`: as for the event
 */
export function noticesOf(
  context: PageContext,
  kind: EventKind,
  mail: NoticeKind,
  { factor, subject }: { readonly factor?: string; readonly subject?: string | undefined } = {},
): BoundStatement[] {
  const { parts, account, visitor } = context;
  const details = { ...visitorDetails(visitor), ...(factor === undefined ? {} : { factor }) };
  return [
    eventOf(context, kind, subject),
    parts.mails.enqueue({ kind: mail, accountId: account.id, details }, account),
  ];
}

/**
 * Runs a transaction that is rolled back when there is nothing to change. It then adds no event, so that repeated forms
 * without effect do not hide real events.
 */
export async function changesSomething({ parts }: PageContext, bound: readonly BoundStatement[]): Promise<boolean> {
  return (await transactIfNeeded(parts, bound)) !== undefined;
}
