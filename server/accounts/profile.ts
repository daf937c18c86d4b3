import { invalidInput } from '../platform/errors.ts';
import { checkItems, createChecks } from '../platform/faults.ts';
import type { Address, Profile } from './account.ts';
import { checkEmail, checkUsername } from './identifiers.ts';
import type { RestrictionReason } from './standing.ts';

/** The profile that a caller may set; only `email` is required. */
export type ProfileInput = Pick<Profile, 'email'> & {
  readonly [Name in keyof Omit<Profile, 'email'>]?: Profile[Name] | undefined;
};

export type AccountInput = ProfileInput & {
  /** PHC string from `passwords.hash`; without it the person cannot sign in by password. */
  readonly passwordHash?: string | null;
  /** The person has to choose another password at the first sign-in. */
  readonly hasTemporaryPassword?: boolean;
  readonly groups?: readonly string[];
  readonly roles?: readonly string[];
};

/** An account from another system. */
export type ImportedAccount = AccountInput & {
  /** The `sub` of the person there. A UUID in lower case becomes the id of the account. Default: a new id. */
  readonly sub?: string | undefined;
  /** The secret of the person's authenticator app: six digits, thirty seconds, SHA-1. */
  readonly totpSecret?: Buffer;
  /** Default: now. Null where it is not known; it then counts from the next sign-in. */
  readonly passwordSetAt?: Date | null | undefined;
  readonly disabled?: boolean;
  /** When it is to be erased, as an operator has planned. */
  readonly deletionDueAt?: Date | undefined;
  readonly restrictionReason?: RestrictionReason | undefined;
};

const TEXT_MAX = 1_000;
const URL_MAX = 2_000;

type Check = (field: string, value: string) => string;

/** The texts of a profile except the identifiers, each with its required form. */
const TEXTS = {
  name: text,
  givenName: text,
  familyName: text,
  middleName: text,
  nickname: text,
  profile: webUrl,
  picture: webUrl,
  website: webUrl,
  gender: text,
  birthdate: matching(/^\d{4}(-\d{2}-\d{2})?$/, 'must be YYYY-MM-DD or YYYY'),
  zoneinfo: matching(/^[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+)*$/, 'must be a time zone such as Europe/Paris'),
  locale: matching(/^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$/, 'must be a language tag such as en-GB'),
  phoneNumber: matching(/^\+?[0-9(][0-9 ().-]{2,40}(;ext=[0-9]{1,15})?$/, 'must be a number such as +44 20 7946 0000'),
} as const satisfies Partial<Record<keyof Profile, Check>>;

const ADDRESS_PARTS = ['formatted', 'street_address', 'locality', 'region', 'postal_code', 'country'] as const;

/** Input field names are those of OpenID Connect, so that an error names what the caller sent. */
const FIELD_NAMES: Readonly<Record<string, string>> = {
  givenName: 'given_name',
  familyName: 'family_name',
  middleName: 'middle_name',
  phoneNumber: 'phone_number',
};

/**
 * Reads only the known members of the input, so that no other one gets stored.
 * @param stored the present values: an address that was accepted before a rule existed stays valid
 * @throws AppError `invalid_input` with all wrong fields
 */
export function checkProfile(input: ProfileInput, stored?: Pick<Profile, 'email'>): Profile {
  const checks = createChecks();
  const { email: given, username, phoneNumberVerified, address } = input;
  const email = given === stored?.email ? given : checks.run(() => checkEmail(given));
  const texts = (Object.entries(TEXTS) as [keyof typeof TEXTS, Check][]).flatMap(([name, check]) => {
    const value = input[name];
    return value === undefined ? [] : [[name, checks.run(() => check(FIELD_NAMES[name] ?? name, value))] as const];
  });
  const profile = {
    email,
    emailVerified: input.emailVerified ?? false,
    ...(username === undefined ? {} : { username: checks.run(() => checkUsername(username)) }),
    ...Object.fromEntries(texts),
    ...(phoneNumberVerified === undefined ? {} : { phoneNumberVerified }),
    ...(address === undefined ? {} : { address: checks.run(() => checkAddress(address)) }),
  };
  checks.end();
  return profile as Profile;
}

const NAMES_MAX = 200;
const NAME_RULES = {
  // A comma separates groups in settings and on a command line.
  groups: [
    /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp},]{1,256}$/u,
    'must be 1 to 256 characters, without commas and control characters',
  ],
  roles: [
    /^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,99}$/,
    'must be 1 to 100 letters, digits and ._:@/-, of which the first is a letter or digit',
  ],
} as const;

type NameKind = keyof typeof NAME_RULES;

/** The form in which names of groups are stored and compared: keyboards send the same letter in different ways. */
export function normaliseName(name: string): string {
  return name.normalize('NFC').trim();
}

/** @returns the groups or roles as they are stored, each once. @throws AppError `invalid_input`, with the field */
export function checkNames(kind: NameKind, names: readonly string[]): string[] {
  const each = names.map(normaliseName);
  const once = [...new Set(each)];
  if (once.length > NAMES_MAX) throw invalidInput(kind, `must be at most ${NAMES_MAX}`);
  checkItems(kind, each, (name) => assertName(kind, name, kind));
  return once;
}

/** @returns the name of a group or role as it is stored. @throws AppError `invalid_input`, for the field `name` */
export function checkGroupOrRole(kind: NameKind, given: string): string {
  const name = normaliseName(given);
  assertName(kind, name, 'name');
  return name;
}

function assertName(kind: NameKind, name: string, field: string): void {
  const [pattern, rule] = NAME_RULES[kind];
  if (!pattern.test(name)) throw invalidInput(field, rule);
}

function checkAddress(input: Address): Address {
  const address: Record<string, string> = {};
  const checks = createChecks();
  for (const part of ADDRESS_PARTS) {
    const value = input[part];
    if (value === undefined) continue;
    // the only texts with several lines: §5.1.1 separates those of `formatted` and `street_address` by newlines
    checks.run(() => {
      for (const line of value.split(/\r?\n/)) if (line !== '') text(`address.${part}`, line);
    });
    address[part] = value;
  }
  checks.end();
  return address;
}

function text(field: string, value: string): string {
  const trimmed = value.trim();
  if (trimmed === '' || trimmed.length > TEXT_MAX) throw invalidInput(field, `must have 1 to ${TEXT_MAX} characters`);
  if (/[\p{Cc}\p{Cs}]/u.test(trimmed)) throw invalidInput(field, 'must not contain control characters');
  return trimmed;
}

/** These end up in links and images of relying parties: never `javascript:` or `data:`. */
function webUrl(field: string, value: string): string {
  const url = URL.parse(value);
  if (!url || !['https:', 'http:'].includes(url.protocol) || value.length > URL_MAX) {
    throw invalidInput(field, 'must be an http or https URL');
  }
  return value;
}

function matching(pattern: RegExp, message: string): Check {
  return (field, value) => {
    if (!pattern.test(value)) throw invalidInput(field, message);
    return value;
  };
}
