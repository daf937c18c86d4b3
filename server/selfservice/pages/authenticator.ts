import { textField } from '../../platform/forms.ts';
import { again } from '../../views/form_pages.ts';
import type { AuthenticatorView } from '../../views/views.ts';
import { noticesOf } from '../notices.ts';
import { accountPage, done, type PageContext } from '../page.ts';
import { newCodesOf, showCodes } from '../recovery_codes.ts';

/**
 * Setting up an authenticator app (RFC 6238). Nothing is stored before a code shows that the app has the secret.
 * Inputs `enrolment` and `code`.
 */
export default accountPage<{ authenticator: AuthenticatorView; isReplacement: boolean }>({
  name: 'authenticator',
  guard: 'fresh_sign_in',
  section: 'second-factor',

  show(context, refused) {
    const { parts, account } = context;
    // The person has scanned this secret already, so it stays when a code was wrong.
    const before = refused && parts.totp.resume(account, bindingOf(context), textField(refused.fields, 'enrolment'));
    return {
      authenticator: before ?? parts.totp.begin(account, bindingOf(context)),
      isReplacement: account.secondFactors.includes('totp'),
    };
  },

  async submit(context, fields) {
    const { parts, account } = context;
    const sealed = textField(fields, 'enrolment');
    if (!parts.totp.resume(account, bindingOf(context), sealed)) return again({ key: 'enrolment_expired' });
    const hadCodes = (await parts.recoveryCodes.remaining(account)) > 0;
    const newCodes = hadCodes ? undefined : parts.recoveryCodes.prepare(account);
    const also = [
      ...noticesOf(context, 'totp_added', 'factor_added', { factor: 'totp' }),
      ...newCodesOf(context, newCodes),
    ];
    const code = textField(fields, 'code');
    if (!(await parts.totp.confirm(account, bindingOf(context), sealed, code, also))) {
      return again({ key: 'code', field: 'code' });
    }
    return newCodes ? showCodes(context, newCodes.codes, 'totp_added') : done('totp_added', 'overview');
  },
});

/** An enrolment is bound to the session, so that it cannot be completed in another one. */
const bindingOf = ({ session }: PageContext) => `session ${session.sessionUid}`;
