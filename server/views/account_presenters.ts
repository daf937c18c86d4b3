import {
  type AccountDone,
  type AccountEventKind,
  type AccountHint,
  type AccountProblem,
  type AccountSection,
  APPS_COUNTED,
  type BrowserView,
  type FormProblem,
  type PlaceView,
  type ProfileField,
} from './account_pages.ts';
import { dateFormat } from './dates.ts';
import type { MessageKey, Translator } from './messages.ts';
import { accountPath } from './paths.ts';

// What the templates at `/account` ask for: data, which they print escaped.

interface NavItem {
  section: AccountSection;
  href: string;
  text: MessageKey;
}

const SECTIONS: Readonly<Record<AccountSection, Omit<NavItem, 'section'>>> = {
  overview: { href: accountPath('overview'), text: 'account.nav.overview' },
  profile: { href: accountPath('profile'), text: 'account.nav.profile' },
  email: { href: accountPath('email'), text: 'account.nav.email' },
  username: { href: accountPath('username'), text: 'account.nav.username' },
  password: { href: accountPath('password'), text: 'account.nav.password' },
  'second-factor': { href: accountPath('second-factor'), text: 'account.nav.second-factor' },
  passkeys: { href: accountPath('passkeys'), text: 'account.nav.passkeys' },
  sessions: { href: accountPath('sessions'), text: 'account.nav.sessions' },
  devices: { href: accountPath('devices'), text: 'account.nav.devices' },
  apps: { href: accountPath('apps'), text: 'account.nav.apps' },
  requests: { href: accountPath('requests'), text: 'account.nav.requests' },
  events: { href: accountPath('events'), text: 'account.nav.events' },
};

export const accountNav: readonly NavItem[] = Object.entries(SECTIONS).map(([section, item]) => ({
  section: section as AccountSection,
  ...item,
}));

const DONE: Readonly<Record<AccountDone, MessageKey>> = {
  profile: 'account.done.profile',
  email_sent: 'account.done.email-sent',
  email_verification_sent: 'account.done.email-verification-sent',
  username: 'account.done.username',
  password: 'account.done.password',
  totp_added: 'account.done.totp-added',
  totp_removed: 'account.done.totp-removed',
  passkey_added: 'account.done.passkey-added',
  passkey_renamed: 'account.done.passkey-renamed',
  passkey_removed: 'account.done.passkey-removed',
  session_ended: 'account.done.session-ended',
  sessions_ended: 'account.done.sessions-ended',
  device_forgotten: 'account.done.device-forgotten',
  devices_forgotten: 'account.done.devices-forgotten',
  app_revoked: 'account.done.app-revoked',
  request_approved: 'account.done.request-approved',
  request_denied: 'account.done.request-denied',
};

export function isAccountDone(text: unknown): text is AccountDone {
  return typeof text === 'string' && Object.hasOwn(DONE, text);
}

export function doneText(done: AccountDone): MessageKey {
  return DONE[done];
}

const PROBLEMS: Readonly<Record<AccountProblem, MessageKey>> = {
  text: 'account.problem.text',
  locale: 'account.problem.locale',
  zoneinfo: 'account.problem.zoneinfo',
  email: 'account.problem.email',
  email_same: 'account.problem.email-same',
  too_many_mails: 'account.problem.too-many-mails',
  username: 'account.problem.username',
  username_taken: 'account.problem.username-taken',
  username_limit: 'account.problem.username-limit',
  code: 'account.problem.code',
  enrolment_expired: 'account.problem.enrolment-expired',
  passkey: 'account.problem.passkey',
  passkey_exists: 'account.problem.passkey-exists',
  passkey_name: 'account.problem.passkey-name',
  changed_meanwhile: 'account.problem.changed-meanwhile',
  request_gone: 'account.problem.request-gone',
};

export function problemText({ key }: FormProblem): MessageKey {
  return PROBLEMS[key];
}

const HINTS: Readonly<Record<AccountHint, { text: MessageKey; action: MessageKey; href: string }>> = {
  request_waiting: {
    text: 'account.hint.request-waiting',
    action: 'account.hint.request-waiting.action',
    href: accountPath('requests'),
  },
  no_second_factor: {
    text: 'account.hint.no-second-factor',
    action: 'account.hint.no-second-factor.action',
    href: accountPath('second-factor'),
  },
  few_recovery_codes: {
    text: 'account.hint.few-recovery-codes',
    action: 'account.hint.recovery-codes.action',
    href: accountPath('second-factor'),
  },
  no_recovery_codes: {
    text: 'account.hint.no-recovery-codes',
    action: 'account.hint.recovery-codes.action',
    href: accountPath('second-factor'),
  },
  email_unverified: {
    text: 'account.hint.email-unverified',
    action: 'account.hint.email-unverified.action',
    href: accountPath('email'),
  },
};

export function accountHint(hint: AccountHint) {
  return HINTS[hint];
}

interface FieldText {
  name: ProfileField;
  label: MessageKey;
  autocomplete: string;
}

/** Inputs of the profile that are lines of text, in their order. */
export const profileTexts: readonly FieldText[] = [
  { name: 'name', label: 'account.profile.name', autocomplete: 'name' },
  { name: 'given_name', label: 'account.profile.given-name', autocomplete: 'given-name' },
  { name: 'middle_name', label: 'account.profile.middle-name', autocomplete: 'additional-name' },
  { name: 'family_name', label: 'account.profile.family-name', autocomplete: 'family-name' },
  { name: 'nickname', label: 'account.profile.nickname', autocomplete: 'nickname' },
];

const EVENTS: Readonly<Record<AccountEventKind, MessageKey>> = {
  signed_in: 'account.event.signed-in',
  new_device: 'account.event.new-device',
  second_factor_missing: 'account.event.second-factor-missing',
  locked: 'account.event.locked',
  unlocked: 'account.event.unlocked',
  password_changed: 'account.event.password-changed',
  password_reset: 'account.event.password-reset',
  totp_added: 'account.event.totp-added',
  totp_removed: 'account.event.totp-removed',
  passkey_added: 'account.event.passkey-added',
  passkey_removed: 'account.event.passkey-removed',
  passkey_refused: 'account.event.passkey-refused',
  recovery_codes_renewed: 'account.event.recovery-codes-renewed',
  recovery_code_used: 'account.event.recovery-code-used',
  email_changed: 'account.event.email-changed',
  email_verified: 'account.event.email-verified',
  username_changed: 'account.event.username-changed',
  session_ended: 'account.event.session-ended',
  device_forgotten: 'account.event.device-forgotten',
  app_revoked: 'account.event.app-revoked',
  request_approved: 'account.event.request-approved',
  request_denied: 'account.event.request-denied',
};

export function eventText(kind: AccountEventKind): MessageKey {
  return EVENTS[kind];
}

/** A number of things that are counted no further than to a hundred. */
export function countText(count: number): string {
  return count > APPS_COUNTED ? `${APPS_COUNTED}+` : String(count);
}

/** What the browser is called, in the person's words. */
export function browserText({ browser, system }: BrowserView, { t }: Translator): string {
  if (browser !== undefined && system !== undefined) return t('account.browser.both', { browser, system });
  return browser ?? system ?? t('account.browser.unknown');
}

export function placeText({ kind, network }: PlaceView, { t }: Translator): string {
  if (kind === 'here') return t('account.place.here', { network });
  return kind === 'private' ? t('account.place.private', { network }) : network;
}

/** A point in time where the person is, or in UTC: always with the zone, so that nobody has to guess. */
export function moment(at: Date, { locale }: Translator, zone = 'UTC'): { iso: string; text: string } {
  const format = dateFormat(locale, zone, 'moment');
  const name = dateFormat(locale, zone, 'zone')
    .formatToParts(at)
    .find(({ type }) => type === 'timeZoneName');
  return { iso: at.toISOString(), text: `${format.format(at)} ${name?.value ?? zone}` };
}

export function day(at: Date, { locale }: Translator, zone = 'UTC'): { iso: string; text: string } {
  return { iso: at.toISOString(), text: dateFormat(locale, zone, 'day').format(at) };
}
