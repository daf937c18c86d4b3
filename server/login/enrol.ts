import { withSecondFactor } from '../accounts/assurance.ts';
import type { Enrolment } from '../accounts/totp.ts';
import { AppError } from '../platform/errors.ts';
import { textField } from '../platform/forms.ts';
import { mustEnrol } from './factor_demand.ts';
import { accountOf, loginOf, type Step, type StepContext, type StepReply } from './step.ts';

/**
 * A second factor for somebody who has none and needs one now. Until the sign-in has ended they have shown their
 * password alone; that it is theirs to set up is all that anybody can know at this point.
 */
export const enrolStep: Step = {
  async show(context) {
    const account = await accountOf(context);
    return render(context, context.parts.totp.begin(account, context.visit.uid));
  },

  async submit(context, fields): Promise<StepReply> {
    const { parts, visit, request } = context;
    const account = await accountOf(context);
    const login = loginOf(context);
    if (fields.action === 'later' && !mustEnrol(visit, account, parts.secondFactorPolicy)) {
      return { kind: 'progress', progress: { ...visit.progress, login: { ...login, declinedEnrolment: true } } };
    }
    if (fields.action === 'cancel') return { kind: 'cancel' };
    // A password that has been changed since gives nobody a factor.
    if (account.epoch !== login.epoch) throw new AppError('interaction_expired', 'this sign-in has expired');

    const enrolment = textField(fields, 'enrolment');
    const { codes, bound } = parts.recoveryCodes.draw(account);
    const confirmed = await parts.totp.confirm(account, visit.uid, enrolment, textField(fields, 'code'), [
      ...bound,
      ...parts.notices.factorAdded(account, 'totp', request),
    ]);
    if (!confirmed) {
      const same = parts.totp.resume(account, visit.uid, enrolment) ?? parts.totp.begin(account, visit.uid);
      return { kind: 'again', status: 400, html: await render(context, same, true) };
    }
    return {
      kind: 'progress',
      progress: {
        ...visit.progress,
        login: { ...login, epoch: confirmed.epoch, amr: withSecondFactor(login.amr, ['otp']) },
      },
      html: parts.views.render(
        'recovery-codes',
        { next: context.form.action, client: visit.client, codes },
        context.locale,
      ),
    };
  },
};

async function render(context: StepContext, enrolment: Enrolment, isWrong = false): Promise<string> {
  const { visit, parts, form, locale } = context;
  const isOptional = !mustEnrol(visit, await accountOf(context), parts.secondFactorPolicy);
  return parts.views.render(
    'enrol',
    {
      ...form,
      client: visit.client,
      authenticator: enrolment,
      isOptional,
      ...(isWrong ? { error: 'invalid_code' as const } : {}),
    },
    locale,
  );
}
