import type { FastifyRequest } from 'fastify';
import type { Account } from '../accounts/account.ts';
import type { SecondFactorPolicy } from '../accounts/assurance.ts';
import type { Attempts } from '../accounts/attempts.ts';
import type { Devices } from '../accounts/devices.ts';
import type { Passkeys } from '../accounts/passkeys.ts';
import type { PasswordChange } from '../accounts/password_change.ts';
import type { PasswordService } from '../accounts/password_service.ts';
import type { Passwords } from '../accounts/passwords.ts';
import type { PersonEvents } from '../accounts/person_events.ts';
import type { PasswordPolicy } from '../accounts/policy.ts';
import type { RecoveryCodes } from '../accounts/recovery_codes.ts';
import type { Accounts } from '../accounts/store.ts';
import type { Texts } from '../accounts/texts.ts';
import type { Totp } from '../accounts/totp.ts';
import type { DetailsTypes } from '../clients/authorization_details.ts';
import type { Clock } from '../platform/clock.ts';
import type { Counts } from '../platform/counts.ts';
import type { Db } from '../platform/db.ts';
import { AppError } from '../platform/errors.ts';
import type { Fields } from '../platform/forms.ts';
import type { Limit } from '../platform/limit.ts';
import type { RequestOrigin } from '../platform/request_origin.ts';
import type { WriteBounds } from '../platform/write_bounds.ts';
import type { OwnDeletion } from '../ports/own_account.ts';
import type { Unit } from '../records/unit.ts';
import { type Again, type AnyFormPage, type Content, formPage, type Refused, type Reply } from '../views/form_pages.ts';
import type { AccountView, ClientView, FormTarget, Locale, View, Views } from '../views/views.ts';
import type { FailedSignIns, SignInOutcome } from './failures.ts';
import type { Login, Progress, Visit } from './interactions.ts';
import type { SignInNotices } from './notices.ts';

/** The services that steps use. */
export interface LoginParts {
  readonly views: Views;
  readonly now: Clock;
  /** Counts wrong guesses by address. */
  readonly signInLimit: Limit;
  readonly writes: WriteBounds;
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
  /** The challenge that a passkey signs in a visit: only this server can make it, and it is useless in another visit. */
  passkeyChallenge(visitUid: string): string;
  /** Statements for the transaction in which the request commits. */
  readonly transaction: Pick<Unit, 'addStatement' | 'addGuard' | 'addAuditLine'>;
  /** Entries for the audit. */
  readonly personEvents: PersonEvents;
  readonly failures: FailedSignIns;
  readonly signIns: Pick<Counts<SignInOutcome>, 'add'>;
  /** What the person has to accept. */
  readonly texts: Pick<Texts, 'missing' | 'accepting' | 'inForceFor'>;
  /** Runs statements as one transaction, before the request commits. */
  readonly transact: Db['transact'];
  /** Events and mails about the sign-in. */
  readonly notices: SignInNotices;
  readonly deletion: Pick<OwnDeletion, 'keep'>;
  findAccount(id: string): Promise<Account | undefined>;
  /** Lets `findAccount` return this account during the request without another query. */
  keepAccount(account: Account): void;
  readonly withAccepted: Accounts['withAccepted'];
  readonly requireEpochAtSignIn: Accounts['requireEpochAtSignIn'];
  /** How long a trusted browser is not asked for the second factor; 0: browsers cannot be trusted. */
  readonly trustDeviceSeconds: number;
  resourceServerName(identifier: string): Promise<string>;
  describeDetail: DetailsTypes['describe'];
  /** Pages for people who cannot sign in, where there are such pages. */
  readonly alternativeLinks: { readonly forgotUrl?: string; readonly signUpUrl?: string };
}

export interface StepContext {
  readonly parts: LoginParts;
  readonly visit: Visit;
  readonly request: FastifyRequest;
  readonly origin: RequestOrigin;
  /** The cookie that identifies this browser, if it has one (accounts/devices.ts). */
  readonly deviceCookie: string | undefined;
  readonly form: FormTarget;
  readonly locale: Locale;
}

/** The result of a step's form. The dispatcher decides the next step from stored state. */
export type StepReply =
  | Reply
  | {
      readonly kind: 'progress';
      readonly progress: Progress;
      /** Shown once before the next step; its link leads there. */
      readonly content?: Content;
    }
  | { readonly kind: 'cancel' };

/** One step of a sign-in: its page, and what its form does. */
export type Step = Required<AnyFormPage<StepContext, StepReply>>;

interface StepData extends FormTarget {
  readonly client: ClientView;
}

export type StepView<Data> = View<StepData & Data>;

/** A step. Its view also gets the form's target and the app. */
export function step<Data extends object, Problem = never>(page: {
  readonly view: StepView<Data>;
  show(context: StepContext, refused?: Refused<Problem>): Data | Promise<Data>;
  submit(context: StepContext, fields: Fields): Promise<StepReply | Again<Problem>>;
}): Step & { readonly view: StepView<Data> } {
  const { show, submit } = formPage<StepContext, StepData & Data, Problem, StepReply>({
    view: page.view,
    show: async (context, refused) => ({
      ...(await page.show(context, refused)),
      ...context.form,
      client: context.visit.client,
    }),
    submit: page.submit,
  });
  return { view: page.view, show, submit: submit as NonNullable<typeof submit> };
}

/** The account as the page shows it. */
export function viewOfAccount(account: Account | undefined): AccountView {
  return { email: account?.email ?? '', ...(account?.name ? { name: account.name } : {}) };
}

/** The factors that were checked in this sign-in so far. */
export function loginOf({ visit }: StepContext): Login {
  const { login } = visit.progress;
  if (!login) throw new Error('this step needs the sign-in of an earlier one');
  return login;
}

/** The account that signs in. @throws AppError 400 `interaction_expired` when it was erased or disabled since */
export async function accountOf(context: StepContext): Promise<Account> {
  const account = await context.parts.findAccount(loginOf(context).accountId);
  if (!account || account.standing === 'disabled') {
    throw new AppError('interaction_expired', 'this account is not available any more');
  }
  return account;
}
