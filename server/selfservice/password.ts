import { textField } from '../platform/forms.ts';
import { accountPath } from '../views/paths.ts';
import type { FormProblem, NewPasswordView } from '../views/views.ts';
import { type AccountPage, frameOf, type PageContext } from './page.ts';
import { failedRules, problemOf } from './problems.ts';

/**
 * A new password. Whoever had the old one is out at once: all other sessions and what apps got in them end in the
 * transaction that sets it.
 */
export const passwordPage: AccountPage = {
  path: accountPath('password'),
  sensitive: true,

  async show(context) {
    return render(context);
  },

  async submit(context, fields) {
    const { parts, account, session, visitor, deviceCookie } = context;
    try {
      await parts.passwordChange.set(account, textField(fields, 'new_password'), {
        by: 'person',
        visitor,
        keep: { sessionUid: session.sessionUid, deviceCookie },
        // Signed in, so nobody else is in this share.
        shares: [`account:${account.id}`],
      });
    } catch (error) {
      const failed = failedRules(error);
      return { kind: 'again', html: failed ? render(context, { failed }) : render(context, {}, problemOf(error)) };
    }
    return { kind: 'done', done: 'password', to: passwordPage.path };
  },
};

function render(context: PageContext, more: Partial<NewPasswordView> = {}, problem?: FormProblem): string {
  const { parts, account, locale } = context;
  const isFirst = account.passwordHash === null;
  const newPassword = { rules: parts.passwordRules, isFirst, ...more };
  const data = { frame: frameOf(context, 'password'), newPassword, ...(problem ? { problem } : {}) };
  return parts.views.render('account/password', data, locale);
}
