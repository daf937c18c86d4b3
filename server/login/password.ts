import type { Account } from '../accounts/account.ts';
import type { PasswordGuess } from '../accounts/attempts.ts';
import { codePoints, PASSWORD_MAX } from '../accounts/policy.ts';
import { withULabels } from '../platform/email_domains.ts';
import type { Shares } from '../platform/fair_queue.ts';
import { type Fields, textField } from '../platform/forms.ts';
import { inLanguage } from '../platform/languages.ts';
import { shareOfAddress } from '../platform/limits.ts';
import { ROW_BYTES } from '../platform/write_bounds.ts';
import { again } from '../views/form_pages.ts';
import type { NameUnder } from '../views/views.ts';
import { missingFactor } from './factor_demand.ts';
import type { FailureReason } from './failures.ts';
import type { Login } from './interactions.ts';
import { passkeyOptions, signInByPasskey } from './passkey.ts';
import { type StepContext, step } from './step.ts';

/** The longest e-mail address (RFC 5321 §4.5.3.1). */
export const MAX_IDENTIFIER = 320;

interface LoginData {
  /** The input of a failed attempt, or `login_hint`. */
  readonly identifier?: string;
  readonly error?: LoginError;
  /** A fresh sign-in was requested (`prompt=login`, `max_age`) although there is a session. */
  readonly reauthenticate?: boolean;
  /** `PublicKeyCredentialRequestOptions` as JSON, for browsers with a script and a passkey. */
  readonly passkey?: string;
  /** Paths of pages for people who cannot sign in, where there are such pages. */
  readonly forgotUrl?: string;
  readonly signUpUrl?: string;
}

/** `invalid_credentials`: an unknown or locked account, no password or a wrong one; all alike, to reveal no account. */
type LoginError = NameUnder<'login.error'>;

/**
 * Identifier and password. A wrong attempt gets the same answer after the same time for every cause. Inputs
 * `identifier`, `password`, `assertion`; `action` is `signin`, `passkey` or `cancel`.
 */
export const passwordStep = step<LoginData, LoginError>({
  view: {
    template: 'login',
    layout: 'step',
    title: ({ reauthenticate }, t) => t(reauthenticate ? 'login.again.title' : 'login.title'),
    isError: ({ error }) => error !== undefined,
    note: 'login.address',
  },

  async show(context, refused) {
    const { visit } = context;
    const error = refused?.problem;
    const identifier = refused ? typedIdentifier(refused.fields) : await suggestedIdentifier(context);
    return {
      ...alternativeLinksOf(context),
      passkey: await passkeyOptions(context),
      reauthenticate: visit.signedIn !== undefined && visit.progress.select_account?.another !== true,
      ...(identifier === '' || error === 'passkey_refused' ? {} : { identifier }),
      ...(error === undefined ? {} : { error }),
    };
  },

  async submit(context, fields) {
    if (fields.action === 'cancel') return { kind: 'cancel' };
    if (fields.action === 'passkey') {
      const login = await signInByPasskey(context, fields);
      return login ? { kind: 'progress', progress: { login } } : again('passkey_refused');
    }
    const { parts, request, origin, deviceCookie } = context;
    const identifier = typedIdentifier(fields);
    const password = textField(fields, 'password');
    const missing = missingField(identifier, password);
    if (missing) return again(missing);
    // Counted before anything is hashed and refunded when the password is right, so that waiting requests count as well.
    const charge = await parts.signInLimit.consume(request.ip);
    // A guess at a name that has had none for long is a new row.
    parts.writes.charge(request.ip, ROW_BYTES);
    parts.failures.charge(request.ip);

    const guess = await parts.attempts.reservePasswordGuess({
      identifier: identifier.slice(0, MAX_IDENTIFIER + 1), // longer than that of any account
      deviceCookie,
    });
    const { credentials } = guess;
    // A hash is verified in any case, so that the time does not reveal an account either (Note Mark CVE-2026-40263).
    const isTooLong = codePoints(password) > PASSWORD_MAX;
    const hash = guess.allowed && !isTooLong ? (credentials?.passwordHash ?? null) : null;
    const shares: Shares = [shareOfAddress(request.ip), `account:${guess.bucket.toString('base64url')}`];
    const isRight = await parts.passwords.verify(hash, isTooLong ? 'x' : password, shares).catch(async (error) => {
      if (guess.allowed) await parts.attempts.releaseGuess(guess);
      throw error;
    });
    if (!isRight || !credentials || credentials.standing === 'disabled') {
      const failure = {
        reason: failureReason(guess, isRight),
        factor: 'password',
        accountId: credentials?.id,
      } as const;
      const { lockedNow } = await parts.attempts.countFailure(guess, await parts.failures.audited(failure, origin));
      if (lockedNow) await parts.notices.locked(guess.account(), 'password', origin);
      return again('invalid_credentials');
    }
    await parts.signInLimit.refund(charge);
    parts.writes.refund(request.ip, ROW_BYTES);
    parts.failures.refund(request.ip);
    parts.transaction.addStatement(parts.attempts.clearFailures(guess));
    await parts.upgradeIfOutdated(credentials, password, shares);
    const account = guess.account();
    if (account) parts.keepAccount(account);
    const ts = Math.floor(parts.now() / 1000);
    const { id: accountId, epoch, passwordSetAt } = credentials;
    const login = {
      accountId,
      epoch,
      ts,
      amr: ['pwd'],
      remember: true,
      device: guess.device,
      ...(parts.passwordPolicy.isExpired(passwordSetAt, parts.now()) ? { passwordExpired: true } : {}),
    };
    return { kind: 'progress', progress: { login: await withNotice(context, login, account) } };
  },
});

function typedIdentifier(fields: Fields): string {
  return textField(fields, 'identifier').trim();
}

/** `login_hint`, or the address of the person who is signed in. */
async function suggestedIdentifier({ visit, parts }: StepContext): Promise<string> {
  const signedIn = visit.signedIn === undefined ? undefined : await parts.findAccount(visit.signedIn);
  return visit.loginHint ?? withULabels(signedIn?.email ?? '');
}

/** A right password without the second factor may come from an attacker, so the person is informed (ASVS 6.3.5). */
async function withNotice(context: StepContext, login: Login, account: Account | undefined): Promise<Login> {
  const { parts, visit, origin } = context;
  if (!account || missingFactor(visit, login, account, parts.secondFactorPolicy) !== 'second-factor') return login;
  const changes = { amr: { after: login.amr } };
  parts.transaction.addAuditLine(() => parts.personEvents.line(account, 'sessions.first_factor', origin, { changes }));
  const notice = await parts.notices.withoutSecondFactor(account, origin);
  if (!notice) return login;
  for (const statement of notice.statements) parts.transaction.addStatement(statement);
  return { ...login, unfinished: notice.id };
}

/** For the audit alone: the page does not tell these apart. */
function failureReason({ allowed, credentials }: PasswordGuess, isRight: boolean): FailureReason {
  if (!allowed) return 'locked';
  if (!credentials) return 'unknown_account';
  return isRight ? 'account_disabled' : 'wrong_password';
}

function missingField(identifier: string, password: string): LoginError | undefined {
  if (identifier === '') return 'identifier_required';
  return password === '' ? 'password_required' : undefined;
}

function alternativeLinksOf({ parts, request, locale }: StepContext): StepContext['parts']['alternativeLinks'] {
  const ownLocale = parts.views.negotiate(undefined, request.headers['accept-language']);
  const urls = Object.entries(parts.alternativeLinks).map(([name, url]) => [name, inLanguage(url, locale, ownLocale)]);
  return Object.fromEntries(urls);
}
