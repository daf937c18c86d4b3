import type { Account } from '../accounts/account.ts';
import { withSecondFactor } from '../accounts/assurance.ts';
import type { CodeFactor } from '../accounts/attempts.ts';
import { readOneTimeCode } from '../accounts/one_time_password.ts';
import { readRecoveryCode } from '../accounts/recovery_codes.ts';
import { type Fields, textField } from '../platform/forms.ts';
import type { SecondFactorErrorKey } from '../views/views.ts';
import type { Login } from './interactions.ts';
import { accountOf, loginOf, type Step, type StepContext, type StepReply } from './step.ts';

/** What was shown, in RFC 8176's terms; undefined when it was wrong, an error when it cannot have been meant as a code. */
type Shown = readonly string[] | SecondFactorErrorKey | undefined;

interface Method {
  readonly error: SecondFactorErrorKey;
  /** Whether a browser may be trusted on the strength of it: a recovery code is for when things are not as usual. */
  readonly mayTrust: boolean;
  check(context: StepContext, account: Account, fields: Fields): Promise<Shown>;
}

/** By the button that was pressed. What it presents is checked whatever the page had offered. */
const METHODS: Readonly<Record<string, Method>> = {
  code: { error: 'invalid_code', mayTrust: true, check: checkTotp },
  passkey: { error: 'passkey_refused', mayTrust: true, check: checkPasskey },
  recovery: { error: 'invalid_recovery_code', mayTrust: false, check: checkRecoveryCode },
};

/** The second factor: a code of an authenticator app, a passkey, or a recovery code for when neither is at hand. */
export const secondFactorStep: Step = {
  show: (context) => render(context),

  async submit(context, fields): Promise<StepReply> {
    if (fields.action === 'cancel') return { kind: 'cancel' };
    const { parts, request, visit } = context;
    const action = textField(fields, 'action');
    const method = Object.hasOwn(METHODS, action) ? METHODS[action] : undefined;
    if (!method) return again(context, 'code_required');
    await parts.limits.assertAllowed('sign-in', request.ip);
    const account = await accountOf(context);
    const shown = await method.check(context, account, fields);
    // A slip of the fingers and no guess: it is told, and costs nothing.
    if (typeof shown === 'string') return again(context, shown);
    if (!shown) {
      await parts.limits.count('sign-in', request.ip);
      return again(context, method.error);
    }
    const before = loginOf(context);
    const trustDevice = method.mayTrust && parts.trustDeviceSeconds > 0 && fields.trust_device === 'yes';
    const login: Login = { ...before, amr: withSecondFactor(before.amr, shown), trustDevice };
    return { kind: 'progress', progress: { ...visit.progress, login } };
  },
};

async function checkTotp(context: StepContext, account: Account, fields: Fields): Promise<Shown> {
  const code = readOneTimeCode(textField(fields, 'code'));
  if (code === undefined) return 'code_format';
  const isRight = await guess(context, account, 'totp', () => context.parts.totp.verify(account, code));
  return isRight ? ['otp'] : undefined;
}

async function checkRecoveryCode(context: StepContext, account: Account, fields: Fields): Promise<Shown> {
  const { parts, request } = context;
  const code = readRecoveryCode(textField(fields, 'recovery_code'));
  if (code === undefined) return 'recovery_code_format';
  const isRight = await guess(context, account, 'recovery_code', () => parts.recoveryCodes.use(account, code));
  if (!isRight) return undefined;
  for (const bound of parts.notices.recoveryCodeUsed(account, request)) parts.transaction.addStatement(bound);
  return ['otp']; // it is a password for one time, if not one of RFC 6238
}

async function checkPasskey(context: StepContext, account: Account, fields: Fields): Promise<Shown> {
  const { parts, visit } = context;
  const response = textField(fields, 'assertion');
  const options = { account, requireUserVerification: false };
  return (await parts.passkeys.verify(parts.passkeyChallenge(visit.uid), response, options))?.amr;
}

/**
 * A guess at a code: taken before it is verified and counted whatever becomes of the request. One that is not allowed
 * gets the answer of a wrong one, and is not verified: a code that is right would be used up.
 */
async function guess(
  context: StepContext,
  account: Account,
  factor: CodeFactor,
  verify: () => Promise<boolean>,
): Promise<boolean> {
  const { parts, request, deviceCookie } = context;
  const taken = await parts.attempts.reserveGuess({ account, factor, deviceCookie });
  if (taken.allowed && (await verify())) {
    parts.transaction.addStatement(parts.attempts.clearFailures(taken));
    return true;
  }
  if ((await parts.attempts.countFailure(taken)).lockedNow) await parts.notices.locked(account, factor, request);
  return false;
}

async function again(context: StepContext, error: SecondFactorErrorKey): Promise<StepReply> {
  return { kind: 'again', status: 400, html: await render(context, error) };
}

async function render(context: StepContext, error?: SecondFactorErrorKey): Promise<string> {
  const { visit, parts, form, locale } = context;
  const account = await accountOf(context);
  const has = (kind: Account['secondFactors'][number]) => account.secondFactors.includes(kind);
  const options = has('passkey')
    ? await parts.passkeys.assertionOptions(parts.passkeyChallenge(visit.uid), account)
    : undefined;
  return parts.views.render(
    'second-factor',
    {
      ...form,
      client: visit.client,
      account: { email: account.email, ...(account.name ? { name: account.name } : {}) },
      hasCode: has('totp'),
      ...(options ? { passkey: JSON.stringify(options) } : {}),
      ...(parts.trustDeviceSeconds > 0
        ? { trustUntil: Math.floor(parts.now() / 1000) + parts.trustDeviceSeconds }
        : {}),
      ...(error === undefined ? {} : { error }),
    },
    locale,
  );
}
