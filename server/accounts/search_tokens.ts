import { createHmac, createSecretKey, hash, type KeyObject, randomBytes } from 'node:crypto';
import type { Profile } from './account.ts';
import { normaliseIdentifier } from './identifiers.ts';

/**
 * Tokens by which accounts are found in `account_index`. A token of 64 bits stands for something that accounts have in common.
 *
 * Profiles are sealed, so the tokens of their beginnings are keyed (HMAC-SHA-256). E-mail address, username and names share
 * them, each account has as many of them, in the order of their values. So the index tells which accounts have a beginning in
 * common, but neither what it is, how long it is, nor of what. Groups and the like are readable in `accounts`: their tokens
 * need no key, and the database makes them itself (`account_token`, migration 0025).
 */

/** Lengths of beginnings, in characters. What is searched beyond the longest that fits is looked for in the profile. */
const LENGTHS = [2, 4, 8, 12] as const;

/** The members of a profile by whose beginning people are found. */
export const SEARCHED = ['email', 'username', 'name', 'givenName', 'familyName'] as const satisfies (keyof Profile)[];

/** One more than an account can need, so that at least one is random in each: see `drop_search_tokens` (migration 0025). */
const TOKENS = SEARCHED.length * LENGTHS.length + 1;

const TOKEN_BYTES = 8;

/** The form in which texts are searched: without regard to case, to forms of the same letter, and to white space around. */
export const searchForm = normaliseIdentifier;

export interface SearchTokens {
  /** All tokens of a profile. */
  of(profile: { readonly [Member in (typeof SEARCHED)[number]]?: Profile[Member] | undefined }): string[];
  /** @returns the token that everything which begins so has; undefined for a text that is too short to have one */
  ofBeginning(text: string): string | undefined;
}

export function createSearchTokens(key: Uint8Array): SearchTokens {
  const hmacKey = createSecretKey(key);
  return {
    of(profile) {
      const beginnings = new Set(SEARCHED.flatMap((member) => beginningsOf(profile[member])));
      const tokens = [...beginnings].map((beginning) => tokenOf(hmacKey, beginning));
      const missing = TOKENS - tokens.length;
      const random = randomBytes(TOKEN_BYTES * missing);
      for (let i = 0; i < missing; i += 1) tokens.push(random.readBigInt64BE(TOKEN_BYTES * i));
      return tokens.sort((a, b) => (a < b ? -1 : 1)).map(String);
    },
    ofBeginning(text) {
      const longest = beginningsOf(text).at(-1);
      return longest === undefined ? undefined : String(tokenOf(hmacKey, longest));
    },
  };
}

/** The beginnings of a text that have tokens, shortest first. */
function beginningsOf(text: string | undefined): string[] {
  const characters = [...searchForm(text ?? '')];
  return LENGTHS.filter((length) => length <= characters.length).map((length) => characters.slice(0, length).join(''));
}

function tokenOf(key: KeyObject, beginning: string): bigint {
  // By way of text: a buffer from OpenSSL has memory of its own, and takes twice as long.
  const digest = createHmac('sha256', key).update(beginning).digest('hex');
  return BigInt.asIntN(8 * TOKEN_BYTES, BigInt(`0x${digest.slice(0, 2 * TOKEN_BYTES)}`));
}

/** `deletion_planned` and `restricted` have a token only where they are true. */
export type AttributeKind =
  | 'group'
  | 'role'
  | 'second_factor'
  | 'disabled'
  | 'has_password'
  | 'deletion_planned'
  | 'restricted';

/** The same as the function `account_token` of the schema. */
export function attributeToken(kind: AttributeKind, value: string | boolean): string {
  return String(hash('sha256', `${kind} ${value}`, 'buffer').readBigInt64BE());
}
