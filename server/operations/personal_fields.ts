import type { TSchema } from 'typebox';
import { isMasked, masked, type PersonalKind } from '../platform/masking.ts';

/*
 * Members of schemas that have personal data say so, by `x-personal` with the kind. All else follows from it: answers are masked,
 * answers in full are in the audit, and masked values are refused where they are sent back.
 */

/** An option of a schema. A value of any form is masked as a whole. */
export const personal = <const Kind extends PersonalKind>(kind: Kind) => ({ 'x-personal': kind }) as const;

/** The parts of a JSON Schema that lead to other schemas. */
interface Node {
  readonly 'x-personal'?: PersonalKind;
  readonly properties?: Readonly<Record<string, TSchema>>;
  /** Of members whose names are not known beforehand (`Type.Record`). */
  readonly patternProperties?: Readonly<Record<string, TSchema>>;
  readonly items?: TSchema;
  readonly anyOf?: readonly TSchema[];
}

/** The schema of a member of an object; undefined when it has none. */
export function memberSchema(schema: TSchema, name: string): TSchema | undefined {
  const { properties = {}, patternProperties = {} } = schema as Node;
  if (Object.hasOwn(properties, name)) return properties[name];
  return Object.entries(patternProperties).find(([pattern]) => new RegExp(pattern, 'u').test(name))?.[1];
}

const personalParts = new WeakMap<TSchema, boolean>();

/** True when a value of the schema can have personal data. */
export function isPersonal(schema: TSchema): boolean {
  const known = personalParts.get(schema);
  if (known !== undefined) return known;
  const { 'x-personal': kind, properties = {}, patternProperties = {}, items, anyOf = [] } = schema as Node;
  const parts = [
    ...Object.values(properties),
    ...Object.values(patternProperties),
    ...(items ? [items] : []),
    ...anyOf,
  ];
  const result = kind !== undefined || parts.some(isPersonal);
  personalParts.set(schema, result);
  return result;
}

/** The value with its personal data masked. */
export function maskedOutput(schema: TSchema, value: unknown): unknown {
  if (!isPersonal(schema)) return value;
  const { 'x-personal': kind, items, anyOf } = schema as Node;
  if (kind !== undefined) return masked(kind, value);
  if (anyOf) return anyOf.reduce((shown, one) => maskedOutput(one, shown), value);
  if (Array.isArray(value)) return items ? value.map((one) => maskedOutput(items, one)) : value;
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => {
    const own = memberSchema(schema, name);
    return [name, own ? maskedOutput(own, member) : member] as const;
  });
  return Object.fromEntries(members);
}

/** The names of all members with personal data that a schema has. */
export function personalNames(schema: TSchema, name = ''): string[] {
  const { 'x-personal': kind, properties = {}, items, anyOf = [] } = schema as Node;
  if (kind !== undefined) return [name];
  const parts = [...(items ? [items] : []), ...anyOf].flatMap((one) => personalNames(one, name));
  const members = Object.entries(properties).flatMap(([own, one]) => personalNames(one, own));
  return [...new Set([...parts, ...members])];
}

/** The names of members with personal data that are in a value, each once; of the items of a list as well. */
export function personalIn(schema: TSchema, value: unknown, name = ''): string[] {
  if (!isPersonal(schema) || value === undefined || value === null || value === '') return [];
  const { 'x-personal': kind, properties = {}, items, anyOf = [] } = schema as Node;
  if (kind !== undefined) return [name];
  if (items && Array.isArray(value)) return [...new Set(value.flatMap((one) => personalIn(items, one, name)))];
  const within = value as Readonly<Record<string, unknown>>;
  const names = typeof value === 'object' ? [...Object.keys(properties), ...Object.keys(within)] : [];
  const members = [...new Set(names)].flatMap((own) => {
    const one = memberSchema(schema, own);
    return one ? personalIn(one, within[own], own) : [];
  });
  return [...new Set([...anyOf.flatMap((one) => personalIn(one, value, name)), ...members])];
}

/** The places of masked values where personal data belongs, as JSON pointers (RFC 6901). */
export function maskedPlaces(schema: TSchema, value: unknown, pointer = ''): string[] {
  if (!isPersonal(schema)) return [];
  if (typeof value === 'string') return isMasked(value) ? [pointer] : [];
  if (typeof value !== 'object' || value === null) return [];
  const { 'x-personal': kind, items, anyOf = [] } = schema as Node;
  const within = Object.entries(value).flatMap(([name, member]) => {
    const own = kind === undefined ? (Array.isArray(value) ? items : memberSchema(schema, name)) : schema;
    return own ? maskedPlaces(own, member, `${pointer}/${name}`) : [];
  });
  return [...new Set([...within, ...anyOf.flatMap((one) => maskedPlaces(one, value, pointer))])];
}
