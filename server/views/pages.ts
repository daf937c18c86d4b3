import type { DemoData, HomeData } from './demo_pages.ts';
import type { NameUnder } from './messages.ts';

/** What each page is told. One table of page name → data, so that a wrong or missing datum is a type error. */
export interface Pages {
  login: LoginData;
  'second-factor': SecondFactorData;
  enrol: EnrolData;
  'recovery-codes': RecoveryCodesData;
  'new-password': NewPasswordData;
  'ask-mail': AskMailData;
  'mail-sent': MailSentData;
  'set-password': SetPasswordData;
  'confirm-link': ConfirmLinkData;
  'link-done': LinkDoneData;
  'link-gone': LinkGoneData;
  'link-sign-in': LinkSignInData;
  'link-cookies': LinkCookiesData;
  outbox: OutboxData;
  'outbox-mail': OutboxMailData;
  consent: ConsentData;
  'select-account': SelectAccountData;
  'device-code': DeviceCodeData;
  'device-confirm': DeviceConfirmData;
  'device-done': DeviceDoneData;
  logout: LogoutData;
  'logged-out': LoggedOutData;
  error: ErrorData;
  onward: OnwardData;
  home: HomeData;
  demo: DemoData;
}

export type PageName = keyof Pages;

/** A relying party as people see it. All three are what the app says of itself: shown, never trusted. */
export interface ClientView {
  name: string;
  /** `client_uri`. Linked only when it is http(s). */
  uri?: string;
  /** `logo_uri`. Shown only when it is a path of ours or a `data:image/` URL: the CSP refuses images from elsewhere. */
  logoUri?: string;
  /** What the app says of how it treats data, and on which terms it may be used (OpenID Connect Registration §2). */
  policyUri?: string;
  tosUri?: string;
}

/** The signed-in person. */
export interface AccountView {
  name?: string;
  email: string;
}

/** The form's own URL and CSRF token; posted as `csrf`, with the pressed button's value as `action`. */
export interface FormData {
  action: string;
  csrf: string;
}

/**
 * Why a sign-in was refused. `invalid_credentials` stands for unknown, locked, passwordless and wrong alike,
 * so that the page doesn't tell whether an account exists.
 */
export type LoginErrorKey = NameUnder<'login.error'>;

/** Inputs `identifier`, `password`, `assertion`; `action` is `signin`, `passkey` or `cancel`. */
export interface LoginData extends FormData {
  client: ClientView;
  /** What was typed before, or `login_hint`. */
  identifier?: string;
  error?: LoginErrorKey;
  /** A fresh sign-in was asked for (`prompt=login`, `max_age`) although there is a session. */
  reauthenticate?: boolean;
  /** `PublicKeyCredentialRequestOptions` as JSON, for browsers with a script and a passkey. */
  passkey?: string;
  /** Paths of pages for those who cannot sign in yet, or no longer; where there are such pages. */
  forgotUrl?: string;
  signUpUrl?: string;
}

/** What was wrong with a second factor. A factor that is locked gets the answer of a wrong one. */
export type SecondFactorErrorKey = NameUnder<'second-factor.error'>;

/**
 * Inputs `code`, `recovery_code`, `assertion`, `trust_device` (`yes`); `action` is `code`, `recovery`, `passkey` or
 * `cancel`.
 */
export interface SecondFactorData extends FormData {
  client: ClientView;
  account: AccountView;
  /** The person has an authenticator app. */
  hasCode: boolean;
  /** `PublicKeyCredentialRequestOptions` as JSON: the person has a passkey. */
  passkey?: string;
  /** The browser may be trusted until then, in seconds since the epoch. */
  trustUntil?: number;
  error?: SecondFactorErrorKey;
}

/** A new secret for an authenticator app: the partial `authenticator`, with the QR code. */
export interface AuthenticatorView {
  /** Base32. */
  secret: string;
  /** `otpauth://…` */
  uri: string;
  /** Sealed; the partial posts it as `enrolment`. */
  enrolment: string;
}

/** Inputs `enrolment`, `code`; `action` is `enrol`, `later` or `cancel`. */
export interface EnrolData extends FormData {
  client: ClientView;
  authenticator: AuthenticatorView;
  /** The person may go on without. */
  isOptional: boolean;
  error?: 'invalid_code';
}

/** Shown once. */
export interface RecoveryCodesData {
  codes: readonly string[];
  /** Where it goes on, by a link. */
  next: string;
  client?: ClientView;
}

/** Inputs `identifier` or `email`: whom to mail a link. */
export interface AskMailData extends FormData {
  purpose: 'forgot' | 'sign-up';
  /** The problem: the typed value, or a missing cookie, in which case nothing was done. */
  problem?: 'typed' | 'cookies';
  /** What was typed before. */
  typed?: string;
}

/** The same for everybody: what was typed is not in it. */
export interface MailSentData {
  purpose: 'forgot' | 'sign-up';
  lifetimeSeconds: number;
}

/** What a mailed link is for. */
export type LinkPurposeName = NameUnder<'link', '.done-title'>;

/** Inputs `new_password`, and for a sign-up `name`. */
export interface SetPasswordData extends FormData {
  purpose: 'reset_password' | 'invitation' | 'sign_up';
  email: string;
  newPassword: NewPasswordView;
  /** What was typed before. */
  name?: string;
  nameFailed?: boolean;
}

export interface ConfirmLinkData extends FormData {
  purpose: 'verify_email' | 'change_email' | 'unlock';
  email: string;
  /** The address of the account that it is about. */
  account: string;
}

/** The link works only for the person who is signed in to its account. */
export interface LinkSignInData {
  purpose: 'verify_email' | 'change_email';
  /** The address that the link is about: the viewer's, if the mail is theirs. */
  email: string;
  /** The account's address, masked: the viewer may be somebody else. */
  account: string;
  /** The signed-in person, when that is another account. */
  signedInAs?: string;
  signInUrl: string;
}

/** The browser has not kept the cookie that a link's page needs. */
export interface LinkCookiesData {
  purpose: LinkPurposeName;
}

export interface LinkDoneData {
  purpose: LinkPurposeName;
}

/** Used, too old, replaced or made up: nobody is told which. */
export interface LinkGoneData {
  purpose: LinkPurposeName;
  /** Somebody else has the address by now. */
  isTaken?: boolean;
}

/** Development only: mails that nobody got. */
export interface OutboxData {
  mails: readonly { url: string; to: string; subject: string; date: string }[];
}

export interface OutboxMailData {
  from: string;
  to: string;
  subject: string;
  date: string;
  /** The text, cut where a link of ours begins or ends. */
  parts: readonly { text: string; isLink: boolean }[];
}

/** What a new password may be refused for. */
export type PasswordRuleName = NameUnder<'password.rule'>;

/**
 * A field for a new password with the rules that it must keep: the partial `new-password`, which brings its script
 * along. It posts `new_password`; at most one such field a page. `policy.rules` and the `rules` of a refusal fit in here.
 */
export interface NewPasswordView {
  /** As they are shown. Only the server can judge those that are told by neither limit nor pattern. */
  rules: readonly NewPasswordRule[];
  /** Those that the password sent before broke; undefined when none has been sent. */
  failed?: readonly PasswordRuleName[];
  /** The person has no password yet. */
  isFirst?: boolean;
}

export interface NewPasswordRule {
  name: PasswordRuleName;
  /** The number that its text tells: characters, or how many earlier passwords. */
  limit?: number;
  /** A regular expression (with the flag `u`) that a password keeping it matches. */
  pattern?: string;
}

/** The password has expired. `action` is `change` or `cancel`. */
export interface NewPasswordData extends FormData {
  client: ClientView;
  account: AccountView;
  newPassword: NewPasswordView;
}

/** `action` is `allow`, `deny` or `switch`. */
export interface ConsentData extends FormData {
  client: ClientView;
  account: AccountView;
  /** OpenID Connect scopes asked for now. */
  scopes: readonly string[];
  resources: readonly ResourceView[];
  /** What else is asked for, this once (RFC 9396). */
  details?: readonly DetailView[];
  /** Those of `scopes` that the person has allowed before. */
  remembered?: readonly string[];
}

/** A sentence of the operator's with values of the app's, and what that leaves out. */
export interface DetailView {
  sentence: readonly ({ words: string } | { value: string })[];
  more: readonly { name: string; value: string }[];
}

/** A resource server (RFC 8707) and what is asked for there. */
export interface ResourceView {
  name: string;
  identifier: string;
  scopes: readonly string[];
  /** Those of `scopes` that the person has allowed before. */
  remembered?: readonly string[];
}

/** `action` is `continue` or `another`. */
export interface SelectAccountData extends FormData {
  client: ClientView;
  account: AccountView;
}

/** Why a device's code was not taken. `code_refused` stands for unknown, expired and used alike. */
export type DeviceCodeErrorKey = NameUnder<'device-code.error'>;

/** The provider's own form: posts `xsrf` and `user_code` (RFC 8628 §3.3). */
export interface DeviceCodeData {
  action: string;
  xsrf: string;
  /** What was typed before, or came with the URL. */
  typed?: string | undefined;
  error?: DeviceCodeErrorKey | undefined;
}

/** The provider's own form: posts `xsrf` and `user_code`, with `confirm` or `abort`. */
export interface DeviceConfirmData {
  action: string;
  xsrf: string;
  client: ClientView;
  /** As the device shows it. */
  userCode: string;
  /** From where the device asked for its code. */
  device: DeviceView;
  /** Whoever is signed in already. */
  account?: AccountView;
}

export interface DeviceView {
  address: string;
  /** Where that is, seen from the browser. */
  place: 'here' | 'private' | 'elsewhere';
  /** What the device says of itself: shown, never relied upon. */
  userAgent: string;
}

export interface DeviceDoneData {
  outcome: 'approved' | 'denied';
  client?: ClientView;
}

/** The provider's own form: posts `xsrf`, and `logout=yes` when the person wants to sign out of everything. */
export interface LogoutData {
  action: string;
  xsrf: string;
  client?: ClientView;
  account?: AccountView;
}

export interface LoggedOutData {
  client?: ClientView;
  /** Where a person may go on who is not sent there. */
  elsewhere?: ErrorData['elsewhere'];
}

export interface ErrorData {
  /** HTTP status. */
  status: number;
  /** OAuth error code (RFC 6749 §4.1.2.1) or one of ours. */
  error: string;
  /** For developers, as the protocol sends it. Never a cause or a stack. */
  description?: string;
  requestId?: string;
  /** Of a page of a sign-in: what became of that, and where to go on. */
  lost?: LostView;
  /** Of an app that the operator did not make: where the person may go on, by GET or with these fields by POST. */
  elsewhere?: { host: string; href: string; fields?: Readonly<Record<string, string>> };
}

/** A form that the browser is sent on with. */
export interface OnwardData {
  /** `app`: the answer to an app that wants it by POST; `switch`: signing out whoever is signed in, for somebody else. */
  purpose: 'app' | 'switch';
  action: string;
  fields: readonly (readonly [name: string, value: string])[];
  client?: ClientView;
}

export interface LostView {
  state: 'done' | 'used' | 'no_cookie' | 'gone';
  app?: { name: string; url?: string; startUrl?: string };
}
