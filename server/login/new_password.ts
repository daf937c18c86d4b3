import { PasswordRefused, type PasswordRule } from '../accounts/policy.ts';
import { textField } from '../platform/forms.ts';
import { shareOfAddress } from '../platform/limits.ts';
import { again } from '../views/form_pages.ts';
import type { AccountView, NewPasswordView } from '../views/views.ts';
import { accountOf, loginOf, step } from './step.ts';

/**
 * Replaces a password that has expired, after all factors were checked. All sessions end, except this visit and the
 * session that it began in. `action` is `change` or `cancel`.
 */
export const newPasswordStep = step<{ account: AccountView; newPassword: NewPasswordView }, readonly PasswordRule[]>({
  view: {
    template: 'new-password',
    layout: 'step',
    title: 'new-password.title',
    isError: ({ newPassword }) => Boolean(newPassword.failed?.length),
    note: 'login.address',
  },

  async show({ parts, visit }, refused) {
    const account = await parts.findAccount(visit.progress.login?.accountId ?? '');
    const failed = refused?.problem ? { failed: refused.problem } : {};
    return { account: { email: account?.email ?? '' }, newPassword: { rules: parts.passwordPolicy.rules, ...failed } };
  },

  async submit(context, fields) {
    if (fields.action === 'cancel') return { kind: 'cancel' };
    const { parts, visit, request, origin, deviceCookie } = context;
    const account = await accountOf(context);
    const { passwordExpired: _, ...login } = loginOf(context);
    const sessionUid = visit.signedIn === account.id ? visit.sessionUid : undefined;
    try {
      const epoch = await parts.changePassword(account, textField(fields, 'new_password'), {
        by: 'person',
        origin: sessionUid === undefined ? origin : { ...origin, sessionId: sessionUid },
        // If the password was changed since it was verified here, this sign-in may not change it again.
        epoch: login.epoch,
        keep: { sessionUid, interactionUid: visit.uid, deviceCookie },
        shares: [shareOfAddress(request.ip), `account:${account.id}`],
      });
      return { kind: 'progress', progress: { ...visit.progress, login: { ...login, epoch } } };
    } catch (error) {
      if (!(error instanceof PasswordRefused)) throw error;
      return again(error.rules);
    }
  },
});
