import { withULabels } from '../platform/email_domains.ts';
import { dateFormat } from './dates.ts';
import { durationOf } from './durations.ts';
import { Html } from './html.ts';
import {
  createTranslator,
  isMessageKey,
  type Locale,
  type MessageKey,
  type NameUnder,
  type Translator,
} from './messages.ts';
import * as present from './presenters.ts';
import type { TemplatePrinter } from './templates.ts';

export type MailName = NameUnder<'mail', '.subject'>;

export interface MailData {
  /** The address of the account that it is about. */
  readonly email: string;
  readonly name?: string;
  /** The address that was requested for the account, or that it has now. */
  readonly newEmail?: string;
  /** The host of this server. */
  readonly host: string;
  /** When it happened, in milliseconds. */
  readonly at: number;
  /** IANA name of the person's time zone. */
  readonly timeZone?: string;
  /** Without a lifetime it is a link to a public page and contains no token. */
  readonly link?: { readonly url: string; readonly lifetimeSeconds?: number };
  /** `browser`, `address`, `factor`, `app`, `due` (RFC 3339). */
  readonly details: Readonly<Record<string, string>>;
}

export interface ComposedMail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** Mails that do not list the time, the browser and the address of what they are about. */
const WITHOUT_FACTS: ReadonlySet<MailName> = new Set(['verify_email', 'invitation']);

const FACTS = ['browser', 'system', 'address', 'factor'] as const;

/** The HTML and the text of a mail, in one language. Values are escaped in one and one line of plain text in the other. */
export function createMailComposer(print: TemplatePrinter) {
  return (name: MailName, data: MailData, locale: Locale): ComposedMail => {
    const translator = createTranslator(locale);
    const { t, rich } = translator;
    // A mail without a text of its own for its link or for an unexpected mail has the general one.
    const keyOr = (key: string, general: MessageKey) => (isMessageKey(key) ? key : general);
    const otherwise = keyOr(`mail.${name}.otherwise`, 'mail.otherwise');
    const values = {
      email: tidy(withULabels(data.email)),
      new_email: tidy(withULabels(data.newEmail ?? data.email)),
      host: data.host,
      date: dayOf(data, locale),
      app: plainWords(data.details.app ?? '') || t('mail.request_waiting.some-app'),
    };
    const seconds = data.link?.lifetimeSeconds;
    const link = data.link && {
      url: data.link.url,
      label: t(keyOr(`mail.${name}.action`, `mail.${name}.subject`)),
      notes: seconds === undefined ? [] : [t('mail.link.once', { duration: durationOf(seconds, locale) })],
    };
    const facts = WITHOUT_FACTS.has(name) ? [] : factsOf(data, translator);
    const content = {
      subject: t(`mail.${name}.subject`),
      greeting: data.name === undefined ? t('mail.greeting') : t('mail.greeting.name', { name: tidy(data.name) }),
      lead: rich(`mail.${name}.lead`, values),
      facts,
      link,
      otherwise: rich(otherwise, values),
      footer: t('mail.footer', { host: data.host }),
    };
    const plain = t(`mail.${name}.lead`, values);
    const paragraphs = [
      content.greeting,
      plain,
      facts.map(({ label, value }) => `${label}: ${value}`).join('\n'),
      ...(link ? [`${link.label}:\n${link.url}`, ...link.notes] : []),
      t(otherwise, values),
      `-- \n${content.footer}`,
    ];
    const scope = {
      data: content,
      t,
      rich,
      translator,
      present,
      shell: {},
      partial: () => new Html(''),
      at: (url: string) => url,
    };
    return {
      subject: content.subject,
      text: `${paragraphs.filter((one) => one !== '').join('\n\n')}\n`,
      html: print('mails/layout', scope).markup,
    };
  };
}

function factsOf(data: MailData, { t, locale }: Translator): { label: string; value: string }[] {
  const facts = FACTS.flatMap((name) => {
    const detail = data.details[name] ?? '';
    const factor = `mail.factor.${detail}`;
    const value = name === 'factor' && isMessageKey(factor) ? t(factor) : plainWords(detail);
    return value === '' ? [] : [{ label: t(`mail.fact.${name}`), value }];
  });
  return [{ label: t('mail.fact.when'), value: timeOf(data, locale) }, ...facts];
}

/** The day of `due`. */
function dayOf({ details, at, timeZone }: MailData, locale: Locale): string {
  const due = details.due === undefined ? at : Date.parse(details.due);
  return inZone(timeZone, (zone) => dateFormat(locale, zone, 'day').format(due));
}

function timeOf({ at, timeZone }: MailData, locale: Locale): string {
  return inZone(timeZone, (zone) => dateFormat(locale, zone, 'mail').format(at));
}

function inZone(timeZone: string | undefined, format: (zone: string) => string): string {
  try {
    return format(timeZone ?? 'UTC');
  } catch {
    return format('UTC'); // a zone that this machine does not know
  }
}

const NAME_MAX = 100;

/** The text on one line. */
function tidy(text: string): string {
  return text
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, NAME_MAX * 3);
}

/**
 * A client chooses its User-Agent freely, and mail programs turn text that looks like a URL into a link: so it must not.
 */
function plainWords(text: string): string {
  return tidy(text)
    .replaceAll(/[^\p{L}\p{M}\p{N} .,:()+/-]/gu, '')
    .replaceAll(/\/\/+/g, '/')
    .slice(0, NAME_MAX);
}
