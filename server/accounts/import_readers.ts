import { dateOf } from '../platform/clock.ts';
import { AppError, invalidInput } from '../platform/errors.ts';
import { fromBase32 } from './one_time_password.ts';
import type { ImportedAccount } from './profile.ts';

/** The person that an entry becomes, and notes for the operator about data that is not imported. */
export type Converted = ImportedAccount & { readonly notes?: readonly string[] };

/** Reading the members of an entry. Each throws an AppError 400 with the field that is wrong; its message quotes nothing. */
export type Json = Readonly<Record<string, unknown>>;

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;
export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function object(value: unknown, field?: string): Json {
  if (isObject(value)) return value;
  if (field !== undefined) throw invalidInput(field, 'must be an object');
  throw new AppError('invalid_input', 'is not a JSON object');
}

/** JSON in a text, as in Keycloak's exports. */
export function embedded(record: Json, name: string): Json {
  const value = record[name];
  if (isObject(value)) return value;
  try {
    return object(JSON.parse(required(record, name)), name);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw invalidInput(name, 'is not JSON');
  }
}

export function text(record: Json, name: string): string | undefined {
  const value = record[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw invalidInput(name, 'must be text');
  return value;
}

export function required(record: Json, name: string): string {
  const value = text(record, name);
  if (value === undefined) throw invalidInput(name, 'is missing');
  return value;
}

export function boolean(record: Json, name: string): boolean | undefined {
  const value = record[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw invalidInput(name, 'must be true or false');
  return value;
}

export function list(record: Json, name: string): readonly unknown[] {
  const value = record[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalidInput(name, 'must be a list');
  return value;
}

export function texts(record: Json, name: string): string[] {
  return list(record, name).map((one) => {
    if (typeof one !== 'string') throw invalidInput(name, 'must be a list of texts');
    return one;
  });
}

export function whole(record: Json, name: string): number {
  const value = record[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) {
    throw invalidInput(name, 'must be a whole number from 1');
  }
  return value;
}

export function wholeText(value: string, name: string): number {
  return whole({ [name]: Number(value) }, name);
}

export function base64(record: Json, name: string): Buffer {
  const value = required(record, name);
  if (!/^[A-Za-z0-9+/_-]+=*$/.test(value)) throw invalidInput(name, 'must be base64');
  return Buffer.from(value, 'base64');
}

export function oneOf<T>(allowed: Readonly<Record<string, T>>, value: string, name: string): T {
  const mapped = Object.hasOwn(allowed, value) ? allowed[value] : undefined;
  if (mapped === undefined) throw invalidInput(name, `must be one of ${Object.keys(allowed).join(', ')}`);
  return mapped;
}

export function names(givenName: string | undefined, familyName: string | undefined) {
  const name = [givenName, familyName].filter((one) => one !== undefined).join(' ');
  return withoutUndefined({ givenName, familyName, name: name === '' ? undefined : name });
}

/** The object without its undefined members. */
export function withoutUndefined<T extends Readonly<Record<string, string | undefined>>>(
  values: T,
): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: string;
  };
}

export function isoTime(record: Json, name: string): Date | null {
  const value = text(record, name);
  if (value === undefined) return null;
  const time = dateOf(Date.parse(value));
  if (!TIME.test(value) || time === undefined) {
    throw invalidInput(name, 'must be a time such as 2026-01-31T12:00:00Z');
  }
  return time;
}

export function msTime(value: unknown): Date | null {
  return typeof value === 'number' && value > 0 ? (dateOf(value) ?? null) : null;
}

/** `{"$date": "…"}`, `{"$date": 1700000000000}` or the text itself. */
export function mongoTime(value: unknown): Date | null {
  const inner = isObject(value) ? value.$date : value;
  if (typeof inner === 'number') return msTime(inner);
  return typeof inner === 'string' ? (dateOf(Date.parse(inner)) ?? null) : null;
}

export function readSecret(value: string, name: string): Buffer {
  const secret = fromBase32(value);
  if (!secret || secret.length === 0 || secret.length > 128) throw invalidInput(name, 'must be a secret in base 32');
  return secret;
}

/** A word from another system, in a form that is safe to print for the operator. */
export function plain(word: unknown): string {
  return typeof word === 'string' && /^[\w-]{1,64}$/.test(word) ? word : 'of an unknown kind';
}

/**
 * @returns a note for the operator on the differences from Cardea's one-time codes; undefined when there are none
 * @param isFirst false for a further secret: a person has only one in Cardea
 */
export function faultsOfCodes({ algorithm, digits, period }: Json, isFirst: boolean, more: readonly string[] = []) {
  const faults = [
    ...more,
    ...((algorithm ?? 'HmacSHA1') === 'HmacSHA1' ? [] : ['algorithm']),
    ...((digits ?? 6) === 6 ? [] : ['digits']),
    ...((period ?? 30) === 30 ? [] : ['period']),
    ...(isFirst ? [] : ['number of secrets']),
  ];
  return faults.length === 0
    ? undefined
    : `one-time codes are not carried over: their ${faults.join(', ')} is not supported`;
}
