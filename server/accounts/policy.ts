import { withULabels } from '../platform/email_domains.ts';
import { AppError } from '../platform/errors.ts';
import type { Shares } from '../platform/fair_queue.ts';
import type { Profile } from './account.ts';
import type { Blocklist } from './blocklist.ts';

/** Counted in Unicode code points (NIST SP 800-63B-4 §3.1.1.2). */
export const PASSWORD_MAX = 256;
/** Number of passwords, including the current one, that a new password must differ from. */
export const PASSWORDS_REMEMBERED = 5;

/** The rules that can refuse a new password. */
export type PasswordRule =
  | 'too_short'
  | 'too_long'
  | 'no_upper'
  | 'no_lower'
  | 'no_digit'
  | 'no_symbol'
  | 'control_characters'
  | 'blocklisted'
  | 'personal'
  | 'reused'
  | 'unchanged';

export type PolicyName = 'complex' | 'nist';

/** A rule as it is shown to people. Only the server can check those with neither limit nor pattern, and `reused`. */
export interface PolicyRule {
  readonly name: PasswordRule;
  /** Characters, or passwords remembered. */
  readonly limit?: number;
  /** A regular expression (with the flag `u`) that a password which keeps the rule matches. */
  readonly pattern?: string;
}

export interface PasswordPolicy {
  readonly name: PolicyName;
  /** In the order in which they are shown and reported. */
  readonly rules: readonly PolicyRule[];
  /** How long a password may be used, in seconds; undefined: for ever. */
  readonly maxAgeSeconds: number | undefined;
  /** @returns all rules that the password breaks; empty for an acceptable one */
  check(password: string, context: PasswordContext): Promise<PasswordRule[]>;
  /** True for one that was set too long ago, or at `MUST_CHANGE`. One of unknown age counts from its owner's next sign-in. */
  isExpired(passwordSetAt: Date | null, now: number): boolean;
}

/** The time that is stored for a password that must be changed at the next sign-in, even without a maximum age. */
export const MUST_CHANGE = new Date(0);

/** True for a password that its owner may use once, to choose another one. */
export function mustChange(passwordSetAt: Date | null): boolean {
  return passwordSetAt?.getTime() === MUST_CHANGE.getTime();
}

/** When a password was set, to be shown; null where it is not known, or an operator chose it for one sign-in. */
export function timeOfPassword({ passwordSetAt }: { readonly passwordSetAt: Date | null }): Date | null {
  return mustChange(passwordSetAt) ? null : passwordSetAt;
}

export interface PasswordContext {
  /** Words that the password must not contain, such as those of `personalWords`. */
  readonly personal: readonly string[];
  /** Hashes of the current password and, where the policy remembers them, of those before it, newest first. */
  readonly earlier?: readonly string[];
  /** The shares of the hash queue that comparing with these hashes counts to. */
  readonly shares?: Shares;
}

export interface PolicyParts {
  readonly name: PolicyName;
  readonly blocklist: Blocklist;
  readonly maxAgeSeconds?: number | undefined;
  /** Words for this deployment; default: none. */
  readonly names?: readonly string[];
  verify(hash: string, password: string, shares?: Shares): Promise<boolean>;
  guesses(password: string, words: readonly string[], shares?: Shares): Promise<number>;
}

/**
 * A password that takes fewer guesses counts as a common one. It is zxcvbn's limit for the best score: eleven days at ten
 * thousand guesses a second, which are many for a slow hash.
 */
export const GUESSES_LEAST = 1e10;

const POLICIES: Readonly<Record<PolicyName, { minimum: number; rules: readonly PasswordRule[] }>> = {
  complex: {
    minimum: 12,
    rules: [
      'too_short',
      'no_upper',
      'no_lower',
      'no_digit',
      'no_symbol',
      'blocklisted',
      'personal',
      'reused',
      'control_characters',
      'too_long',
    ],
  },
  // SP 800-63B-4 §3.1.1.2 asks for length and a blocklist, and forbids rules of composition.
  nist: { minimum: 15, rules: ['too_short', 'blocklisted', 'unchanged', 'control_characters', 'too_long'] },
};

const PATTERNS: Partial<Readonly<Record<PasswordRule, string>>> = {
  no_upper: '[\\p{Lu}\\p{Lt}]',
  no_lower: '\\p{Ll}',
  no_digit: '\\p{Nd}',
  no_symbol: '[\\p{P}\\p{S}\\p{Zs}]',
  // Keyboards do not produce them, and some programs cut texts at them. SP 800-63B-4 §3.1.1.2 allows printing characters.
  control_characters: '^[^\\p{Cc}\\p{Cs}]*$',
};

const MESSAGES: Readonly<Record<PasswordRule, (limit: number | undefined) => string>> = {
  too_short: (limit) => `must have at least ${limit} characters`,
  too_long: (limit) => `must have at most ${limit} characters`,
  no_upper: () => 'must contain an uppercase letter',
  no_lower: () => 'must contain a lowercase letter',
  no_digit: () => 'must contain a digit',
  no_symbol: () => 'must contain a symbol or a space',
  control_characters: () => 'must not contain control characters',
  blocklisted: () => 'must not be a common password, nor one known from a leak',
  personal: () => 'must not contain the name, username or e-mail address',
  reused: (limit) => `must differ from the last ${limit} passwords`,
  unchanged: () => 'must differ from the current password',
};

/** A new password that the policy refuses: code `password_<first rule>`, and all rules that it broke. */
export class PasswordRefused extends AppError {
  readonly rules: readonly PasswordRule[];
  constructor(policy: Pick<PasswordPolicy, 'rules'>, rules: readonly [PasswordRule, ...PasswordRule[]]) {
    const errors = rules.map((rule) => ({
      pointer: '/password',
      detail: MESSAGES[rule](policy.rules.find(({ name }) => name === rule)?.limit),
      rule,
    }));
    const message = `password: ${errors.map(({ detail }) => detail).join('; ')}`;
    super(`password_${rules[0]}`, message, { field: 'password', errors });
    this.rules = rules;
  }
}

export function createPolicy({
  name,
  blocklist,
  maxAgeSeconds,
  names = [],
  verify,
  guesses,
}: PolicyParts): PasswordPolicy {
  const { minimum, rules } = POLICIES[name];

  async function isEarlier(password: string, { earlier = [], shares }: PasswordContext): Promise<boolean> {
    if (password === '') return false;
    for (const hash of earlier) if (await verify(hash, password, shares)) return true;
    return false;
  }

  /** True when the password breaks the rule; a rule that is not here is checked by its pattern. */
  const breaks: Partial<
    Record<PasswordRule, (password: string, context: PasswordContext) => boolean | Promise<boolean>>
  > = {
    // In the form that is hashed, in which two code points may have become one.
    too_short: (password) => Math.min(codePoints(password), codePoints(password.normalize('NFKC'))) < minimum,
    too_long: (password) => codePoints(password) > PASSWORD_MAX,
    async blocklisted(password, context) {
      if (await blocklist.has(password)) return true;
      // A password that is too short or contains a name is reported as that alone; "easy to guess" would add nothing.
      if ((await breaks.too_short?.(password, context)) || (await breaks.personal?.(password, context))) return false;
      const { personal, shares } = context;
      return (await guesses(password, [...personal, ...names], shares)) < GUESSES_LEAST;
    },
    personal: (password, { personal }) => containsPersonal(password, personal),
    reused: isEarlier,
    unchanged: isEarlier,
  };

  const limits: Partial<Record<PasswordRule, number>> = {
    too_short: minimum,
    too_long: PASSWORD_MAX,
    reused: PASSWORDS_REMEMBERED,
  };

  return {
    name,
    maxAgeSeconds,
    rules: rules.map((rule) => ({
      name: rule,
      ...(limits[rule] === undefined ? {} : { limit: limits[rule] }),
      ...(PATTERNS[rule] === undefined ? {} : { pattern: PATTERNS[rule] }),
    })),

    async check(password, context) {
      // The other rules are not checked, because that would take too long for such a text.
      if (codePoints(password) > PASSWORD_MAX) return ['too_long'];
      const failed: PasswordRule[] = [];
      for (const rule of rules) {
        const pattern = PATTERNS[rule];
        const isBroken = pattern ? !new RegExp(pattern, 'u').test(password) : await breaks[rule]?.(password, context);
        if (isBroken) failed.push(rule);
      }
      return failed;
    },

    isExpired(passwordSetAt, now) {
      if (mustChange(passwordSetAt)) return true;
      if (maxAgeSeconds === undefined || passwordSetAt === null) return false;
      return now - passwordSetAt.getTime() >= maxAgeSeconds * 1_000;
    },
  };
}

const PERSONAL_LEAST = 4;

type Personal = Pick<Profile, 'email'> & {
  readonly [Name in 'username' | 'name' | 'givenName' | 'familyName' | 'middleName' | 'nickname']?: string | undefined;
};

/** Words that must not be in the person's password: each part of a name, the username, the e-mail address and its local part. */
export function personalWords(person: Personal): string[] {
  const { email, username = '' } = person;
  const local = email.slice(0, Math.max(0, email.lastIndexOf('@')));
  const names = [person.name, person.givenName, person.familyName, person.middleName, person.nickname];
  const parts = [...names, local].flatMap((text) => (text ?? '').split(/[^\p{L}\p{N}\p{M}]+/u));
  const words = [...parts, local, email, withULabels(email), username].filter(
    (word) => codePoints(word) >= PERSONAL_LEAST,
  );
  return [...new Set(words)];
}

function containsPersonal(password: string, words: readonly string[]): boolean {
  const plain = fold(password);
  const forms = [plain, undoLeet(plain)];
  return words
    .map(fold)
    .some((word) => codePoints(word) >= PERSONAL_LEAST && forms.some((form) => form.includes(word)));
}

const LEET: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '8': 'b',
  '9': 'g',
  '@': 'a',
  $: 's',
  '!': 'i',
  '|': 'l',
  '+': 't',
};

/** `l0v3l@ce` → `lovelace`. */
function undoLeet(text: string): string {
  return text.replaceAll(/[01345789@$!|+]/g, (character) => LEET[character] ?? character);
}

/** Without case and diacritics: Zoë, ZOE and zoe are one. */
function fold(text: string): string {
  return text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();
}

/** The length of a text without building its parts; `[...text]` of a megabyte would be an attack. */
export function codePoints(text: string): number {
  // A code point has at most two UTF-16 units, so a text beyond this length is too long in any case.
  if (text.length > 2 * PASSWORD_MAX) return text.length;
  return [...text].length;
}
