import { textField } from '../../platform/forms.ts';
import type { NewPasswordView } from '../../views/views.ts';
import { accountPage, done } from '../page.ts';

/**
 * A new password. It ends all other sessions with the grants of apps in them, in the same transaction: an attacker who
 * knew the old password is signed out. Input `new_password`.
 */
export default accountPage<{ newPassword: NewPasswordView }>({
  name: 'password',
  guard: 'fresh_sign_in',

  show({ parts, account }, refused) {
    const problem = refused?.problem;
    const failed = problem && 'failedRules' in problem ? { failed: problem.failedRules } : {};
    return { newPassword: { rules: parts.passwordRules, isFirst: account.passwordHash === null, ...failed } };
  },

  async submit(context, fields) {
    const { parts, account, session, origin, deviceCookie } = context;
    await parts.passwordChange.set(account, textField(fields, 'new_password'), {
      by: 'person',
      origin,
      keep: { sessionUid: session.sessionUid, deviceCookie },
      // Only this person, signed in, can use up this share of the hash queue.
      shares: [`account:${account.id}`],
    });
    return done('password', 'password');
  },
});
