import assert from 'node:assert/strict';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { type MediaType, type OpenApi, operationsOf, type Response, resolve } from '../../server/platform/openapi.ts';

/** It compiles the meta schema at its first use. */
const validator = new Validator();

/**
 * Fails unless the document is valid by the meta schema of OpenAPI 3.1, and each schema in it by that of JSON Schema.
 * @param check of this document
 */
export async function assertValidDocument(document: OpenApi, check = createSchemaCheck(document)): Promise<void> {
  const { valid, errors } = await validator.validate(structuredClone(document) as unknown as Record<string, unknown>);
  assert.ok(valid, JSON.stringify(errors, null, 2));
  for (const { pointer } of schemasIn(document, '#')) check.compile(pointer);
}

/** The schemas of a document, by their place in it. */
function schemasIn(value: unknown, pointer: string): { pointer: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => {
    const at = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (key === 'example' || key === 'examples') return [];
    if (key === 'schema') return [{ pointer: at }];
    if (pointer === '#/components/schemas') return [{ pointer: at }];
    return schemasIn(child, at);
  });
}

export interface SchemaCheck {
  compile(pointer: string): ValidateFunction;
  /** @returns what is wrong with the value; undefined: nothing */
  problem(pointer: string, value: unknown): string | undefined;
}

const OPEN = ['additionalProperties', 'unevaluatedProperties', 'oneOf', 'anyOf', 'allOf', '$ref'];

/**
 * Objects with `properties` have no others, unless their schema says so: a response with a member that the document does not
 * name is a fault of the document.
 */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, child]) => [key, closed(child)]));
  const isSchema = copy.type === 'object' && typeof copy.properties === 'object';
  return isSchema && !OPEN.some((keyword) => keyword in copy) ? { ...copy, additionalProperties: false } : copy;
}

/** Checks values by the schemas of a document, in its own dialect (JSON Schema 2020-12). */
export function createSchemaCheck(document: OpenApi): SchemaCheck {
  const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true });
  for (const word of ['example', 'discriminator', 'xml', 'externalDocs', 'x-personal']) ajv.addKeyword(word);
  for (const format of ['uri', 'uri-reference', 'hostname', 'email', 'date-time', 'uuid', 'date', 'ipv4', 'ipv6'])
    ajv.addFormat(format, FORMATS[format] ?? true);
  ajv.addKeyword('openapi').addVocabulary(['info', 'servers', 'tags', 'paths', 'components']);
  ajv.addSchema({ ...(closed(document) as object), $id: 'openapi' });
  const compiled = new Map<string, ValidateFunction>();
  const compile = (pointer: string): ValidateFunction => {
    const validate = compiled.get(pointer) ?? ajv.compile({ $ref: `openapi${encodeURI(pointer)}` });
    compiled.set(pointer, validate);
    return validate;
  };
  return {
    compile,
    problem(pointer, value) {
      const validate = compile(pointer);
      return validate(value) ? undefined : ajv.errorsText(validate.errors);
    },
  };
}

const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  uri: (text) => URL.canParse(text),
};

const segment = (text: string): string => text.replaceAll('~', '~0').replaceAll('/', '~1');

/** Each example of a document with the schema that it must be valid by. */
export function examplesIn(document: OpenApi): { what: string; pointer: string; value: unknown }[] {
  return operationsOf(document).flatMap(({ path, method, operation }) => {
    const at = `#/paths/${segment(path)}/${method}`;
    const what = `${method} ${path}`;
    const { parameters = [], requestBody, responses = {} } = operation;
    const ofParameters = parameters.flatMap(({ name, example }, i) =>
      example === undefined
        ? []
        : [{ what: `${what} ${name}`, pointer: `${at}/parameters/${i}/schema`, value: example }],
    );
    const ofBody = contentExamples(requestBody?.content, `${at}/requestBody/content`, `${what} body`);
    const ofResponses = Object.entries(responses).flatMap(([status, given]) => {
      const root = '$ref' in given ? given.$ref : `${at}/responses/${status}`;
      return contentExamples(resolve<Response>(document, given).content, `${root}/content`, `${what} ${status}`);
    });
    return [...ofParameters, ...ofBody, ...ofResponses];
  });
}

function contentExamples(content: Readonly<Record<string, MediaType>> = {}, at: string, what: string) {
  return Object.entries(content).flatMap(([type, media]) =>
    valuesOf(media).map((value) => ({ what: `${what} ${type}`, pointer: `${at}/${segment(type)}/schema`, value })),
  );
}

export function valuesOf({ example, examples = {} }: MediaType): unknown[] {
  return [...(example === undefined ? [] : [example]), ...Object.values(examples).map(({ value }) => value)];
}

export interface RealAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Fails unless the document describes this answer: its status, media type and body. */
export function assertDescribed(
  document: OpenApi,
  check: SchemaCheck,
  request: { readonly method: string; readonly path: string },
  { status, headers, text }: RealAnswer,
): void {
  const method = request.method.toLowerCase();
  const what = `${request.method} ${request.path} ${status}`;
  const operation = operationsOf(document).find((one) => one.path === request.path && one.method === method)?.operation;
  assert.ok(operation, `${what}: no such operation`);
  const named = operation.responses?.[String(status)];
  // A success is always named: `default` is for errors.
  const given = named ?? (status >= 400 ? operation.responses?.default : undefined);
  assert.ok(given, `${what}: no such response`);
  const { content = {} } = resolve<Response>(document, given);
  const type = (headers.get('content-type') ?? '').split(';', 1)[0] ?? '';
  if (text === '') {
    const mayBeEmpty = LINES.test(type) || Object.keys(content).length === 0 || (status >= 300 && status < 400);
    assert.ok(mayBeEmpty, `${what}: a body is described`);
    return;
  }
  assert.ok(Object.hasOwn(content, type), `${what}: ${type} is not described`);
  const root =
    '$ref' in given ? given.$ref : `#/paths/${segment(request.path)}/${method}/responses/${named ? status : 'default'}`;
  for (const value of valuesIn(type, text)) {
    const problem = check.problem(`${root}/content/${segment(type)}/schema`, value);
    assert.equal(problem, undefined, `${what}: ${problem} in ${text.slice(0, 400)}`);
  }
}

const LINES = /\bx-ndjson$/;

/** What a body has by its media type; of lines each. */
export function valuesIn(type: string, text: string): unknown[] {
  if (LINES.test(type))
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as unknown);
  return [/\bjson$/.test(type) ? (JSON.parse(text) as unknown) : text];
}
