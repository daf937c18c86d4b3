import { withULabels } from '../platform/email_domains.ts';
import { dateFormat } from './dates.ts';
import { durationOf } from './durations.ts';
import { Html } from './html.ts';
import { createTranslator, type Locale, type MessageKey, type Translator } from './messages.ts';
import * as present from './presenters.ts';
import type { TemplatePrinter } from './templates.ts';

export type MailName =
  | 'reset'
  | 'sign_up'
  | 'already_registered'
  | 'verify_email'
  | 'invitation'
  | 'change_email'
  | 'change_email_requested'
  | 'email_changed'
  | 'locked'
  | 'codes_locked'
  | 'unlocked'
  | 'new_device'
  | 'second_factor_missing'
  | 'password_changed'
  | 'factor_added'
  | 'factor_removed'
  | 'recovery_codes_renewed'
  | 'username_changed'
  | 'request_waiting'
  | 'test';

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
  /** `browser`, `address`, `factor`, `app`. */
  readonly details: Readonly<Record<string, string>>;
}

export interface ComposedMail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

interface MailShape {
  readonly subject: MessageKey;
  readonly lead: MessageKey;
  /** The text of the link. */
  readonly action?: MessageKey;
  /** Whether it lists the time, the browser and the address. */
  readonly facts: boolean;
  /** What to do when the reader did not do this. */
  readonly otherwise: MessageKey;
}

const SHAPES: Readonly<Record<MailName, MailShape>> = {
  reset: {
    subject: 'mail.reset.subject',
    lead: 'mail.reset.lead',
    action: 'mail.reset.action',
    facts: true,
    otherwise: 'mail.reset.otherwise',
  },
  sign_up: {
    subject: 'mail.sign-up.subject',
    lead: 'mail.sign-up.lead',
    action: 'mail.sign-up.action',
    facts: true,
    otherwise: 'mail.sign-up.otherwise',
  },
  already_registered: {
    subject: 'mail.already-registered.subject',
    lead: 'mail.already-registered.lead',
    facts: true,
    otherwise: 'mail.already-registered.otherwise',
  },
  verify_email: {
    subject: 'mail.verify-email.subject',
    lead: 'mail.verify-email.lead',
    action: 'mail.verify-email.action',
    facts: false,
    otherwise: 'mail.verify-email.otherwise',
  },
  invitation: {
    subject: 'mail.invitation.subject',
    lead: 'mail.invitation.lead',
    action: 'mail.invitation.action',
    facts: false,
    otherwise: 'mail.invitation.otherwise',
  },
  change_email: {
    subject: 'mail.change-email.subject',
    lead: 'mail.change-email.lead',
    action: 'mail.change-email.action',
    facts: true,
    otherwise: 'mail.change-email.otherwise',
  },
  change_email_requested: {
    subject: 'mail.change-email-requested.subject',
    lead: 'mail.change-email-requested.lead',
    facts: true,
    otherwise: 'mail.change-email-requested.otherwise',
  },
  email_changed: {
    subject: 'mail.email-changed.subject',
    lead: 'mail.email-changed.lead',
    facts: true,
    otherwise: 'mail.email-changed.otherwise',
  },
  locked: {
    subject: 'mail.locked.subject',
    lead: 'mail.locked.lead',
    action: 'mail.locked.action',
    facts: true,
    otherwise: 'mail.locked.otherwise',
  },
  codes_locked: {
    subject: 'mail.codes-locked.subject',
    lead: 'mail.codes-locked.lead',
    facts: true,
    otherwise: 'mail.codes-locked.otherwise',
  },
  unlocked: {
    subject: 'mail.unlocked.subject',
    lead: 'mail.unlocked.lead',
    facts: true,
    otherwise: 'mail.unlocked.otherwise',
  },
  new_device: {
    subject: 'mail.new-device.subject',
    lead: 'mail.new-device.lead',
    facts: true,
    otherwise: 'mail.otherwise',
  },
  second_factor_missing: {
    subject: 'mail.second-factor-missing.subject',
    lead: 'mail.second-factor-missing.lead',
    facts: true,
    otherwise: 'mail.second-factor-missing.otherwise',
  },
  password_changed: {
    subject: 'mail.password-changed.subject',
    lead: 'mail.password-changed.lead',
    facts: true,
    otherwise: 'mail.password-changed.otherwise',
  },
  factor_added: {
    subject: 'mail.factor-added.subject',
    lead: 'mail.factor-added.lead',
    facts: true,
    otherwise: 'mail.otherwise',
  },
  factor_removed: {
    subject: 'mail.factor-removed.subject',
    lead: 'mail.factor-removed.lead',
    facts: true,
    otherwise: 'mail.otherwise',
  },
  recovery_codes_renewed: {
    subject: 'mail.recovery-codes-renewed.subject',
    lead: 'mail.recovery-codes-renewed.lead',
    facts: true,
    otherwise: 'mail.otherwise',
  },
  username_changed: {
    subject: 'mail.username-changed.subject',
    lead: 'mail.username-changed.lead',
    facts: true,
    otherwise: 'mail.otherwise',
  },
  request_waiting: {
    subject: 'mail.request-waiting.subject',
    lead: 'mail.request-waiting.lead',
    action: 'mail.request-waiting.action',
    facts: true,
    otherwise: 'mail.request-waiting.otherwise',
  },
  test: { subject: 'mail.test.subject', lead: 'mail.test.lead', facts: true, otherwise: 'mail.test.otherwise' },
};

const FACTS = [
  ['browser', 'mail.fact.browser'],
  ['system', 'mail.fact.system'],
  ['address', 'mail.fact.address'],
  ['factor', 'mail.fact.factor'],
] as const satisfies readonly (readonly [string, MessageKey])[];

const FACTOR_NAMES = {
  password: 'mail.factor.password',
  totp: 'mail.factor.totp',
  passkey: 'mail.factor.passkey',
  recovery_code: 'mail.factor.recovery-code',
} as const satisfies Record<string, MessageKey>;

function isFactor(name: string): name is keyof typeof FACTOR_NAMES {
  return Object.hasOwn(FACTOR_NAMES, name);
}

/** The HTML and the text of a mail, in one language. Values are escaped in one and one line of plain text in the other. */
export function createMailComposer(print: TemplatePrinter) {
  return (name: MailName, data: MailData, locale: Locale): ComposedMail => {
    const translator = createTranslator(locale);
    const { t, rich } = translator;
    const shape = SHAPES[name];
    const values = {
      email: tidy(withULabels(data.email)),
      new_email: tidy(withULabels(data.newEmail ?? data.email)),
      host: data.host,
      app: plainWords(data.details.app ?? '') || t('mail.request-waiting.some-app'),
    };
    const seconds = data.link?.lifetimeSeconds;
    const link = data.link && {
      url: data.link.url,
      label: t(shape.action ?? shape.subject),
      notes: seconds === undefined ? [] : [t('mail.link.once', { duration: durationOf(seconds, locale) })],
    };
    const facts = shape.facts ? factsOf(data, translator) : [];
    const content = {
      subject: t(shape.subject),
      greeting: data.name === undefined ? t('mail.greeting') : t('mail.greeting.name', { name: tidy(data.name) }),
      lead: rich(shape.lead, values),
      facts,
      link,
      otherwise: rich(shape.otherwise, values),
      footer: t('mail.footer', { host: data.host }),
    };
    const plain = t(shape.lead, values);
    const paragraphs = [
      content.greeting,
      plain,
      facts.map(({ label, value }) => `${label}: ${value}`).join('\n'),
      ...(link ? [`${link.label}:\n${link.url}`, ...link.notes] : []),
      t(shape.otherwise, values),
      `-- \n${content.footer}`,
    ];
    const scope = { data: content, t, rich, translator, present, shell: {}, partial: () => new Html('') };
    return {
      subject: content.subject,
      text: `${paragraphs.filter((one) => one !== '').join('\n\n')}\n`,
      html: print('mails/layout', scope).markup,
    };
  };
}

function factsOf(data: MailData, { t, locale }: Translator): { label: string; value: string }[] {
  const told = FACTS.flatMap(([name, key]) => {
    const detail = data.details[name] ?? '';
    const value = name === 'factor' && isFactor(detail) ? t(FACTOR_NAMES[detail]) : plainWords(detail);
    return value === '' ? [] : [{ label: t(key), value }];
  });
  return [{ label: t('mail.fact.when'), value: timeOf(data, locale) }, ...told];
}

function timeOf({ at, timeZone }: MailData, locale: Locale): string {
  const format = (zone: string) => dateFormat(locale, zone, 'mail').format(at);
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
