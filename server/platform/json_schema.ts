import { createRequire } from 'node:module';
import type { ErrorObject, ValidateFunction } from 'ajv';
import type { XStatic } from 'typebox/schema';
import { invalidInput } from './errors.ts';
import type { DeepReadonly } from './types.ts';

// Ajv is loaded at the first check: most processes never check a document.
const require = createRequire(import.meta.url);

/** The type of the values that a JSON Schema accepts. */
export type Accepted<Schema> = DeepReadonly<XStatic<Schema>>;

/** The schema for documents of the API: without the messages of this module. */
export function withoutMessages(schema: object): Readonly<Record<string, unknown>> {
  return JSON.parse(JSON.stringify(schema, (name, value) => (name === 'must' ? undefined : value)));
}

/** The first problem of a value, and its place, such as `claim_mapping[0].from`. */
export interface SchemaProblem {
  readonly field: string;
  readonly message: string;
}

/**
 * Besides the keywords of JSON Schema, a schema may have `must`: the message for a value that it does not accept.
 * @returns a check that throws AppError 400 `invalid_input` with the field
 */
export function createCheck<const Schema extends object>(
  schema: Schema,
): (field: string, value: unknown) => Accepted<Schema> {
  const find = createProblemFinder(schema);
  return (field, value) => {
    const problem = find(field, value);
    if (problem) throw invalidInput(problem.field, problem.message);
    return value as Accepted<Schema>;
  };
}

/** @returns a function that finds the first problem of a value; undefined when the schema accepts it */
export function createProblemFinder(schema: object): (field: string, value: unknown) => SchemaProblem | undefined {
  let validate: ValidateFunction | undefined;
  return (field, value) => {
    validate ??= compile(schema);
    if (validate(value)) return undefined;
    const located = (validate.errors ?? []).map((error) => locate(schema, error));
    // All alternatives of an `anyOf` report an error: the one with the longest path is the most likely intention.
    const deepest = located.reduce((best, one) => (one.path.length >= best.path.length ? one : best));
    return { field: nameOf(field, value, deepest.path), message: deepest.message };
  };
}

function compile(schema: object): ValidateFunction {
  const { Ajv } = require('ajv') as typeof import('ajv');
  return new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true, verbose: true })
    .addVocabulary(['must'])
    .compile(schema);
}

interface Located {
  readonly path: readonly string[];
  readonly message: string;
}

function locate(root: object, error: ErrorObject): Located {
  const path = segmentsOf(error.instancePath);
  const { additionalProperty, missingProperty } = error.params as Readonly<Record<string, string | undefined>>;
  if (additionalProperty !== undefined) return { path: [...path, additionalProperty], message: 'is not supported' };
  const schemaPath = segmentsOf(error.schemaPath).slice(0, -1);
  if (missingProperty !== undefined) {
    const missing = schemaAt(root, [...schemaPath, 'properties', missingProperty]);
    if (missing) return { path: [...path, missingProperty], message: messageOf(missing) };
  }
  let schema = schemaAt(root, schemaPath);
  // The message of a list is also the message for its items, unless an item has its own.
  while (schema?.must === undefined && schemaPath.at(-1) === 'items') {
    schemaPath.pop();
    path.pop();
    schema = schemaAt(root, schemaPath);
  }
  return { path, message: messageOf(schema ?? {}, error.message) };
}

interface Node {
  readonly must?: string;
  readonly type?: string;
  readonly enum?: readonly string[];
}

function messageOf({ must, type, enum: words }: Node, otherwise = 'is not valid'): string {
  return must ?? (words ? `must be one of ${words.join(', ')}` : (TYPE_MESSAGES[type ?? ''] ?? otherwise));
}

const TYPE_MESSAGES: Readonly<Record<string, string>> = {
  object: 'must be an object',
  array: 'must be a list',
  boolean: 'must be true or false',
  string: 'must be a text',
};

function schemaAt(root: object, path: readonly string[]): Node | undefined {
  return path.reduce<unknown>((node, name) => (node as Record<string, unknown> | undefined)?.[name], root) as
    | Node
    | undefined;
}

/** The segments of a JSON Pointer (RFC 6901), which may be a fragment of a URI. */
function segmentsOf(pointer: string): string[] {
  const [, ...segments] = pointer.split('/');
  return segments.map((one) => decodeURIComponent(one).replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** `targets` of `token_exchange` is `token_exchange.targets`, the first item of a list `claim_mapping[0]`. */
function nameOf(field: string, value: unknown, path: readonly string[]): string {
  let [name, at] = [field, value];
  for (const segment of path) {
    name += Array.isArray(at) ? `[${segment}]` : name === '' ? segment : `.${segment}`;
    at = (at as Record<string, unknown> | undefined)?.[segment];
  }
  return name;
}
