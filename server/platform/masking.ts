import { withULabels } from './email_domains.ts';

/*
 * How personal data and tokens are shown to somebody who must not see them: in pages, logs, the admin API and the command line.
 * A masked value is recognised by its owner, and by somebody who knows it already; nobody else learns it.
 */

/** No value of a person has it, so a masked value that is sent back is recognised. */
export const HIDDEN = '•••';

/** A top-level domain may have 63 letters, which would be enough for a message. */
const SUFFIX_MAX = 12;
/** Words of a name that are shown by their first letters. */
const WORDS_MAX = 4;
/** Digits below which even the last two would tell too much. */
const PHONE_DIGITS_MIN = 7;

/**
 * An address that only its owner recognises, such as `a•••@e•••.com`. The rest of the address is too short to contain a message,
 * such as one for phishing.
 */
export function maskEmail(email: string): string {
  const at = email.lastIndexOf('@');
  if (at < 0) return HIDDEN;
  const labels = withULabels(email)
    .slice(at + 1)
    .split('.');
  const suffix = labels.length > 1 ? (labels.at(-1) ?? '') : '';
  const shown = suffix.length > 0 && suffix.length <= SUFFIX_MAX ? `.${suffix}` : '';
  return `${initialOf(email.slice(0, at))}${HIDDEN}@${initialOf(labels[0] ?? '')}${HIDDEN}${shown}`;
}

/** The last two digits alone, as `•••46`. */
export function maskPhone(phone: string): string {
  const digits = phone.replaceAll(/\D/g, '');
  return digits.length < PHONE_DIGITS_MIN ? HIDDEN : `${HIDDEN}${digits.slice(-2)}`;
}

/** The initials alone, as `A••• L•••`. */
export function maskName(name: string): string {
  const words = name.split(/\s+/).filter((word) => word !== '');
  return words
    .slice(0, WORDS_MAX)
    .map((word) => `${initialOf(word)}${HIDDEN}`)
    .join(' ');
}

/** The first two groups of an IP address, as `192.0.•••`: the network of a provider, and not that of a person. */
export function maskNetwork(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  const [separator, groups] = plain.includes(':') ? [':', plain.split(':')] : ['.', plain.split('.')];
  const isAddress = groups.length >= 3 && /^[\da-f.:/]+$/i.test(plain) && groups[0] !== '';
  return isAddress ? `${groups.slice(0, 2).join(separator)}${separator}${HIDDEN}` : HIDDEN;
}

/** The first character, when it is a letter or a digit. */
function initialOf(text: string): string {
  return /^[\p{L}\p{N}]/u.exec(text)?.[0] ?? '';
}

/** A username may be an e-mail address, and so may the subject that another system has given. */
const maskIdentifier = (text: string) => (text.includes('@') ? maskEmail(text) : maskName(text));

/** How a text of each kind is masked. */
const MASKS = {
  email: maskEmail,
  phone: maskPhone,
  name: maskName,
  username: maskIdentifier,
  network: maskNetwork,
  /** An id of no meaning is shown. */
  subject: (text: string) => (text.includes('@') ? maskEmail(text) : text),
  /** All else that says something of a person, such as a date of birth or a street. */
  text: () => HIDDEN,
} as const satisfies Readonly<Record<string, (text: string) => string>>;

export type PersonalKind = keyof typeof MASKS;

/** The value with all texts in it masked. What is no text, such as null or a flag, stays as it is. */
export function masked(kind: PersonalKind, value: unknown): unknown {
  if (typeof value === 'string') return value === '' ? value : MASKS[kind](value);
  if (Array.isArray(value)) return value.map((one) => masked(kind, one));
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, masked(kind, member)]));
}

/** True for a text that has a masked part. */
export const isMasked = (text: string): boolean => text.includes(HIDDEN);

const EMAILS = /[^\s"'<>(),;:=[\]{}]+@[^\s"'<>(),;:=[\]{}]+/gu;
const IPV4 = /(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])/g;
/** A JWT, a code or a secret: words of a message are shorter. */
const TOKENS = /[\w-]{32,}(?:\.[\w-]+)*/g;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A text of others, such as the message of a library, without the e-mail addresses, IP addresses and tokens in it. */
export function maskWithin(text: string): string {
  return text
    .replaceAll(EMAILS, (one) => maskEmail(one))
    .replaceAll(IPV4, (one) => maskNetwork(one))
    .replaceAll(TOKENS, (one) => (UUID.test(one) ? one : maskToken()));
}

/** Of a token nothing is shown: a part of one would help to guess a short one. */
export const maskToken = (): string => '[redacted]';
