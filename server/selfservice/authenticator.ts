import type { Enrolment } from '../accounts/totp.ts';
import { textField } from '../platform/forms.ts';
import { accountPath, PATHS } from '../views/paths.ts';
import type { FormProblem } from '../views/views.ts';
import { noticesOf } from './notices.ts';
import { type AccountPage, frameOf, type PageAnswer, type PageContext } from './page.ts';
import { problemOf } from './problems.ts';
import { showCodes } from './second_factor.ts';

/** Setting up an authenticator app (RFC 6238): nothing is stored before a code shows that the app has the secret. */
export const authenticatorPage: AccountPage = {
  path: accountPath('authenticator'),
  sensitive: true,

  async show(context) {
    return render(context, begin(context));
  },

  async submit(context, fields) {
    const { parts, account } = context;
    const sealed = textField(fields, 'enrolment');
    const enrolment = parts.totp.resume(account, contextName(context), sealed);
    if (!enrolment) return again(context, begin(context), { key: 'enrolment_expired' });
    const code = textField(fields, 'code');
    try {
      const hadCodes = (await parts.recoveryCodes.remaining(account)) > 0;
      const drawn = hadCodes ? undefined : parts.recoveryCodes.draw(account);
      const also = [...noticesOf(context, 'totp_added', 'factor_added', { factor: 'totp' }), ...(drawn?.bound ?? [])];
      const confirmed = await parts.totp.confirm(account, contextName(context), sealed, code, also);
      if (!confirmed) return again(context, enrolment, { key: 'code', field: 'code' });
      if (drawn) return showCodes(context, drawn.codes, { done: 'totp_added' });
    } catch (error) {
      return again(context, enrolment, problemOf(error));
    }
    return { kind: 'done', done: 'totp_added', to: PATHS.account };
  },
};

/** What an enrolment belongs to: it is of no use in another session. */
const contextName = ({ session }: PageContext) => `session ${session.sessionUid}`;

const begin = (context: PageContext) => context.parts.totp.begin(context.account, contextName(context));

function again(context: PageContext, enrolment: Enrolment, problem: FormProblem): PageAnswer {
  return { kind: 'again', html: render(context, enrolment, problem) };
}

function render(context: PageContext, authenticator: Enrolment, problem?: FormProblem): string {
  const { parts, account, locale } = context;
  return parts.views.render(
    'account/authenticator',
    {
      frame: frameOf(context, 'second-factor'),
      authenticator,
      isReplacement: account.secondFactors.includes('totp'),
      ...(problem ? { problem } : {}),
    },
    locale,
  );
}
