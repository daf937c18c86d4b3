import { SECONDS_MOST } from '../platform/clock.ts';
import { invalidInput } from '../platform/errors.ts';
import { checkItems } from '../platform/faults.ts';
import { isStorable } from '../platform/text.ts';
import { checkRedirectUri, checkWebUri } from './uris.ts';

/** Reads one field of client metadata. */
export interface Reader<T> {
  /** @throws AppError 400 `invalid_input` with the field */
  (field: string, value: unknown): T;
  /** The JSON Schema of the values; a value may have to meet more than it can say. */
  readonly schema: Readonly<Record<string, unknown>>;
}

export function reader<T>(
  schema: Readonly<Record<string, unknown>>,
  read: (field: string, value: unknown) => T,
): Reader<T> {
  return Object.assign((field: string, value: unknown) => read(field, value), { schema });
}

const ITEMS_MAX = 100;
const SCOPE_MAX = 4_000;
const TEXT_MAX = 2_000;
// RFC 6749 §3.3
const SCOPE_TOKEN = /^[\x21\x23-\x5B\x5D-\x7E]+$/;

export const text = reader({ type: 'string', minLength: 1, maxLength: TEXT_MAX }, (field, value): string => {
  if (typeof value !== 'string' || value === '') throw invalidInput(field, 'must be a text');
  if (value.length > TEXT_MAX) throw invalidInput(field, `must have at most ${TEXT_MAX} characters`);
  if (!isStorable(value)) throw invalidInput(field, 'must not contain NUL or half a surrogate pair');
  return value;
});

export const flag = reader({ type: 'boolean' }, (field, value): boolean => {
  if (typeof value !== 'boolean') throw invalidInput(field, 'must be true or false');
  return value;
});

export const seconds = reader({ type: 'integer', minimum: 0, maximum: SECONDS_MOST }, (field, value): number => {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > SECONDS_MOST) {
    throw invalidInput(field, `must be a number of seconds, at most ${SECONDS_MOST}`);
  }
  return value as number;
});

/** @param words the allowed values */
export function oneOf<T extends string>(words: readonly T[]): Reader<T> {
  return reader({ type: 'string', enum: words }, (field, value) => {
    const word = words.find((one) => one === value);
    if (word === undefined) throw invalidInput(field, `must be one of ${words.join(', ')}`);
    return word;
  });
}

/** A list; duplicate items are removed. */
export function listOf<T>(item: Reader<T>): Reader<T[]> {
  return reader({ type: 'array', items: item.schema, maxItems: ITEMS_MAX }, (field, value) => {
    if (!Array.isArray(value)) throw invalidInput(field, 'must be a list');
    if (value.length > ITEMS_MAX) throw invalidInput(field, `must have at most ${ITEMS_MAX} items`);
    return [...new Set(checkItems(field, value, (one: unknown) => item(field, one)))];
  });
}

const URI = { ...text.schema, format: 'uri' };

export const redirectUri = reader(URI, (field, value) => checkRedirectUri(field, text(field, value)));

export const webUri = reader(URI, (field, value) => checkWebUri(field, text(field, value)));

/** Scope names separated by spaces, or a list of them; each is kept once. */
export const scope = reader({ type: ['string', 'array'], items: { type: 'string' } }, (field, value) =>
  checkScope(field, value).join(' '),
);

/**
 * @param value scope tokens separated by spaces (RFC 6749 §3.3), or a list of them
 * @returns the tokens, each once
 * @throws AppError 400 `invalid_input` with the field
 */
export function checkScope(field: string, value: unknown): string[] {
  const tokens = typeof value === 'string' ? value.split(' ').filter((one) => one !== '') : value;
  const bad = invalidInput(field, 'must be scope names separated by spaces');
  if (!Array.isArray(tokens) || !tokens.every((one) => typeof one === 'string' && SCOPE_TOKEN.test(one))) throw bad;
  if (tokens.join(' ').length > SCOPE_MAX) throw invalidInput(field, `must have at most ${SCOPE_MAX} characters`);
  return [...new Set<string>(tokens)];
}
