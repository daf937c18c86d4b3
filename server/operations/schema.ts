import { createRequire } from 'node:module';
import { isDeepStrictEqual } from 'node:util';
import { type Static, type TSchema, type TUnsafe, Type } from 'typebox';
import type { Validator } from 'typebox/compile';
import { AppError, type InputFault, invalidInput } from '../platform/errors.ts';
import { maskedPlaces, memberSchema } from './personal_fields.ts';
import { detailOf, unknownMember } from './schema_details.ts';

/** Building blocks of schemas. An object without `additionalProperties: false` would accept misspelled members silently. */

type Properties = Record<string, TSchema>;
type ObjectOptions = NonNullable<Parameters<typeof Type.Object>[1]>;

/** An object that refuses unknown members. */
export function strict<const P extends Properties>(properties: P, options: ObjectOptions = {}) {
  return Type.Object(properties, { additionalProperties: false, ...options });
}

/** A change of an object by JSON Merge Patch (RFC 7396): members that are present replace the old values. */
export function patch<const P extends Properties>(properties: P, options: ObjectOptions = {}) {
  return Type.Partial(strict(properties), { additionalProperties: false, minProperties: 1, ...options });
}

type Removable<P extends Properties> = { readonly [Name in keyof P]: TUnsafe<Static<P[Name]> | null> };

/**
 * The same properties for a patch (RFC 7396): null removes one. Of an object the patch may have any members, because they are
 * merged into the old ones; so what results is checked, and not the patch.
 */
export function removable<const P extends Properties>(properties: P): Removable<P> {
  const entries = Object.entries(properties).map(([name, schema]) => [name, Type.Unsafe(orNull(schema))]);
  return Object.fromEntries(entries) as Removable<P>;
}

function orNull(schema: TSchema): object {
  const {
    type,
    description,
    enum: words,
  } = schema as { type?: string | string[]; description?: string; enum?: unknown[] };
  const types = [type ?? [], 'null'].flat();
  if (type === 'object') return { type: types, ...(description === undefined ? {} : { description }) };
  return { ...schema, type: types, ...(words ? { enum: [...words, null] } : {}) };
}

export const Time = Type.String({ format: 'date-time', description: 'RFC 3339, in UTC' });

/** A member that is always there, and may have no value. */
export function Nullable<T extends TSchema>(schema: T, description?: string) {
  return Type.Union([schema, Type.Null()], description === undefined ? {} : { description });
}

export const Id = Type.String({ format: 'uuid', description: 'UUID' });
export const Version = Type.Integer({ minimum: 1, description: 'raised by each change' });
export const EtagOfUser = Type.String({ description: 'the ETag of the user, for the next If-Match' });
export const ManagedBy = Type.Union([Type.Literal('file'), Type.Null()], {
  description: '"file" where the configuration file manages it',
});

// The compiler has hundreds of modules, and is loaded at the first check: a server starts without one.
const require = createRequire(import.meta.url);

export function compileSchema<S extends TSchema>(schema: S): Validator<Record<never, never>, S> {
  const { Compile } = require('typebox/compile') as typeof import('typebox/compile');
  return Compile(schema);
}

const compiled = new WeakMap<TSchema, Validator>();

/** Compiled on first use: all schemas together take long, and a command needs one. */
function validatorOf(schema: TSchema): Validator {
  let validator = compiled.get(schema);
  if (!validator) {
    validator = compileSchema(schema);
    compiled.set(schema, validator);
  }
  return validator;
}

const ERRORS_MAX = 20;

const MASKED = 'is masked: leave it out, so that the stored value stays, or send the whole value';

/** The place of a value in a request. */
export type Part = 'body' | 'params' | 'query';

/** Functions that check, compare and write values call themselves for each level, and the stack ends at some thousands. */
const DEPTH_MAX = 32;

function isDeeper(value: unknown, most: number): boolean {
  let level = [value];
  for (let depth = 0; depth <= most && level.length > 0; depth += 1) {
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? (Object.values(one) as unknown[]) : []));
  }
  return level.length > 0;
}

/** @throws AppError 400 `invalid_input` with all wrong values */
export function assertValid<S extends TSchema>(schema: S, value: unknown, part: Part): asserts value is Static<S> {
  if (isDeeper(value, DEPTH_MAX)) throw invalidInput(part, `must have at most ${DEPTH_MAX} levels`);
  if (part === 'body' && value === undefined) {
    const detail = 'is missing: send a JSON object, which may be {} when nothing is required';
    throw new AppError('invalid_input', `body: ${detail}`, { field: part, errors: [{ pointer: '', detail }] });
  }
  const validator = validatorOf(schema);
  const all = validator.Check(value)
    ? [...unstorableIn(value, part), ...maskedPlaces(schema, value).map((one) => faultAt(part, one, MASKED))]
    : [...validator.Errors(value)].flatMap((error) => faultsOf(schema, error, part));
  if (all.length === 0) return;
  const errors = all
    .filter((one, i) => all.findIndex((other) => isDeepStrictEqual(one, other)) === i)
    .slice(0, ERRORS_MAX);
  const [first] = errors;
  const field = first === undefined ? part : 'parameter' in first ? first.parameter : nameOf(first.pointer);
  throw new AppError('invalid_input', `${field}: ${first?.detail ?? 'is not valid'}`, { field, errors });
}

/** Postgres stores no NUL in a text (its documentation §8.3), and UTF-8 has no half of a surrogate pair (RFC 3629 §3). */
const isStorable = (text: string) => text.isWellFormed() && !text.includes('\0');

function unstorableIn(value: unknown, part: Part, pointer = ''): InputFault[] {
  if (typeof value === 'string') return isStorable(value) ? [] : [faultAt(part, pointer, UNSTORABLE)];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const at = `${pointer}/${escaped(name)}`;
    return isStorable(name) ? unstorableIn(member, part, at) : [faultAt(part, at, UNSTORABLE)];
  });
}

const UNSTORABLE = 'has a character that cannot be stored: NUL, or half of a surrogate pair';

/**
 * The value without the members that its schema does not name, so that nothing leaks: as `Value.Clean` of typebox, which takes a
 * quarter of a millisecond for a user.
 */
export function described(schema: TSchema, value: unknown): unknown {
  const { anyOf, properties, patternProperties, items } = schema as {
    readonly anyOf?: readonly TSchema[];
    readonly properties?: Readonly<Record<string, TSchema>>;
    readonly patternProperties?: Readonly<Record<string, TSchema>>;
    readonly items?: TSchema;
  };
  if (anyOf) {
    const one = anyOf.find((alternative) => validatorOf(alternative).Check(value));
    return one && described(one, value);
  }
  if (acceptsAll(schema)) return value;
  if (Array.isArray(value)) return items && value.map((item) => described(items, item));
  if (typeof value !== 'object' || value === null) return properties || patternProperties || items ? undefined : value;
  const known = Object.entries(value).flatMap(([name, member]) => {
    const own = memberSchema(schema, name);
    return own ? [[name, described(own, member)] as const] : [];
  });
  return properties || patternProperties ? Object.fromEntries(known) : undefined;
}

/** True for `Type.Unknown()`, which describes any value. */
const acceptsAll = (schema: TSchema) => Object.keys(schema).every((keyword) => ANNOTATIONS.includes(keyword));
/** Keywords that say nothing of a value. */
const ANNOTATIONS = ['title', 'description'];

type SchemaError = ReturnType<Validator['Errors']>[number];

function faultsOf(schema: TSchema, error: SchemaError, part: Part): InputFault[] {
  const { keyword, params, instancePath } = error;
  const unknown = (name: string) => unknownMember(schema, error, name);
  // An unknown member has this error besides that of its object, which is missing when there are many.
  if (keyword === 'boolean') return [faultAt(part, instancePath, unknown(nameOf(instancePath)))];
  const at = (name: string) => `${instancePath}/${escaped(name)}`;
  if (keyword === 'required') return params.requiredProperties.map((name) => faultAt(part, at(name), 'is missing'));
  if (keyword === 'additionalProperties') {
    return params.additionalProperties.map((name) => faultAt(part, at(name), unknown(name)));
  }
  return [faultAt(part, instancePath, detailOf(schema, error))];
}

function faultAt(part: Part, pointer: string, detail: string): InputFault {
  return part === 'body' ? { pointer, detail } : { parameter: nameOf(pointer), detail };
}

/** The last name of a JSON pointer; the items of a list have the name of the list. */
function nameOf(pointer: string): string {
  const name = pointer.split('/').findLast((one) => !/^\d+$/.test(one)) ?? '';
  return name.replaceAll('~1', '/').replaceAll('~0', '~') || 'body';
}

const NAME_MAX = 100;

/** A name as a part of a JSON pointer (RFC 6901 §3). */
function escaped(name: string): string {
  return name.slice(0, NAME_MAX).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1');
}
