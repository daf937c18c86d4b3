import { checkEmail, normaliseIdentifier } from '../accounts/identifiers.ts';
import { visitorDetails } from '../accounts/session_details.ts';
import { textField } from '../platform/forms.ts';
import { subnet } from '../platform/limits.ts';
import { accountPath } from '../views/paths.ts';
import type { FormProblem } from '../views/views.ts';
import { type AccountPage, frameOf, type PageAnswer, type PageContext } from './page.ts';
import { problemOf } from './problems.ts';

/**
 * Another address becomes the account's when its owner follows the link that is sent there. Whether somebody else has it
 * shows to whoever gets that mail, and not here (design §5).
 */
export const emailPage: AccountPage = {
  path: accountPath('email'),
  sensitive: true,

  async show(context) {
    return render(context, '');
  },

  async submit(context, fields) {
    const { parts, account, visitor } = context;
    if (!parts.sendsMail) return { kind: 'again', html: render(context, '') };
    if (fields.action === 'verify') {
      if (!account.emailVerified) {
        if (!(await mayAsk('verify_email', context))) return tooMany(context, '');
        await parts.transact([parts.mails.enqueue({ kind: 'verify_email', accountId: account.id })]);
      }
      return { kind: 'done', done: 'email_verification_sent', to: emailPage.path };
    }
    const typed = textField(fields, 'email').trim();
    const checked = check(typed);
    if (typeof checked === 'object') return { kind: 'again', html: render(context, typed, checked) };
    if (normaliseIdentifier(checked) === normaliseIdentifier(account.email)) {
      return { kind: 'again', html: render(context, typed, { key: 'email_same', field: 'email' }) };
    }
    if (!(await mayAsk('change_email', context))) return tooMany(context, typed);
    const details = visitorDetails(visitor);
    await parts.transact([
      parts.mails.enqueue({ kind: 'change_email', accountId: account.id, email: checked, details }),
    ]);
    return { kind: 'done', done: 'email_sent', to: emailPage.path };
  },
};

function mayAsk(kind: 'verify_email' | 'change_email', { parts, account, visitor }: PageContext): Promise<boolean> {
  return parts.throttle.mayAsk(kind, { account: account.id, network: subnet(visitor.address) });
}

function tooMany(context: PageContext, typed: string): PageAnswer {
  return { kind: 'again', html: render(context, typed, { key: 'too_many_mails' }) };
}

function check(typed: string): string | FormProblem {
  try {
    return checkEmail(typed);
  } catch (error) {
    return problemOf(error);
  }
}

function render(context: PageContext, typed: string, problem?: FormProblem): string {
  const { parts, account, locale } = context;
  const { email: current, emailVerified: verified } = account;
  const data = {
    frame: frameOf(context, 'email'),
    current,
    verified,
    typed,
    canChange: parts.sendsMail,
    ...(problem ? { problem } : {}),
  };
  return parts.views.render('account/email', data, locale);
}
