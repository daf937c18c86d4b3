import { PasswordRefused, type PasswordRule } from '../accounts/policy.ts';
import { AppError } from '../platform/errors.ts';
import { textField } from '../platform/forms.ts';
import { shareOfAddress } from '../platform/limits.ts';
import type { Step, StepContext } from './step.ts';

/**
 * A new password in place of one that has expired. The person has shown who they are by then, with every factor; what
 * rests on the old password ends, but for this visit and the session that it began in.
 */
export const newPasswordStep: Step = {
  show: (context) => render(context),

  async submit(context, fields) {
    if (fields.action === 'cancel') return { kind: 'cancel' };
    const { parts, visit, request, deviceCookie } = context;
    const { login } = visit.progress;
    const account = login && (await parts.findAccount(login.accountId));
    if (!account || account.disabled) {
      throw new AppError('interaction_expired', 'this account is not available any more');
    }
    const sessionUid = visit.signedIn === account.id ? visit.sessionUid : undefined;
    try {
      const epoch = await parts.changePassword(account, textField(fields, 'new_password'), {
        by: 'person',
        visitor: { userAgent: request.headers['user-agent'], address: request.ip },
        // If the password was changed since it was verified here, this sign-in may not change it again.
        epoch: login.epoch,
        keep: { sessionUid, interactionUid: visit.uid, deviceCookie },
        shares: [shareOfAddress(request.ip), `account:${account.id}`],
      });
      const { passwordExpired: _, ...rest } = login;
      return { kind: 'progress', progress: { ...visit.progress, login: { ...rest, epoch } } };
    } catch (error) {
      if (!(error instanceof PasswordRefused)) throw error;
      return { kind: 'again', status: 400, html: await render(context, error.rules) };
    }
  },
};

async function render({ parts, visit, form, locale }: StepContext, failed?: readonly PasswordRule[]): Promise<string> {
  const account = await parts.findAccount(visit.progress.login?.accountId ?? '');
  return parts.views.render(
    'new-password',
    {
      ...form,
      client: visit.client,
      account: { email: account?.email ?? '' },
      newPassword: { rules: parts.passwordPolicy.rules, ...(failed ? { failed } : {}) },
    },
    locale,
  );
}
