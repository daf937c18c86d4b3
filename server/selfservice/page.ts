import type { Account } from '../accounts/account.ts';
import type { Devices } from '../accounts/devices.ts';
import type { Events } from '../accounts/events.ts';
import type { MailThrottle } from '../accounts/mail_throttle.ts';
import type { Mails } from '../accounts/mails.ts';
import type { Passkeys } from '../accounts/passkeys.ts';
import type { PasswordChange } from '../accounts/password_change.ts';
import type { PersonEvents } from '../accounts/person_events.ts';
import type { RecoveryCodes } from '../accounts/recovery_codes.ts';
import type { SessionDetailsStore } from '../accounts/session_details.ts';
import type { Accounts } from '../accounts/store.ts';
import type { Texts } from '../accounts/texts.ts';
import type { Totp } from '../accounts/totp.ts';
import type { DetailsTypes } from '../clients/authorization_details.ts';
import type { DataExports } from '../operations/data_export.ts';
import type { Db } from '../platform/db.ts';
import type { Fields } from '../platform/forms.ts';
import type { Limit } from '../platform/limit.ts';
import type { Position } from '../platform/pages.ts';
import type { RequestOrigin } from '../platform/request_origin.ts';
import type { OwnDeletion } from '../ports/own_account.ts';
import type { SignedIn } from '../ports/sessions.ts';
import type { WaitingRequests } from '../ports/waiting_requests.ts';
import type { Overview } from '../records/overview.ts';
import { isTimeZone } from '../views/dates.ts';
import { type Again, type AnyFormPage, again, formPage, type Refused, type Reply } from '../views/form_pages.ts';
import { type AccountPageName, accountPath } from '../views/paths.ts';
import type {
  AccountDone,
  AccountFrame,
  App,
  Framed,
  Locale,
  MessageKey,
  NewPasswordView,
  View,
  Views,
} from '../views/views.ts';
import type { Challenges } from './challenges.ts';
import { type PageProblem, problemOf } from './problems.ts';

/** The services that account pages use. */
export interface AccountParts {
  readonly views: Views;
  readonly accounts: Pick<Accounts, 'findById' | 'update'>;
  readonly events: Pick<Events, 'list'>;
  /** What the person and the audit are told of a change. */
  readonly personEvents: PersonEvents;
  readonly mails: Pick<Mails, 'enqueue'>;
  readonly throttle: Pick<MailThrottle, 'mayAsk'>;
  readonly overview: Overview;
  readonly sessionDetails: SessionDetailsStore;
  /** Bounds how many usernames an account may try. */
  readonly usernameLimit: Pick<Limit, 'consume'>;
  readonly dataExports: DataExports;
  /** Bounds how often a person may export their data. */
  readonly exportLimit: Pick<Limit, 'consume'>;
  readonly devices: Pick<Devices, 'list' | 'forget' | 'forgetOthers'>;
  readonly waiting: WaitingRequests;
  readonly texts: Pick<Texts, 'acceptedBy' | 'withdrawing'>;
  readonly totp: Totp;
  readonly recoveryCodes: RecoveryCodes;
  readonly passkeys: Passkeys;
  readonly challenges: Challenges;
  readonly deletion: Pick<OwnDeletion, 'ask' | 'graceSeconds'>;
  /** The one way to set a password (accounts/password_change.ts). */
  readonly passwordChange: Pick<PasswordChange, 'set'>;
  /** The rules that a new password must keep, for its form. */
  readonly passwordRules: NewPasswordView['rules'];
  /** This server sends mail; otherwise addresses cannot be changed. */
  readonly sendsMail: boolean;
  /** Runs statements as one transaction. */
  readonly transact: Db['transact'];
  findApp(clientId: string): Promise<App | undefined>;
  resourceServerName(identifier: string): Promise<string>;
  /** RFC 9396, in words. */
  readonly describeDetail: DetailsTypes['describe'];
}

/** A request of a signed-in person. */
export interface PageContext {
  readonly parts: AccountParts;
  readonly account: Account;
  readonly session: SignedIn;
  readonly origin: RequestOrigin;
  /** The cookie that identifies this browser, if it has one (accounts/devices.ts). */
  readonly deviceCookie: string | undefined;
  readonly now: Date;
  readonly locale: Locale;
  readonly csrf: string;
  /** Where the requested page of a list begins; undefined for the first page. */
  readonly after: Position | undefined;
  /** The change that was made just before: shown once, on the next page. */
  readonly done: AccountDone | undefined;
  /** Where the person signs in anew and then comes back to this page. @param acr the assurance that is needed */
  signInUrl(acr: string): string;
}

/** A page at `/account`; `accountPage` makes one. */
export interface AccountPage<Data = never> extends AnyFormPage<PageContext> {
  readonly path: string;
  readonly guard: AccountGuard;
  readonly view: View<Framed & Data>;
}

/** `fresh_sign_in`: a recent sign-in with every factor that the account has. */
export type AccountGuard = 'signed_in' | 'fresh_sign_in';

/**
 * A page of the account. Its name is in its path, its template and its texts in the catalogues; one for which there is a
 * label `account.nav.<name>` is in the navigation.
 */
export function accountPage<Data extends object = object>(page: {
  readonly name: AccountPageName;
  readonly guard: AccountGuard;
  /** The entry of the navigation that it belongs to; default: its own. */
  readonly section?: AccountPageName;
  show(context: PageContext, refused?: Refused<PageProblem>): Data | Promise<Data>;
  /** An error that the form itself led to shows the page again (problems.ts). */
  submit?(context: PageContext, fields: Fields): Promise<Reply | Again<PageProblem>>;
}): AccountPage<Data> {
  const { name, guard, section = name } = page;
  const view = accountView<Data>(name, `account.${name}.title`);
  const submit = page.submit?.bind(page);
  return {
    path: accountPath(name),
    guard,
    view,
    ...formPage<PageContext, Framed & Data, PageProblem>({
      view,
      async show(context, refused) {
        const data = await page.show(context, refused);
        const { problem } = refused ?? {};
        return { ...data, frame: frameOf(context, section), ...(problem && 'key' in problem ? { problem } : {}) };
      },
      ...(submit && {
        submit: (context, fields) => submit(context, fields).catch((error: unknown) => again(problemOf(error))),
      }),
    }),
  };
}

export function accountView<Data>(name: string, title: MessageKey): View<Framed & Data> {
  return { template: `account/${name}`, layout: 'account', title, isError: ({ problem }) => problem !== undefined };
}

/** The form was carried out: redirects the browser to a page that says so. */
export function done(what: AccountDone, page: AccountPageName): Reply {
  return { kind: 'redirect', to: `${accountPath(page)}?done=${what}` };
}

export function frameOf({ account, csrf, done }: PageContext, section: AccountPageName): AccountFrame {
  const { name, email, zoneinfo } = account;
  return {
    section,
    account: { email, ...(name === undefined ? {} : { name }) },
    csrf,
    ...(zoneinfo !== undefined && isTimeZone(zoneinfo) ? { zone: zoneinfo } : {}),
    ...(done === undefined ? {} : { done }),
  };
}
