import type { NameUnder } from './messages.ts';
import type { AccountView, AuthenticatorView, ClientView, DetailView, NewPasswordView, ResourceView } from './pages.ts';

/** What the pages at `/account` are told. All have the frame, which the layout prints around them. */
export interface AccountPages {
  'account/overview': AccountOverviewData;
  'account/profile': AccountProfileData;
  'account/email': AccountEmailData;
  'account/username': AccountUsernameData;
  'account/password': AccountPasswordData;
  'account/second-factor': AccountSecondFactorData;
  'account/authenticator': AccountAuthenticatorData;
  'account/recovery-codes': AccountRecoveryCodesData;
  'account/passkeys': AccountPasskeysData;
  'account/sessions': AccountSessionsData;
  'account/devices': AccountDevicesData;
  'account/apps': AccountAppsData;
  'account/requests': AccountRequestsData;
  'account/events': AccountEventsData;
}

/** Pages that the navigation has a label for. */
export type AccountSection = NameUnder<'account.nav'>;

/** What was done just now: said once, on the page that follows. */
export type AccountDone = NameUnder<'account.done'>;

/** Why a form was not accepted. */
export type AccountProblem = NameUnder<'account.problem'>;

export interface AccountFrame {
  section: AccountSection;
  account: AccountView;
  csrf: string;
  /** Time zone of the times on the page; UTC without one. */
  zone?: string;
  done?: AccountDone;
}

interface Framed {
  frame: AccountFrame;
  problem?: FormProblem;
}

/** A list that may have more than one page. */
interface Listed extends Framed {
  pages?: PagesView;
}

export interface PagesView {
  /** Where the first page is; undefined on it. */
  first?: string;
  next?: string;
}

export interface FormProblem {
  key: AccountProblem;
  /** The name of the input to blame, when there is one. */
  field?: string;
}

/** How many apps are counted: of more it is said that there are more. */
export const APPS_COUNTED = 100;

export interface AccountOverviewData extends Framed {
  emailVerified: boolean;
  username?: string;
  /** Undefined when its age is not known. */
  passwordSetAt?: Date;
  hasPassword: boolean;
  hasTotp: boolean;
  passkeys: number;
  recoveryCodes: number;
  sessions: number;
  /** Counted no further than `APPS_COUNTED`. */
  apps: number;
  /** Of apps, that wait for the person to decide. */
  requests: number;
  events: readonly AccountEventView[];
  hints: readonly AccountHint[];
}

export interface AccountHint {
  name: NameUnder<'account.hint'>;
  /** The page that helps. */
  href: string;
}

/** Inputs by their OpenID Connect names, with what was typed. */
export interface AccountProfileData extends Framed {
  values: Readonly<Record<ProfileField, string>>;
  /** To choose from; the first is none. */
  languages: readonly { tag: string; name: string }[];
  zones: readonly string[];
}

export type ProfileField = 'name' | 'given_name' | 'middle_name' | 'family_name' | 'nickname' | 'locale' | 'zoneinfo';

/** `action` is `change` (input `email`) or `verify`. */
export interface AccountEmailData extends Framed {
  current: string;
  verified: boolean;
  /** False where nothing is mailed. */
  canChange: boolean;
  typed: string;
}

/** Input `username`; empty takes it away. */
export interface AccountUsernameData extends Framed {
  typed: string;
}

export interface AccountPasswordData extends Framed {
  newPassword: NewPasswordView;
}

/** `action` is `remove` or `renew`. */
export interface AccountSecondFactorData extends Framed {
  hasTotp: boolean;
  passkeys: number;
  recoveryCodes: number;
}

/** Inputs `enrolment` and `code`. */
export interface AccountAuthenticatorData extends Framed {
  authenticator: AuthenticatorView;
  isReplacement: boolean;
}

/** Shown once. */
export interface AccountRecoveryCodesData extends Framed {
  codes: readonly string[];
}

/** `action` is `register` (inputs `name`, `challenge`, `response`), `rename` (`passkey`, `name`) or `remove` (`passkey`). */
export interface AccountPasskeysData extends Listed {
  passkeys: readonly PasskeyView[];
  /** Sealed; comes back with the answer. */
  challenge: string;
  /** JSON of `PublicKeyCredentialCreationOptions`. */
  options: string;
  /** The name for a new one, as typed. */
  typed: string;
}

export interface PasskeyView {
  id: string;
  name: string;
  backedUp: boolean;
  createdAt: Date;
  lastUsedAt?: Date;
}

/** What a browser is, as far as it says. */
export interface BrowserView {
  browser?: string;
  system?: string;
}

export interface PlaceView {
  kind: 'here' | 'private' | 'elsewhere';
  /** An address, or a network of them. */
  network: string;
}

/** `action` is `end` (input `session`) or `end_others`. */
export interface AccountSessionsData extends Listed {
  sessions: readonly (BrowserView & {
    uid: string;
    isCurrent: boolean;
    place?: PlaceView;
    signedInAt?: Date;
    lastSeenAt?: Date;
    /** However much it is used. */
    endsAt?: Date;
  })[];
}

/** `action` is `forget` (input `device`) or `forget_others`. */
export interface AccountDevicesData extends Framed {
  devices: readonly (BrowserView & {
    id: string;
    isCurrent: boolean;
    place?: PlaceView;
    since: Date;
    lastUsedAt?: Date;
    /** Until then the second factor is not asked for there. */
    trustedUntil?: Date;
  })[];
}

/** Input `client`. */
export interface AccountAppsData extends Listed {
  apps: readonly {
    id: string;
    client: ClientView;
    isFirstParty: boolean;
    scopes: readonly string[];
    resources: readonly ResourceView[];
    since?: Date;
    lastUsedAt?: Date;
  }[];
}

/** `action` is `approve` or `deny` (input `request`). */
export interface AccountRequestsData extends Listed {
  requests: readonly {
    id: string;
    client: ClientView;
    isFirstParty: boolean;
    /** What the app, or the person on the phone, shows or says as well. */
    bindingMessage?: string;
    scopes: readonly string[];
    resources: readonly ResourceView[];
    details: readonly DetailView[];
    askedAt: Date;
    expiresAt: Date;
  }[];
}

export interface AccountEventsData extends Listed {
  events: readonly AccountEventView[];
}

export type AccountEventKind = NameUnder<'account.event'>;

export interface AccountEventView extends BrowserView {
  kind: AccountEventKind;
  at: Date;
  place?: PlaceView;
  /** What it was about: an app or a passkey by its name. */
  subject?: string;
}
