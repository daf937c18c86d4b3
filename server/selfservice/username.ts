import { isReserved } from '../accounts/identifiers.ts';
import { AppError } from '../platform/errors.ts';
import { textField } from '../platform/forms.ts';
import { accountPath } from '../views/paths.ts';
import type { FormProblem } from '../views/views.ts';
import { noticesOf } from './notices.ts';
import { type AccountPage, frameOf, type PageContext } from './page.ts';
import { problemOf } from './problems.ts';

export const usernamePage: AccountPage = {
  path: accountPath('username'),
  sensitive: true,

  async show(context) {
    return render(context, context.account.username ?? '');
  },

  async submit(context, fields) {
    const { parts, account } = context;
    const typed = textField(fields, 'username').trim();
    const done = { kind: 'done', done: 'username', to: usernamePage.path } as const;
    // Nothing changes, so nobody is told of anything.
    if (typed === (account.username ?? '')) return done;
    try {
      if (typed !== '') await assertFree(context, typed);
      const notices = noticesOf(context, 'username_changed', 'username_changed');
      await parts.accounts.update(account, { username: typed === '' ? undefined : typed }, notices);
    } catch (error) {
      return { kind: 'again', html: render(context, typed, problemOf(error)) };
    }
    return done;
  },
};

/**
 * Who chooses a name has to be told that it is not to be had, and so learns that somebody may have it. That is bounded: so
 * many names a day and account, counted before anybody looks, with the same answer for names that are reserved.
 */
async function assertFree({ parts, account }: PageContext, typed: string): Promise<void> {
  await parts.usernameLimits.consume('username', account.id);
  if (isReserved(typed)) throw new AppError('identifier_taken', 'it is reserved', { field: 'username' });
}

function render(context: PageContext, typed: string, problem?: FormProblem): string {
  const data = { frame: frameOf(context, 'username'), typed, ...(problem ? { problem } : {}) };
  return context.parts.views.render('account/username', data, context.locale);
}
