import { ARGON2 } from './accounts/argon2.ts';
import { HASHING_MEMORY } from './accounts/passwords.ts';
import { plainKeys } from './platform/key_values.ts';
import { boolean, integer, oneOf, type Settings, seconds, text, texts } from './platform/settings.ts';
import { mailbox, smtpUrl } from './platform/smtp_url.ts';

/* Settings about people: passwords, sign-in, mails, privacy and the audit. */

const DAY = 86_400;

export const PASSWORDS = {
  CARDEA_PASSWORD_POLICY: {
    read: oneOf('complex', 'nist'),
    fallback: 'complex',
    about:
      'complex: 12 characters of four kinds, nothing personal, not one of the last five; nist: 15 characters of any kind (SP 800-63B-4); both refuse passwords that are easy to guess',
  },
  CARDEA_PASSWORD_MAX_AGE: {
    read: seconds(60),
    unset: 'never',
    about: 'a password older than this must be changed at the next sign-in, such as 365d',
  },
  CARDEA_PASSWORD_BLOCKLIST: {
    read: text,
    unset: 'none',
    about:
      'passwords to refuse as well: a file made by "cardea passwords blocklist build", or a folder of SHA-1 prefix files as published by Have I Been Pwned',
  },
  CARDEA_PASSWORD_PEPPER: {
    read: plainKeys,
    secret: true,
    unset: 'none',
    about:
      '32 random bytes in base64 or hex that are part of every password hash; during a change several, separated by commas: the first hashes, all verify. Losing it makes all passwords useless',
  },
  CARDEA_PASSWORD_HASHING_MEMORY: {
    read: integer(19, 1_000_000),
    fallback: String(HASHING_MEMORY),
    about: 'MiB that all password hashes computed at the same time may use',
  },
  CARDEA_PASSWORD_QUEUE: {
    read: integer(1, 1_000_000),
    unset: '64 a thread',
    about: 'number of password hashes that may wait; further requests get 503',
  },
  CARDEA_ARGON2_MEMORY: {
    read: integer(7_168, 4_194_304),
    fallback: String(ARGON2.memory),
    about: 'KiB of memory for one password hash; never less than OWASP recommends for the number of passes',
  },
  CARDEA_ARGON2_ITERATIONS: {
    read: integer(1, 100),
    fallback: String(ARGON2.iterations),
    about: 'passes over that memory',
  },
  CARDEA_ARGON2_PARALLELISM: {
    read: integer(1, 16),
    fallback: String(ARGON2.parallelism),
    about: 'lanes of one password hash',
  },
} as const satisfies Settings;

export const SIGN_IN = {
  CARDEA_SESSION_TTL: {
    read: seconds(1),
    fallback: '14d',
    about: 'a session that is not used for this long ends',
  },
  CARDEA_SESSION_MAX: {
    read: seconds(1),
    fallback: '30d',
    about: 'a session ends this long after the sign-in, used or not',
  },
  CARDEA_INTERACTION_TTL: { read: seconds(1), fallback: '1h', about: 'maximum time that a person may take to sign in' },
  CARDEA_NAME: {
    read: text,
    unset: 'the host of the issuer',
    about: 'name of this site in authenticator apps and passkeys',
  },
  CARDEA_SECOND_FACTOR: {
    read: oneOf('optional', 'required'),
    fallback: 'optional',
    about:
      'required: all people have to sign in with a second factor; people without one set one up during the sign-in',
  },
  CARDEA_SECOND_FACTOR_GROUPS: {
    read: texts,
    fallback: '',
    about: 'groups, separated by commas, whose members have to sign in with a second factor',
  },
  CARDEA_TRUST_DEVICE: {
    read: seconds(0),
    fallback: '0',
    about: 'how long people may let a browser skip the second factor, such as 30d; 0: never',
  },
  CARDEA_SIGN_UP: {
    read: boolean,
    fallback: 'false',
    about: 'people may create accounts by themselves, with a mailed link',
  },
} as const satisfies Settings;

export const MAIL = {
  CARDEA_SMTP_URL: {
    read: smtpUrl,
    secret: true,
    unset: 'files in CARDEA_DATA_DIR/outbox in development, no mails in production',
    about:
      'smtp://user:password@host:587 or smtps://…; STARTTLS is required unless the host is loopback or the URL ends in ?tls=none',
  },
  CARDEA_MAIL_FROM: {
    read: mailbox,
    unset: 'no-reply@ the host of the issuer',
    about: 'sender of mails: an address, or a name with an address such as "Cardea <no-reply@example.com>"',
  },
  CARDEA_MAIL_LIMIT: {
    read: integer(1, 10_000_000),
    fallback: '1000',
    about: 'mails of one kind in an hour that strangers can cause, such as those for a forgotten password',
  },
  CARDEA_MAIL_LIMIT_ADDRESS: {
    read: integer(1, 1_000_000),
    fallback: '20',
    about: 'the same for one network address; does not apply to a browser in which the person has signed in before',
  },
} as const satisfies Settings;

export const PRIVACY = {
  CARDEA_INACTIVE_WARN: {
    read: seconds(0),
    fallback: '0',
    about: 'people get a mail after this time without a sign-in to their account, such as 330d; 0: never',
  },
  CARDEA_INACTIVE_DISABLE: {
    read: seconds(0),
    fallback: '0',
    about:
      'an account is disabled after this time without a sign-in; longer than CARDEA_INACTIVE_WARN, and never sooner after the mail than the difference; 0: never',
  },
  CARDEA_INACTIVE_ERASE: {
    read: seconds(0),
    fallback: '0',
    about:
      'an account is deleted after this time without a sign-in, with the days of CARDEA_DELETION_GRACE, in which its person can sign in and keep it; longer than the two before; 0: never',
  },
  CARDEA_DELETION_GRACE: {
    read: seconds(0),
    fallback: '30d',
    about:
      'an account that its person or an operator deletes cannot be used from then on, and is erased after this time, in which the deletion can be undone; 0: it is erased at once',
  },
  CARDEA_EVENTS_KEPT: {
    read: seconds(DAY),
    fallback: '90d',
    about: 'how long the security events of a person are stored, which they see on their account page',
  },
  CARDEA_DEVICES_KEPT: {
    read: seconds(DAY, 400 * DAY),
    fallback: '400d',
    about:
      'how long a browser is remembered after the last sign-in there; at most 400d, as browsers keep cookies (RFC 6265bis §5.5)',
  },
  CARDEA_MAILS_KEPT: {
    read: seconds(3_600, 30 * DAY),
    fallback: '72h',
    about: 'how long it is tried to send a mail, which is stored until then; those that are soon of no use, for less',
  },
} as const satisfies Settings;

export const AUDIT = {
  CARDEA_AUDIT_RETENTION_MONTHS: {
    read: integer(0, 1_200),
    fallback: '24',
    about:
      'whole months that the audit is kept besides this one; older entries are removed, and the log of hashes still proves the rest; 0 keeps all',
  },
  CARDEA_AUDIT_HEAD_INTERVAL: {
    read: seconds(1),
    fallback: '60s',
    about: 'how often a head of the audit is signed, when entries have come',
  },
} satisfies Settings;
