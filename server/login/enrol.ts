import { withSecondFactor } from '../accounts/assurance.ts';
import { AppError } from '../platform/errors.ts';
import { textField } from '../platform/forms.ts';
import { again, contentOf } from '../views/form_pages.ts';
import type { AuthenticatorView, ClientView, View } from '../views/views.ts';
import { mustEnrol } from './factor_demand.ts';
import { accountOf, loginOf, step } from './step.ts';

interface EnrolData {
  readonly authenticator: AuthenticatorView;
  /** The person may continue without a second factor. */
  readonly isOptional: boolean;
  readonly error?: 'invalid_code';
}

/** Shown once. */
export const recoveryCodesView: View<{
  readonly codes: readonly string[];
  /** A link to the next step. */
  readonly next: string;
  readonly client: ClientView;
}> = { template: 'recovery-codes', layout: 'step', title: 'recovery-codes.title' };

/**
 * Sets up a second factor for a person who has none and needs one now. At this point only the password has been checked,
 * so it has to be enough to set one up. Inputs `enrolment`, `code`; `action` is `enrol`, `later` or
 * `cancel`.
 */
export const enrolStep = step<EnrolData, 'invalid_code'>({
  view: { template: 'enrol', layout: 'step', title: 'enrol.title', isError: ({ error }) => error !== undefined },

  async show(context, refused) {
    const { parts, visit } = context;
    const account = await accountOf(context);
    // The person has scanned this secret already, so it stays when a code was wrong.
    const before = refused && parts.totp.resume(account, visit.uid, textField(refused.fields, 'enrolment'));
    return {
      authenticator: before ?? parts.totp.begin(account, visit.uid),
      isOptional: !mustEnrol(visit, account, parts.secondFactorPolicy),
      ...(refused ? { error: 'invalid_code' } : {}),
    };
  },

  async submit(context, fields) {
    const { parts, visit, origin } = context;
    const account = await accountOf(context);
    const login = loginOf(context);
    if (fields.action === 'later' && !mustEnrol(visit, account, parts.secondFactorPolicy)) {
      return { kind: 'progress', progress: { ...visit.progress, login: { ...login, declinedEnrolment: true } } };
    }
    if (fields.action === 'cancel') return { kind: 'cancel' };
    // If the password was changed since, this sign-in may not add a factor.
    if (account.epoch !== login.epoch) throw new AppError('interaction_expired', 'this sign-in has expired');

    const { codes, bound } = parts.recoveryCodes.prepare(account);
    const enrolment = textField(fields, 'enrolment');
    const confirmed = await parts.totp.confirm(account, visit.uid, enrolment, textField(fields, 'code'), [
      ...bound,
      ...parts.notices.factorAdded(account, 'totp', origin),
      parts.personEvents.entry(account, 'recovery_codes.renew', origin),
    ]);
    if (!confirmed) return again('invalid_code');
    return {
      kind: 'progress',
      progress: {
        ...visit.progress,
        login: { ...login, epoch: confirmed.epoch, amr: withSecondFactor(login.amr, ['otp']) },
      },
      content: contentOf(recoveryCodesView, { next: context.form.action, client: visit.client, codes }),
    };
  },
});
