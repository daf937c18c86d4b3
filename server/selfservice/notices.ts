import type { NoticeKind } from '../accounts/mails.ts';
import type { AboutEvent, RecordedKind } from '../accounts/person_events.ts';
import { visitorDetails } from '../accounts/session_details.ts';
import { type BoundStatement, transactIfNeeded } from '../platform/db.ts';
import type { PageContext } from './page.ts';

/** The security event of a change and its entry in the audit, for its transaction. */
export function eventsOf(
  { parts, account, origin }: PageContext,
  kind: RecordedKind,
  about?: AboutEvent,
): BoundStatement[] {
  return parts.personEvents.record(account, kind, origin, about);
}

/**
 * The same, and the mail about it.
 * @param about `factor`: the factor's name in the mail
 */
export function noticesOf(
  context: PageContext,
  kind: RecordedKind,
  mail: NoticeKind,
  { factor, ...about }: AboutEvent & { readonly factor?: string } = {},
): BoundStatement[] {
  const { parts, account, origin } = context;
  const details = { ...visitorDetails(origin), ...(factor === undefined ? {} : { factor }) };
  return [
    ...eventsOf(context, kind, about),
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
