import type { Account } from '../accounts/account.ts';
import { withSecondFactor } from '../accounts/assurance.ts';
import type { CodeFactor } from '../accounts/attempts.ts';
import { readOneTimeCode } from '../accounts/one_time_password.ts';
import { readRecoveryCode } from '../accounts/recovery_codes.ts';
import { type Fields, textField } from '../platform/forms.ts';
import { again } from '../views/form_pages.ts';
import type { AccountView, NameUnder } from '../views/views.ts';
import type { Login } from './interactions.ts';
import { accountOf, loginOf, type StepContext, step, viewOfAccount } from './step.ts';

/** A locked factor gets the error of a wrong one. */
type SecondFactorError = NameUnder<'second-factor.error'>;

/** The methods that were proved (RFC 8176); undefined for a wrong code, an error for text that has no code's form. */
type Shown = readonly string[] | SecondFactorError | undefined;

interface Method {
  readonly error: SecondFactorError;
  /** True when the browser may be trusted after it: not after a recovery code, which is for emergencies. */
  readonly mayTrust: boolean;
  check(context: StepContext, account: Account, fields: Fields): Promise<Shown>;
}

/** By the pressed button's value. A method is checked even when the page did not offer it. */
const METHODS: Readonly<Record<string, Method>> = {
  code: { error: 'invalid_code', mayTrust: true, check: checkTotp },
  passkey: { error: 'passkey_refused', mayTrust: true, check: checkPasskey },
  recovery: { error: 'invalid_recovery_code', mayTrust: false, check: checkRecoveryCode },
};

interface SecondFactorData {
  readonly account: AccountView;
  /** The person has an authenticator app. */
  readonly hasCode: boolean;
  /** `PublicKeyCredentialRequestOptions` as JSON: the person has a passkey. */
  readonly passkey?: string;
  /** The browser may be trusted until then, in seconds since the epoch. */
  readonly trustUntil?: number;
  readonly error?: SecondFactorError;
}

/**
 * The second factor: a code of an authenticator app, a passkey, or a recovery code for when neither is at hand. Inputs
 * `code`, `recovery_code`, `assertion`, `trust_device` (`yes`); `action` is a method's name or `cancel`.
 */
export const secondFactorStep = step<SecondFactorData, SecondFactorError>({
  view: {
    template: 'second-factor',
    layout: 'step',
    title: 'second-factor.title',
    isError: ({ error }) => error !== undefined,
    note: 'login.address',
  },

  async show(context, refused) {
    const { visit, parts } = context;
    const account = await accountOf(context);
    const has = (kind: Account['secondFactors'][number]) => account.secondFactors.includes(kind);
    const options = has('passkey')
      ? await parts.passkeys.assertionOptions(parts.passkeyChallenge(visit.uid), account)
      : undefined;
    const seconds = parts.trustDeviceSeconds;
    return {
      account: viewOfAccount(account),
      hasCode: has('totp'),
      ...(options ? { passkey: JSON.stringify(options) } : {}),
      ...(seconds > 0 ? { trustUntil: Math.floor(parts.now() / 1000) + seconds } : {}),
      ...(refused?.problem === undefined ? {} : { error: refused.problem }),
    };
  },

  async submit(context, fields) {
    if (fields.action === 'cancel') return { kind: 'cancel' };
    const { parts, request, visit } = context;
    const action = textField(fields, 'action');
    const method = Object.hasOwn(METHODS, action) ? METHODS[action] : undefined;
    if (!method) return again('code_required');
    await parts.signInLimit.assertAllowed(request.ip);
    parts.failures.charge(request.ip);
    const account = await accountOf(context);
    const shown = await method.check(context, account, fields);
    // A text without a code's form is a typing error: it is not counted, and the page says so.
    if (typeof shown === 'string') {
      parts.failures.refund(request.ip);
      return again(shown);
    }
    if (!shown) {
      await parts.signInLimit.count(request.ip);
      return again(method.error);
    }
    parts.failures.refund(request.ip);
    const before = loginOf(context);
    const trustDevice = method.mayTrust && parts.trustDeviceSeconds > 0 && fields.trust_device === 'yes';
    const login: Login = { ...before, amr: withSecondFactor(before.amr, shown), trustDevice };
    return { kind: 'progress', progress: { ...visit.progress, login } };
  },
});

async function checkTotp(context: StepContext, account: Account, fields: Fields): Promise<Shown> {
  const code = readOneTimeCode(textField(fields, 'code'));
  if (code === undefined) return 'code_format';
  const isRight = await guess(context, account, 'totp', () => context.parts.totp.verify(account, code));
  return isRight ? ['otp'] : undefined;
}

async function checkRecoveryCode(context: StepContext, account: Account, fields: Fields): Promise<Shown> {
  const { parts, origin } = context;
  const code = readRecoveryCode(textField(fields, 'recovery_code'));
  if (code === undefined) return 'recovery_code_format';
  const isRight = await guess(context, account, 'recovery_code', () =>
    parts.recoveryCodes.use(account, code, [parts.personEvents.line(account, 'recovery_codes.use', origin)]),
  );
  if (!isRight) return undefined;
  for (const statement of parts.notices.recoveryCodeUsed(account, origin)) parts.transaction.addStatement(statement);
  return ['otp']; // a one-time password, though not one of RFC 6238
}

async function checkPasskey(context: StepContext, account: Account, fields: Fields): Promise<Shown> {
  const { parts, visit, origin } = context;
  const response = textField(fields, 'assertion');
  const options = { account, requireUserVerification: false, origin };
  const assertion = await parts.passkeys.verify(parts.passkeyChallenge(visit.uid), response, options);
  if (!assertion) await parts.failures.note({ reason: 'passkey_refused', factor: 'passkey', account }, origin);
  return assertion?.amr;
}

/**
 * A guess at a code: reserved before it is verified, and counted even when the request fails later. A guess that is not
 * allowed gets the error of a wrong one and is not verified: that would use up a right code.
 */
async function guess(
  context: StepContext,
  account: Account,
  factor: CodeFactor,
  verify: () => Promise<boolean>,
): Promise<boolean> {
  const { parts, origin, deviceCookie } = context;
  const reserved = await parts.attempts.reserveGuess({ account, factor, deviceCookie });
  if (reserved.allowed && (await verify())) {
    parts.transaction.addStatement(parts.attempts.clearFailures(reserved));
    return true;
  }
  const wrong = factor === 'totp' ? 'wrong_code' : 'wrong_recovery_code';
  const failure = { reason: reserved.allowed ? wrong : 'locked', factor, account } as const;
  const { lockedNow } = await parts.attempts.countFailure(reserved, await parts.failures.audited(failure, origin));
  if (lockedNow) await parts.notices.locked(account, factor, origin);
  return false;
}
