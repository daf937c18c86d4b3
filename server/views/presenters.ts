import { withULabels } from '../platform/email_domains.ts';
import type { ClientView } from './app.ts';
import { dateFormat } from './dates.ts';
import { durationOf } from './durations.ts';
import { isMessageKey, type MessageKey, type Translator } from './messages.ts';
import type { AccountView, NewPasswordRule, NewPasswordView, PasswordRuleName } from './parts.ts';
import { webLink } from './web_links.ts';

export * from './account_presenters.ts';
export { accountPath, PATHS } from './paths.ts';
export { qrCode } from './qr.ts';

// Functions that templates call as `present.…`. Each returns data, not markup; the template escapes it.

/** True when the catalogues explain a scope; others are shown by their name. */
export function isNamedScope(scope: string): boolean {
  return isMessageKey(`scope.${scope}.detail`);
}

/** A secret in groups of four, which are easier to type. */
export function secretInGroups(secret: string): string {
  return secret.match(/.{1,4}/g)?.join(' ') ?? '';
}

type RuleState = 'open' | 'met' | 'failed';

interface PasswordRuleText {
  id: string;
  name: PasswordRuleName;
  state: RuleState;
  limit: string;
  /** How a script can check it; empty when only the server can. */
  checks: readonly (readonly ['minimum' | 'maximum' | 'pattern', string])[];
  /** The text before it is checked: `server` for a rule that only the server can check. */
  open: 'open' | 'server';
  /** Shown only when it failed. */
  isQuiet: boolean;
}

/** Rules that few passwords break. */
const QUIET: ReadonlySet<PasswordRuleName> = new Set(['too_long', 'control_characters']);

/** Each rule with its state, which is `open` until a password was sent. */
export function passwordRules({ rules, failed }: NewPasswordView): PasswordRuleText[] {
  return rules.map((rule) => {
    const state = failed?.length ? (failed.includes(rule.name) ? 'failed' : 'met') : 'open';
    const checks = checksOf(rule);
    return {
      id: `rule-${rule.name.replaceAll('_', '-')}`,
      name: rule.name,
      state,
      limit: String(rule.limit ?? ''),
      checks,
      open: checks.length > 0 ? 'open' : 'server',
      isQuiet: QUIET.has(rule.name),
    };
  });
}

function checksOf({ name, limit, pattern }: NewPasswordRule): PasswordRuleText['checks'] {
  if (name === 'too_short') return [['minimum', String(limit)]];
  if (name === 'too_long') return [['maximum', String(limit)]];
  return pattern === undefined ? [] : [['pattern', pattern]];
}

/** A duration in words, such as 30 minutes. */
export function duration(seconds: number, { locale }: Translator): string {
  return durationOf(seconds, locale);
}

export { errorLinks, errorText } from './error_page.ts';
export { webLink };

/** The host to show beside an app's name: apps choose their names freely, but not their hosts. */
export function webHost(uri: string | undefined): string | undefined {
  const link = webLink(uri);
  return link === undefined ? undefined : new URL(link).host;
}

/** Links to an app's privacy policy and terms of service. */
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

/** The hosts of an app's pages that it has not proved to be its own. */
export function elsewhereOf({ elsewhere = {} }: ClientView): { host: string; text: MessageKey }[] {
  return (['policy', 'tos', 'logo'] as const).flatMap((what) => {
    const host = elsewhere[what];
    return host === undefined ? [] : [{ host, text: `client.${what}` as const }];
  });
}

/** The logo, if the CSP (`img-src 'self' data:`) lets the browser load it. */
export function logoOf(client: ClientView): string | undefined {
  const uri = client.logoUri;
  if (uri === undefined) return undefined;
  return /^\/(?![/\\])/.test(uri) || /^data:image\//i.test(uri) ? uri : undefined;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/**
 * Cuts to `limit` characters as people count them. Apps and people choose their own names, and a long name must not push
 * the buttons away or make a sentence unreadable.
 */
export function shorten(text: string, limit = 48): string {
  let length = 0;
  for (const { index } of graphemes.segment(text)) {
    if (length === limit) return `${text.slice(0, index).trimEnd()}…`;
    length += 1;
  }
  return text;
}

/** The first letter or digit, in place of a logo or picture. */
export function initial(name: string): string {
  for (const { segment } of graphemes.segment(name)) {
    if (/[\p{L}\p{N}]/u.test(segment)) return segment.toLocaleUpperCase();
  }
  return '·';
}

/** An address with its domain in Unicode. */
export const emailText = withULabels;

export function accountName(account: AccountView): string {
  return account.name ?? withULabels(account.email);
}

export type JsonValue = string | number | boolean | null | undefined | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: JsonValue;
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

/** @param seconds since the epoch */
export function dateOf(seconds: number, { locale }: Translator): string {
  return dateFormat(locale, 'UTC', 'day').format(new Date(seconds * 1000));
}

/** @param seconds since the epoch */
export function timeOf(seconds: number, { locale }: Translator): { iso: string; text: string } {
  const date = new Date(seconds * 1000);
  // A number outside the range of dates is shown as it is, so that the page does not fail.
  if (Number.isNaN(date.getTime())) return { iso: '', text: String(seconds) };
  const format = dateFormat(locale, 'UTC', 'instant');
  return { iso: date.toISOString(), text: format.format(date) };
}
