import { AppError } from '../../platform/errors.ts';
import { isTimeZone } from '../../views/dates.ts';
import { again, pageReply } from '../../views/form_pages.ts';
import type { View } from '../../views/views.ts';
import { accountPage } from '../page.ts';

/** Shown once, because the person is signed out by then. */
export const accountDeletedView: View<{
  /** When it is erased; undefined when it has been. */
  readonly dueAt?: Date;
  readonly zone?: string;
}> = { template: 'account-deleted', layout: 'step', title: 'account-deleted.title' };

/** The person deletes the account (GDPR Art. 17). The sign-in after that offers to keep it, until it is erased. */
export default accountPage<{ dueAt?: Date }>({
  name: 'delete',
  guard: 'fresh_sign_in',

  show: ({ parts, now }) => {
    const { graceSeconds } = parts.deletion;
    return graceSeconds === 0 ? {} : { dueAt: new Date(now.getTime() + graceSeconds * 1_000) };
  },

  async submit({ parts, account, origin }) {
    try {
      const dueAt = await parts.deletion.ask(account.id, origin, origin.requestId);
      const { zoneinfo } = account;
      return pageReply(200, accountDeletedView, {
        ...(dueAt === undefined ? {} : { dueAt }),
        ...(zoneinfo !== undefined && isTimeZone(zoneinfo) ? { zone: zoneinfo } : {}),
      });
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'last_administrator')) throw error;
      return again({ key: 'last_administrator_leaves' });
    }
  },
});
