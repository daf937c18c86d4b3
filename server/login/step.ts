import type { FastifyRequest } from 'fastify';
import type { Account } from '../accounts/account.ts';
import type { SecondFactorPolicy } from '../accounts/assurance.ts';
import type { Attempts } from '../accounts/attempts.ts';
import type { Devices } from '../accounts/devices.ts';
import type { Passkeys } from '../accounts/passkeys.ts';
import type { PasswordChange } from '../accounts/password_change.ts';
import type { PasswordService } from '../accounts/password_service.ts';
import type { Passwords } from '../accounts/passwords.ts';
import type { PasswordPolicy } from '../accounts/policy.ts';
import type { RecoveryCodes } from '../accounts/recovery_codes.ts';
import type { Accounts } from '../accounts/store.ts';
import type { Totp } from '../accounts/totp.ts';
import type { DetailsTypes } from '../clients/authorization_details.ts';
import type { Clock } from '../platform/clock.ts';
import { AppError } from '../platform/errors.ts';
import type { Fields } from '../platform/forms.ts';
import type { Limits } from '../platform/limits.ts';
import type { Unit } from '../records/unit.ts';
import type { FormData, Locale, Views } from '../views/views.ts';
import type { Login, Progress, Visit } from './interactions.ts';
import type { SignInNotices } from './notices.ts';

/** What steps are given to work with. */
export interface LoginParts {
  readonly views: Views;
  readonly now: Clock;
  readonly limits: Limits;
  readonly passwords: Pick<Passwords, 'verify'>;
  readonly passwordPolicy: Pick<PasswordPolicy, 'rules' | 'isExpired'>;
  readonly changePassword: PasswordChange['set'];
  readonly upgradeIfOutdated: PasswordService['upgradeIfOutdated'];
  readonly attempts: Attempts;
  readonly devices: Devices;
  readonly totp: Totp;
  readonly recoveryCodes: RecoveryCodes;
  readonly passkeys: Passkeys;
  readonly secondFactorPolicy: SecondFactorPolicy;
  /** What a passkey has to sign in a visit: only we can make it, and it is of no use in another one. */
  passkeyChallenge(visitUid: string): string;
  /** Statements for the transaction in which the request commits. */
  readonly transaction: Pick<Unit, 'addStatement' | 'addGuard'>;
  /** What happens besides, when a person's factor was locked and when somebody signed in. */
  readonly notices: SignInNotices;
  findAccount(id: string): Promise<Account | undefined>;
  /** Spares the rest of the request looking for somebody who has been found. */
  keepAccount(account: Account): void;
  readonly requireEpoch: Accounts['requireEpoch'];
  /** For how long a browser need not show the second factor, when the person wants that; 0: they cannot. */
  readonly trustDeviceSeconds: number;
  resourceServerName(identifier: string): Promise<string>;
  describeDetail: DetailsTypes['describe'];
  /** Pages beside the door, where there are any. */
  readonly alternativeLinks: { readonly forgotUrl?: string; readonly signUpUrl?: string };
}

export interface StepContext {
  readonly parts: LoginParts;
  readonly visit: Visit;
  readonly request: FastifyRequest;
  /** What tells this browser from others, if it has that (accounts/devices.ts). */
  readonly deviceCookie: string | undefined;
  readonly form: FormData;
  readonly locale: Locale;
}

/** What a step makes of a form: progress, an end, or its page again with what was wrong. */
export type StepReply =
  | {
      readonly kind: 'progress';
      readonly progress: Progress;
      /** Shown before going on: what the person gets to see but once. Its form leads on. */
      readonly html?: string;
    }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'again'; readonly status: number; readonly html: string };

/** One file a step. A step shows its page and reads its form; what comes next is not its business. */
export interface Step {
  show(context: StepContext): Promise<string>;
  submit(context: StepContext, fields: Fields): Promise<StepReply>;
}

/** What the person has shown so far. */
export function loginOf({ visit }: StepContext): Login {
  const { login } = visit.progress;
  if (!login) throw new Error('a step that follows the first, without it');
  return login;
}

/** Who is signing in. @throws AppError 400 `interaction_expired` when the account is gone or disabled meanwhile */
export async function accountOf(context: StepContext): Promise<Account> {
  const account = await context.parts.findAccount(loginOf(context).accountId);
  if (!account || account.disabled) {
    throw new AppError('interaction_expired', 'this account is not available any more');
  }
  return account;
}
