import type { Account } from '../accounts/account.ts';
import type { Devices } from '../accounts/devices.ts';
import type { Events } from '../accounts/events.ts';
import type { MailThrottle } from '../accounts/mail_throttle.ts';
import type { Mails } from '../accounts/mails.ts';
import type { Passkeys } from '../accounts/passkeys.ts';
import type { PasswordChange } from '../accounts/password_change.ts';
import type { RecoveryCodes } from '../accounts/recovery_codes.ts';
import type { SessionDetailsStore, Visitor } from '../accounts/session_details.ts';
import type { Accounts } from '../accounts/store.ts';
import type { Totp } from '../accounts/totp.ts';
import type { DetailsTypes } from '../clients/authorization_details.ts';
import type { Db } from '../platform/db.ts';
import type { Fields } from '../platform/forms.ts';
import type { Limits } from '../platform/limits.ts';
import type { PageWanted, Position } from '../platform/pages.ts';
import type { Overview } from '../records/overview.ts';
import { dateFormat } from '../views/dates.ts';
import type {
  AccountDone,
  AccountFrame,
  AccountSection,
  Locale,
  NewPasswordView,
  PagesView,
  Views,
} from '../views/views.ts';
import type { Challenges } from './challenges.ts';
import type { SignedIn } from './sessions.ts';
import type { WaitingRequests } from './waiting_requests.ts';

/** What pages are given to work with. */
export interface AccountParts {
  readonly views: Views;
  readonly accounts: Pick<Accounts, 'findById' | 'update'>;
  readonly events: Events;
  readonly mails: Pick<Mails, 'enqueue'>;
  readonly throttle: Pick<MailThrottle, 'mayAsk'>;
  readonly overview: Overview;
  readonly sessionDetails: SessionDetailsStore;
  /** Names that a person may try, by account. */
  readonly usernameLimits: Pick<Limits, 'consume'>;
  readonly devices: Pick<Devices, 'list' | 'forget' | 'forgetOthers'>;
  readonly waiting: WaitingRequests;
  readonly totp: Totp;
  readonly recoveryCodes: RecoveryCodes;
  readonly passkeys: Passkeys;
  readonly challenges: Challenges;
  /** The one way to set a password (accounts/password_change.ts). */
  readonly passwordChange: Pick<PasswordChange, 'set'>;
  /** The rules that a new password must keep, for its form. */
  readonly passwordRules: NewPasswordView['rules'];
  /** Whether anything is mailed here; without, an address cannot be changed. */
  readonly sendsMail: boolean;
  /** Runs statements as one transaction. */
  readonly transact: Db['transact'];
  findApp(clientId: string): Promise<AppInfo | undefined>;
  resourceServerName(identifier: string): Promise<string>;
  /** RFC 9396, in words. */
  readonly describeDetail: DetailsTypes['describe'];
}

export interface AppInfo {
  readonly name: string;
  readonly firstParty: boolean;
  /** Our own pages: nobody's app. */
  readonly builtin: boolean;
  readonly uri?: string;
  readonly logoUri?: string;
}

/** One request of somebody who is signed in. */
export interface PageContext {
  readonly parts: AccountParts;
  readonly account: Account;
  readonly session: SignedIn;
  readonly visitor: Visitor;
  /** What tells this browser from others, if it has that (accounts/devices.ts). */
  readonly deviceCookie: string | undefined;
  readonly now: Date;
  readonly locale: Locale;
  readonly csrf: string;
  /** Where the page of a list begins that is asked for; undefined for the first. */
  readonly after: Position | undefined;
  /** What was done just before. */
  readonly done: AccountDone | undefined;
}

/**
 * What a page makes of a form: done, and where to go on; a page, with what was wrong or with what is shown once; or a
 * sign-in that is worth more, and then the page again.
 */
export type PageAnswer =
  | { readonly kind: 'done'; readonly done: AccountDone; readonly to: string }
  | { readonly kind: 'again'; readonly html: string }
  | { readonly kind: 'once'; readonly html: string }
  | { readonly kind: 'sign_in'; readonly acr: string };

/** One file a page. */
export interface AccountPage {
  readonly path: string;
  /** Needs a sign-in that is fresh, and at the account's own level. */
  readonly sensitive: boolean;
  show(context: PageContext): Promise<string>;
  submit?(context: PageContext, fields: Fields): Promise<PageAnswer>;
}

/** Entries of a list on one page. */
export const PAGE_SIZE = 20;

/** The page of a list that is asked for, and one row more, which tells whether there is another. */
export function wantedPage({ after }: PageContext): PageWanted {
  return { limit: PAGE_SIZE + 1, after };
}

/** The way on from a page of a list. @param next where the next one begins */
export function pagesView(path: string, { after }: PageContext, next: string | undefined): PagesView {
  return {
    ...(after === undefined ? {} : { first: path }),
    ...(next === undefined ? {} : { next: `${path}?${new URLSearchParams({ after: next })}` }),
  };
}

export function frameOf({ account, csrf, done }: PageContext, section: AccountSection): AccountFrame {
  const { name, email, zoneinfo } = account;
  return {
    section,
    account: { email, ...(name === undefined ? {} : { name }) },
    csrf,
    ...(zoneinfo !== undefined && isTimeZone(zoneinfo) ? { zone: zoneinfo } : {}),
    ...(done === undefined ? {} : { done }),
  };
}

/** A profile may name a zone that this machine does not know. */
export function isTimeZone(zone: string): boolean {
  try {
    return dateFormat('en', zone, 'day') !== undefined;
  } catch {
    return false;
  }
}
