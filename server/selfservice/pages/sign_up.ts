import { checkEmail } from '../../accounts/identifiers.ts';
import { LINK_LIFETIMES } from '../../accounts/links.ts';
import { AppError } from '../../platform/errors.ts';
import { textField } from '../../platform/forms.ts';
import { subnet } from '../../platform/limits.ts';
import { PATHS } from '../../views/paths.ts';
import { mailRequestPage } from '../mail_request_page.ts';
import { linkAsked, localeOf, tooManyMails } from '../public_options.ts';

/**
 * Signing up begins with a mail: no account is created before the person has proved that the address is theirs, and only
 * that mail says that an account has it already.
 */
export default mailRequestPage({
  path: PATHS.signUp,
  purpose: 'sign-up',
  lifetimeSeconds: LINK_LIFETIMES.sign_up,
  isOffered: ({ signUp }) => signUp,
  typedIn: (fields) => textField(fields, 'email'),
  read: emailIn,

  async mail({ options, request }, email) {
    const locale = localeOf(options, request);
    const source = subnet(request.ip);
    if (!(await options.throttle.mayAsk('sign_up', { network: source }))) throw tooManyMails(options, request);
    const details = options.origin(request);
    await options.transact([
      options.mails.enqueue({ kind: 'sign_up', email, locale, details, source }, undefined),
      linkAsked(options, request, 'sign_up'),
    ]);
  },
});

function emailIn(typed: string): string | undefined {
  try {
    return checkEmail(typed);
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}
