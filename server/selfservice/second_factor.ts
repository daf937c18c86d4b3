import { accountPath } from '../views/paths.ts';
import type { FormProblem } from '../views/views.ts';
import { noticesOf } from './notices.ts';
import { type AccountPage, frameOf, type PageAnswer, type PageContext } from './page.ts';
import { problemOf } from './problems.ts';

/** What there is beside the password: the authenticator app, passkeys, and codes for when neither is at hand. */
export const secondFactorPage: AccountPage = {
  path: accountPath('second-factor'),
  sensitive: true,

  async show(context) {
    return render(context);
  },

  async submit(context, fields) {
    try {
      return fields.action === 'renew' ? await renewCodes(context) : await removeTotp(context);
    } catch (error) {
      return { kind: 'again', html: await render(context, problemOf(error)) };
    }
  },
};

async function removeTotp(context: PageContext): Promise<PageAnswer> {
  const { parts, account } = context;
  if (account.secondFactors.includes('totp')) {
    await parts.totp.remove(account, noticesOf(context, 'totp_removed', 'factor_removed', { factor: 'totp' }));
  }
  return { kind: 'done', done: 'totp_removed', to: secondFactorPage.path };
}

async function renewCodes(context: PageContext): Promise<PageAnswer> {
  const { parts, account } = context;
  // Codes stand in for a factor; without one they would be one themselves.
  if (account.secondFactors.length === 0) return { kind: 'again', html: await render(context) };
  const notices = noticesOf(context, 'recovery_codes_renewed', 'recovery_codes_renewed');
  return showCodes(context, await parts.recoveryCodes.generate(account, notices));
}

/** Codes are shown on the answer itself: after a redirect there would be none to show. */
export function showCodes(context: PageContext, codes: readonly string[], more: Partial<PageContext> = {}): PageAnswer {
  const { parts, locale } = context;
  const frame = frameOf({ ...context, ...more }, 'second-factor');
  return { kind: 'once', html: parts.views.render('account/recovery-codes', { frame, codes }, locale) };
}

async function render(context: PageContext, problem?: FormProblem): Promise<string> {
  const { parts, account, locale } = context;
  const [passkeys, recoveryCodes] = await Promise.all([
    parts.passkeys.list(account),
    parts.recoveryCodes.remaining(account),
  ]);
  return parts.views.render(
    'account/second-factor',
    {
      frame: frameOf(context, 'second-factor'),
      hasTotp: account.secondFactors.includes('totp'),
      passkeys: passkeys.length,
      recoveryCodes,
      ...(problem ? { problem } : {}),
    },
    locale,
  );
}
