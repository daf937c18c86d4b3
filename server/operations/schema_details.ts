import type { Validator } from 'typebox/compile';
import { suggestion } from '../platform/nearest_name.ts';

type SchemaError = ReturnType<Validator['Errors']>[number];
type Keyword = SchemaError['keyword'];
type ParamsOf<K extends Keyword> = Extract<SchemaError, { readonly keyword: K }>['params'];

/** The keywords that demand or forbid members: an error of one names them. */
type OfMembers = 'required' | 'additionalProperties' | 'boolean';

/** Keywords that no schema here has: `tests/operations/schema_details.test.ts` finds one that is new. */
type Unused =
  | 'contains'
  | 'dependencies'
  | 'dependentRequired'
  | 'exclusiveMaximum'
  | 'exclusiveMinimum'
  | 'if'
  | 'multipleOf'
  | 'not'
  | 'oneOf'
  | 'propertyNames'
  | 'unevaluatedItems'
  | 'unevaluatedProperties'
  | '~refine';

type Described = Exclude<Keyword, OfMembers | Unused>;

const TYPES: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  integer: 'a whole number',
  null: 'null',
  object: 'an object',
  string: 'a text',
};

export const FORMATS: Readonly<Record<string, string>> = {
  'date-time': 'a time as of RFC 3339, such as 2026-11-01T08:00:00Z',
  hostname: 'a host name, such as app.example.com',
  uri: 'an absolute URI, such as https://app.example.com/callback',
  uuid: 'a UUID, such as 0199c9d2-6f6e-7c1e-b1a5-2b6f7d9c1e01',
};

export const PATTERNS: Readonly<Record<string, string>> = {
  '^[A-Za-z0-9][A-Za-z0-9._~-]{0,99}$':
    '1 to 100 of the characters A-Z a-z 0-9 . _ ~ -, of which the first is a letter or a digit',
  '^[\\x21\\x23-\\x5B\\x5D-\\x7E]+$': 'visible characters of ASCII without " \\ and spaces',
  '^(?!__)[\\x21\\x23-\\x5B\\x5D-\\x7E]+$':
    'visible characters of ASCII without " \\ and spaces, and must not begin with __',
  '^[\\x21-\\x7e]+$': 'visible characters of ASCII without spaces',
  '^[A-Za-z0-9._-]{1,100}$': '1 to 100 of the characters A-Z a-z 0-9 . _ -',
  '^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$': 'a language tag, such as en or pt-BR',
  '^[a-z_.]+\\*?$': 'the name of an action or event, such as users.update, or its beginning and *, such as users.*',
  '^https?://': 'a URL that begins with https:// or http://',
  '^[0-9a-f]{16}$': '16 hexadecimal digits in lower case, as a list shows it',
  '^[0-9a-f]{64}$': '64 hexadecimal digits in lower case, as a list shows it',
};

/** A sentence on the allowed values, by the keyword that a value does not fulfil (JSON Schema Validation 2020-12 §6). */
export const DETAILS: { readonly [K in Described]: (params: ParamsOf<K>) => string } = {
  anyOf: () => 'must have one of the forms that the reference of the API shows',
  const: ({ allowedValue }) => `must be ${JSON.stringify(allowedValue)}`,
  enum: ({ allowedValues }) => `must be one of ${allowedValues.map((one) => one ?? 'null').join(', ')}`,
  format: ({ format }) => `must be ${FORMATS[format] ?? `a ${format}`}`,
  maxItems: ({ limit }) => `must have at most ${counted(limit, 'item')}`,
  maxLength: ({ limit }) => `must have at most ${counted(limit, 'character')}`,
  maxProperties: ({ limit }) => `must have at most ${counted(limit, 'member')}`,
  maximum: ({ limit }) => `must be at most ${limit}`,
  minItems: ({ limit }) => `must have at least ${counted(limit, 'item')}`,
  minLength: ({ limit }) => `must have at least ${counted(limit, 'character')}`,
  minProperties: ({ limit }) => `must have at least ${counted(limit, 'member')}`,
  minimum: ({ limit }) => `must be at least ${limit}`,
  pattern: ({ pattern }) => `must be ${PATTERNS[String(pattern)] ?? 'of the form that the reference of the API shows'}`,
  type: ({ type }) =>
    `must be ${[type]
      .flat()
      .map((one) => TYPES[one] ?? one)
      .join(' or ')}`,
  uniqueItems: () => 'must not have an item twice',
};

/**
 * Says which values are allowed in place of one that a schema refuses.
 * @param schema the whole one
 */
export function detailOf(schema: object, error: SchemaError): string {
  const { keyword, params, message } = error;
  const detail = (DETAILS as Readonly<Record<string, ((params: object) => string) | undefined>>)[keyword];
  const said = detail?.(params) ?? message;
  if (keyword !== 'minProperties' && keyword !== 'maxProperties') return said;
  const names = membersAt(schema, error);
  return names.length === 0 ? said : `${said}; there are ${names.join(', ')}`;
}

/** The sentence for a member that a schema does not have. */
export function unknownMember(schema: object, error: SchemaError, name: string): string {
  return `is not known here${suggestion(membersAt(schema, error), name)}`;
}

/** The members that the object of an error may have. The error of a member itself is about the object around it. */
function membersAt(schema: object, { keyword, schemaPath }: SchemaError): string[] {
  const steps = schemaPath.split('/').slice(1, keyword === 'boolean' ? -1 : undefined);
  const object = steps.reduce<unknown>((at, step) => memberOf(at, step), schema);
  return Object.keys(memberOf(object, 'properties') ?? {});
}

function memberOf(value: unknown, name: string): object | undefined {
  const own = typeof value === 'object' && value !== null && Object.hasOwn(value, name);
  return own ? ((value as Readonly<Record<string, object>>)[name] ?? undefined) : undefined;
}

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;
