import { isDeepStrictEqual } from 'node:util';
import type { Account } from '../accounts/account.ts';
import type { ProfileInput } from '../accounts/profile.ts';
import type { BoundStatement } from '../platform/db.ts';
import { failedGuard } from '../platform/db_errors.ts';
import type { AccountStores } from './services.ts';

/**
 * A change of a profile with its consequences. A new address is not verified unless the change says so: links to the old one end,
 * both addresses get a mail, and an unverified one gets a link. A new username and a verified address are events, the former
 * with a mail.
 * @throws AppError 400 `invalid_input`, with the field
 */
export function profileStatements(
  { accounts, events, links, mails }: Pick<AccountStores, 'accounts' | 'events' | 'links' | 'mails'>,
  before: Account,
  wanted: Partial<ProfileInput>,
): { readonly statements: readonly BoundStatement[]; readonly after: Account; refuse(error: unknown): unknown } {
  const given: Partial<ProfileInput> = Object.fromEntries(
    Object.entries(wanted).filter(([member, value]) => !isDeepStrictEqual(value, before[member as keyof ProfileInput])),
  );
  if (Object.keys(given).length === 0) return { statements: [], after: before, refuse: (error) => error };
  const { id: accountId } = before;
  const hasNewEmail = given.email !== undefined && given.email.trim() !== before.email;
  const changes = hasNewEmail ? { emailVerified: false, ...given } : given;
  const after = { ...before, ...changes } as Account;
  const { statements, refuse } = accounts.plans.changing(before, changes);
  const consequences: readonly (readonly [boolean, () => readonly BoundStatement[]])[] = [
    [
      hasNewEmail,
      () => [
        links.endAllOf(accountId),
        events.append(before, 'email_changed'),
        mails.enqueue({ kind: 'email_changed', accountId, previous: before.email }, before),
      ],
    ],
    [hasNewEmail && !after.emailVerified, () => [mails.enqueue({ kind: 'verify_email', accountId }, before)]],
    [
      !hasNewEmail && after.emailVerified && !before.emailVerified,
      () => [links.endAllOf(accountId, 'verify_email'), events.append(before, 'email_verified')],
    ],
    [
      after.username !== before.username,
      () => [events.append(before, 'username_changed'), mails.enqueue({ kind: 'username_changed', accountId }, before)],
    ],
  ];
  return {
    statements: [...statements, ...consequences.flatMap(([applies, make]) => (applies ? make() : []))],
    after,
    // The runner says what it means that a user is not as it was read.
    refuse: (error) => (failedGuard(error) === 'require_as_read' ? error : refuse(error)),
  };
}
