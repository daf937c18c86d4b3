import { checkEmail, normaliseIdentifier } from '../../accounts/identifiers.ts';
import type { LinkPurpose } from '../../accounts/links.ts';
import { visitorDetails } from '../../accounts/session_details.ts';
import type { BoundStatement } from '../../platform/db.ts';
import { type Fields, textField } from '../../platform/forms.ts';
import { subnet } from '../../platform/limits.ts';
import { again } from '../../views/form_pages.ts';
import { accountPage, done, type PageContext } from '../page.ts';

interface EmailData {
  readonly current: string;
  readonly verified: boolean;
  /** False where no mail is sent. */
  readonly canChange: boolean;
  readonly typed: string;
}

/**
 * A new address becomes the account's when its owner follows the link that is mailed there. Only that mail says that
 * another account has the address already, so that this page does not reveal who has an account.
 * `action` is `change` (input `email`) or `verify`.
 */
export default accountPage<EmailData>({
  name: 'email',
  guard: 'fresh_sign_in',

  show({ parts, account }, refused) {
    const { email: current, emailVerified: verified } = account;
    return { current, verified, canChange: parts.sendsMail, typed: refused ? typedEmail(refused.fields) : '' };
  },

  async submit(context, fields) {
    const { parts, account, origin } = context;
    if (!parts.sendsMail) return again();
    if (fields.action === 'verify') {
      if (!account.emailVerified) {
        if (!(await mayMail('verify_email', context))) return again({ key: 'too_many_mails' });
        await parts.transact([
          parts.mails.enqueue({ kind: 'verify_email', accountId: account.id }, account),
          asked(context, 'verify_email'),
        ]);
      }
      return done('email_verification_sent', 'email');
    }
    const email = checkEmail(typedEmail(fields));
    if (normaliseIdentifier(email) === normaliseIdentifier(account.email)) {
      return again({ key: 'email_same', field: 'email' });
    }
    if (!(await mayMail('change_email', context))) return again({ key: 'too_many_mails' });
    const details = visitorDetails(origin);
    await parts.transact([
      parts.mails.enqueue({ kind: 'change_email', accountId: account.id, email, details }, account),
      asked(context, 'change_email'),
    ]);
    return done('email_sent', 'email');
  },
});

function asked({ parts, account, origin }: PageContext, purpose: LinkPurpose): BoundStatement {
  return parts.personEvents.entry(account, 'links.ask', origin, { changes: { purpose: { after: purpose } } });
}

function typedEmail(fields: Fields): string {
  return textField(fields, 'email').trim();
}

function mayMail(kind: 'verify_email' | 'change_email', { parts, account, origin }: PageContext): Promise<boolean> {
  return parts.throttle.mayAsk(kind, { account: account.id, network: subnet(origin.address) });
}
