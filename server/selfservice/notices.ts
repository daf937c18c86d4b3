import type { EventKind } from '../accounts/events.ts';
import type { NoticeKind } from '../accounts/mails.ts';
import { visitorDetails } from '../accounts/session_details.ts';
import { type BoundStatement, transactIfNeeded } from '../platform/db.ts';
import type { PageContext } from './page.ts';

/** The event of a change, for its transaction. @param subject what it is about, by the name that the person knows */
export function eventOf({ parts, account, visitor }: PageContext, kind: EventKind, subject?: string): BoundStatement {
  const details = visitorDetails(visitor);
  return parts.events.append(account, kind, subject === undefined ? details : { ...details, subject });
}

/**
 * The event of a change that a person is told of by mail as well.
 * @param about `factor`: which, as the mail calls it; `subject`: as for the event
 */
export function noticesOf(
  context: PageContext,
  kind: EventKind,
  mail: NoticeKind,
  { factor, subject }: { readonly factor?: string; readonly subject?: string | undefined } = {},
): BoundStatement[] {
  const { parts, account, visitor } = context;
  const details = { ...visitorDetails(visitor), ...(factor === undefined ? {} : { factor }) };
  return [eventOf(context, kind, subject), parts.mails.enqueue({ kind: mail, accountId: account.id, details })];
}

/**
 * Runs a transaction that is refused when it finds nothing to change: then nobody is told of anything, so that forms which
 * end nothing, sent again and again, do not push what did happen out of sight.
 */
export async function changesSomething({ parts }: PageContext, bound: readonly BoundStatement[]): Promise<boolean> {
  return (await transactIfNeeded(parts, bound)) !== undefined;
}
