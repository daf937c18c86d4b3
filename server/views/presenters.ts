import { withULabels } from '../platform/email_domains.ts';
import { dateFormat } from './dates.ts';
import type { DemoStepName, JsonObject, JsonValue } from './demo_pages.ts';
import { durationOf } from './durations.ts';
import type { MessageKey, Translator } from './messages.ts';
import type {
  AccountView,
  ClientView,
  DeviceCodeErrorKey,
  DeviceDoneData,
  DeviceView,
  LinkPurposeName,
  LoginErrorKey,
  NewPasswordRule,
  NewPasswordView,
  PasswordRuleName,
  SecondFactorErrorKey,
} from './pages.ts';
import { webLink } from './web_links.ts';

export * from './account_presenters.ts';
export { accountPath, PATHS } from './paths.ts';
export { qrCode } from './qr.ts';

// What templates ask for beyond plain text. Each returns data, not markup; the template prints it, escaped.

interface ScopeText {
  label: MessageKey;
  detail: MessageKey;
}

const SCOPES: Readonly<Record<string, ScopeText>> = {
  openid: { label: 'scope.openid', detail: 'scope.openid.detail' },
  profile: { label: 'scope.profile', detail: 'scope.profile.detail' },
  email: { label: 'scope.email', detail: 'scope.email.detail' },
  phone: { label: 'scope.phone', detail: 'scope.phone.detail' },
  address: { label: 'scope.address', detail: 'scope.address.detail' },
  groups: { label: 'scope.groups', detail: 'scope.groups.detail' },
  roles: { label: 'scope.roles', detail: 'scope.roles.detail' },
  offline_access: { label: 'scope.offline_access', detail: 'scope.offline_access.detail' },
};

export function scopeText(scope: string): ScopeText | undefined {
  return Object.hasOwn(SCOPES, scope) ? SCOPES[scope] : undefined;
}

interface LoginError {
  message: MessageKey;
  /** The inputs to blame; none when the fault is in neither. */
  fields: readonly ('identifier' | 'password')[];
}

const LOGIN_ERRORS: Readonly<Record<LoginErrorKey, LoginError>> = {
  invalid_credentials: { message: 'login.error.credentials', fields: ['identifier', 'password'] },
  identifier_required: { message: 'login.error.identifier', fields: ['identifier'] },
  passkey_refused: { message: 'login.error.passkey', fields: [] },
  password_required: { message: 'login.error.password', fields: ['password'] },
  form_expired: { message: 'login.error.expired', fields: [] },
  too_many_attempts: { message: 'login.error.throttled', fields: [] },
  temporarily_unavailable: { message: 'login.error.unavailable', fields: [] },
};

export function loginError(key: LoginErrorKey): LoginError {
  return LOGIN_ERRORS[key];
}

const SECOND_FACTOR_ERRORS: Readonly<Record<SecondFactorErrorKey, MessageKey>> = {
  invalid_code: 'second-factor.error.code',
  code_format: 'second-factor.error.code-format',
  invalid_recovery_code: 'second-factor.error.recovery',
  recovery_code_format: 'second-factor.error.recovery-format',
  passkey_refused: 'second-factor.error.passkey',
  code_required: 'second-factor.error.required',
};

export function secondFactorError(key: SecondFactorErrorKey): MessageKey {
  return SECOND_FACTOR_ERRORS[key];
}

const DEVICE_CODE_ERRORS: Readonly<Record<DeviceCodeErrorKey, MessageKey>> = {
  code_required: 'device-code.error.required',
  code_format: 'device-code.error.format',
  code_refused: 'device-code.error.refused',
};

export function deviceCodeError(key: DeviceCodeErrorKey): MessageKey {
  return DEVICE_CODE_ERRORS[key];
}

const DEVICE_PLACES: Readonly<Record<DeviceView['place'], MessageKey>> = {
  here: 'device-confirm.place.here',
  private: 'device-confirm.place.private',
  elsewhere: 'device-confirm.place.elsewhere',
};

export function devicePlace(place: DeviceView['place']): MessageKey {
  return DEVICE_PLACES[place];
}

const DEVICE_OUTCOMES = {
  approved: { title: 'device-done.approved.title', lead: 'device-done.approved.lead' },
  denied: { title: 'device-done.denied.title', lead: 'device-done.denied.lead' },
} as const satisfies Record<DeviceDoneData['outcome'], { title: MessageKey; lead: MessageKey }>;

export function deviceOutcome(outcome: DeviceDoneData['outcome']): { title: MessageKey; lead: MessageKey } {
  return DEVICE_OUTCOMES[outcome];
}

/** A secret in groups that can be typed without losing one's place. */
export function secretInGroups(secret: string): string {
  return secret.match(/.{1,4}/g)?.join(' ') ?? '';
}

type RuleState = 'open' | 'met' | 'failed';

interface PasswordRuleText {
  id: string;
  name: PasswordRuleName;
  state: RuleState;
  text: MessageKey;
  limit: string;
  /** How a script can judge it; empty when only the server can. */
  checks: readonly (readonly ['minimum' | 'maximum' | 'pattern', string])[];
  words: Readonly<Record<RuleState, MessageKey>>;
  /** Shown only when it is broken. */
  isQuiet: boolean;
}

/** Rules that hardly anybody breaks or wants to know. */
const QUIET: ReadonlySet<PasswordRuleName> = new Set(['too_long', 'control_characters']);

const RULE_TEXTS: Readonly<Record<PasswordRuleName, MessageKey>> = {
  too_short: 'password.rule.too-short',
  too_long: 'password.rule.too-long',
  no_upper: 'password.rule.no-upper',
  no_lower: 'password.rule.no-lower',
  no_digit: 'password.rule.no-digit',
  no_symbol: 'password.rule.no-symbol',
  control_characters: 'password.rule.control-characters',
  blocklisted: 'password.rule.blocklisted',
  personal: 'password.rule.personal',
  reused: 'password.rule.reused',
};

/** Each rule with its state: nothing is known of a password that has not been sent. */
export function passwordRules({ rules, failed }: NewPasswordView): PasswordRuleText[] {
  return rules.map((rule) => {
    const state = failed?.length ? (failed.includes(rule.name) ? 'failed' : 'met') : 'open';
    const checks = checksOf(rule);
    return {
      id: `rule-${rule.name.replaceAll('_', '-')}`,
      name: rule.name,
      state,
      text: RULE_TEXTS[rule.name],
      limit: String(rule.limit ?? ''),
      checks,
      words: {
        open: checks.length > 0 ? 'password.rule.open' : 'password.rule.server',
        met: 'password.rule.met',
        failed: 'password.rule.failed',
      },
      isQuiet: QUIET.has(rule.name),
    };
  });
}

function checksOf({ name, limit, pattern }: NewPasswordRule): PasswordRuleText['checks'] {
  if (name === 'too_short') return [['minimum', String(limit)]];
  if (name === 'too_long') return [['maximum', String(limit)]];
  return pattern === undefined ? [] : [['pattern', pattern]];
}

interface AskText {
  title: MessageKey;
  lead: MessageKey;
  submit: MessageKey;
  error: MessageKey;
  sent: MessageKey;
}

const ASK_TEXTS = {
  forgot: {
    title: 'forgot.title',
    lead: 'forgot.lead',
    submit: 'forgot.submit',
    error: 'forgot.error',
    sent: 'mail-sent.forgot',
  },
  'sign-up': {
    title: 'sign-up.title',
    lead: 'sign-up.lead',
    submit: 'sign-up.submit',
    error: 'sign-up.error',
    sent: 'mail-sent.sign-up',
  },
} as const satisfies Record<string, AskText>;

export function askText(purpose: keyof typeof ASK_TEXTS): AskText {
  return ASK_TEXTS[purpose];
}

interface LinkText {
  title: MessageKey;
  lead: MessageKey;
  submit: MessageKey;
  doneTitle: MessageKey;
  doneLead: MessageKey;
}

const LINK_TEXTS: Readonly<Record<LinkPurposeName, LinkText>> = {
  reset_password: {
    title: 'set-password.reset.title',
    lead: 'set-password.reset.lead',
    submit: 'set-password.submit',
    doneTitle: 'link-done.reset.title',
    doneLead: 'link-done.reset.lead',
  },
  invitation: {
    title: 'set-password.invitation.title',
    lead: 'set-password.invitation.lead',
    submit: 'set-password.submit',
    doneTitle: 'link-done.invitation.title',
    doneLead: 'link-done.invitation.lead',
  },
  sign_up: {
    title: 'set-password.sign-up.title',
    lead: 'set-password.sign-up.lead',
    submit: 'set-password.submit.sign-up',
    doneTitle: 'link-done.sign-up.title',
    doneLead: 'link-done.sign-up.lead',
  },
  verify_email: {
    title: 'confirm-link.verify-email.title',
    lead: 'confirm-link.verify-email.lead',
    submit: 'confirm-link.verify-email.submit',
    doneTitle: 'link-done.verify-email.title',
    doneLead: 'link-done.verify-email.lead',
  },
  change_email: {
    title: 'confirm-link.change-email.title',
    lead: 'confirm-link.change-email.lead',
    submit: 'confirm-link.change-email.submit',
    doneTitle: 'link-done.change-email.title',
    doneLead: 'link-done.change-email.lead',
  },
  unlock: {
    title: 'confirm-link.unlock.title',
    lead: 'confirm-link.unlock.lead',
    submit: 'confirm-link.unlock.submit',
    doneTitle: 'link-done.unlock.title',
    doneLead: 'link-done.unlock.lead',
  },
};

export function linkText(purpose: LinkPurposeName): LinkText {
  return LINK_TEXTS[purpose];
}

/** How long a link works, in words: 30 minutes. */
export function duration(seconds: number, { locale }: Translator): string {
  return durationOf(seconds, locale);
}

const STEP_TITLES: Readonly<Record<DemoStepName, MessageKey>> = {
  discovery: 'demo.step.discovery',
  authorize: 'demo.step.authorize',
  callback: 'demo.step.callback',
  token: 'demo.step.token',
  verify: 'demo.step.verify',
  userinfo: 'demo.step.userinfo',
  refresh: 'demo.step.refresh',
  error: 'demo.step.error',
};

export { errorLinks, errorText } from './error_texts.ts';
export { webLink };

export function stepTitle(step: DemoStepName): MessageKey {
  return STEP_TITLES[step];
}

/** The host to show beside an app's name: names are chosen freely, hosts are not. */
export function webHost(uri: string | undefined): string | undefined {
  const link = webLink(uri);
  return link === undefined ? undefined : new URL(link).host;
}

/** Where an app says how it treats data, and on which terms it may be used. */
export function termsOf({ policyUri, tosUri }: ClientView): { href: string; text: MessageKey }[] {
  const links = [
    [policyUri, 'client.policy'],
    [tosUri, 'client.tos'],
  ] as const;
  return links.flatMap(([uri, text]) => {
    const href = webLink(uri);
    return href === undefined ? [] : [{ href, text }];
  });
}

/** The logo when our CSP (`img-src 'self' data:`) lets the browser load it. */
export function logoOf(client: ClientView): string | undefined {
  const uri = client.logoUri;
  if (uri === undefined) return undefined;
  return /^\/(?![/\\])/.test(uri) || /^data:image\//i.test(uri) ? uri : undefined;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/**
 * Cuts to `limit` characters as people count them. Apps and people name themselves: a long name may not push the
 * buttons away, nor crowd out the sentence that it stands in.
 */
export function shorten(text: string, limit = 48): string {
  let length = 0;
  for (const { index } of graphemes.segment(text)) {
    if (length === limit) return `${text.slice(0, index).trimEnd()}…`;
    length += 1;
  }
  return text;
}

/** What stands for a logo or picture: the first letter or digit. */
export function initial(name: string): string {
  for (const { segment } of graphemes.segment(name)) {
    if (/[\p{L}\p{N}]/u.test(segment)) return segment.toLocaleUpperCase();
  }
  return '·';
}

/** As people read it. */
export const emailText = withULabels;

export function accountName(account: AccountView): string {
  return account.name ?? withULabels(account.email);
}

const TIME_CLAIMS: ReadonlySet<string> = new Set(['exp', 'iat', 'nbf', 'auth_time', 'updated_at']);

interface JsonRow {
  name: string;
  value: string;
  /** Set for claims that are a NumericDate (RFC 7519 §2). */
  time?: { iso: string; text: string };
}

export function jsonRows(object: JsonObject, translator: Translator): JsonRow[] {
  return Object.entries(object)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => {
      const row = { name, value: printJson(value) };
      return typeof value === 'number' && TIME_CLAIMS.has(name) ? { ...row, time: timeOf(value, translator) } : row;
    });
}

function printJson(value: JsonValue): string {
  if (typeof value === 'string') return value;
  const line = JSON.stringify(value) ?? '';
  return line.length <= 48 ? line : JSON.stringify(value, null, 2);
}

/** The day in words. @param seconds since the epoch */
export function dateOf(seconds: number, { locale }: Translator): string {
  return dateFormat(locale, 'UTC', 'day').format(new Date(seconds * 1000));
}

/** @param seconds since the epoch */
export function timeOf(seconds: number, { locale }: Translator): { iso: string; text: string } {
  const date = new Date(seconds * 1000);
  // A date out of range is shown as the number that it is rather than failing the page.
  if (Number.isNaN(date.getTime())) return { iso: '', text: String(seconds) };
  const format = dateFormat(locale, 'UTC', 'instant');
  return { iso: date.toISOString(), text: format.format(date) };
}
