import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OpenApi, Operation, Response, Schema } from '../../server/platform/openapi.ts';
import { breakingChanges } from './breaking.ts';

/** Changes of a description that break programs, and those that do not. */

const text = { type: 'string' };
const integer = { type: 'integer' };
const json = (schema: Schema) => ({ 'application/json': { schema } });
const PERSON_REF = { $ref: '#/components/schemas/Person' };

const PERSON: Schema = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 2, maxLength: 100 },
    kind: { type: 'string', enum: ['a', 'b'] },
    tags: { type: 'array', items: text },
    friend: PERSON_REF,
  },
  required: ['name'],
};

const PARAMETERS: NonNullable<Operation['parameters']> = [
  { name: 'id', in: 'path', required: true, schema: text },
  { name: 'limit', in: 'query', schema: { type: 'integer', maximum: 200 } },
];

const OK: Response = { description: '', headers: { ETag: { schema: text } }, content: json(PERSON_REF) };

const OPERATION: Operation = {
  operationId: 'change',
  security: [{ bearer: ['one'] }, { dpop: [] }],
  parameters: PARAMETERS,
  requestBody: { content: json(PERSON_REF) },
  responses: { '200': OK, '404': { description: '' } },
};

function described(operation: Operation = OPERATION, paths?: OpenApi['paths']): OpenApi {
  return {
    openapi: '3.1.1',
    info: { title: '', version: '' },
    paths: paths ?? { '/people/{id}': { patch: operation } },
    components: { schemas: { Person: PERSON } },
  };
}

const of = (more: Partial<Operation>) => described({ ...OPERATION, ...more });
const { requestBody: _body, ...WITHOUT_BODY } = OPERATION;

const OPERATIONS: [what: string, after: OpenApi, breaks: boolean][] = [
  ['nothing', described(), false],
  ['a removed path', described(OPERATION, {}), true],
  ['a removed method', described(OPERATION, { '/people/{id}': { get: OPERATION } }), true],
  ['a new path', described(OPERATION, { '/people/{id}': { patch: OPERATION }, '/new': { get: OPERATION } }), false],
  ['another operationId', of({ operationId: 'other' }), true],
  ['another summary', of({ summary: 'other', description: 'other' }), false],
  ['a way to authenticate less', of({ security: [{ bearer: ['one'] }] }), true],
  ['a further scope', of({ security: [{ bearer: ['one', 'two'] }, { dpop: [] }] }), true],
  ['a further way to authenticate', of({ security: [{ dpop: [] }, { bearer: ['one'] }, { basic: [] }] }), false],
  ['a removed parameter', of({ parameters: PARAMETERS.slice(0, 1) }), true],
  ['a new parameter', of({ parameters: [...PARAMETERS, { name: 'a', in: 'query' }] }), false],
  ['a new required parameter', of({ parameters: [...PARAMETERS, { name: 'a', in: 'header', required: true }] }), true],
  ['a body that is needed now', of({ requestBody: { required: true, content: json(PERSON_REF) } }), true],
  ['no body any more', described(WITHOUT_BODY), true],
  ['another media type of the body', of({ requestBody: { content: { 'text/plain': {} } } }), true],
  ['a removed response', of({ responses: { '200': OK } }), true],
  ['a new response', of({ responses: { ...OPERATION.responses, '409': { description: '' } } }), false],
  ['a removed header', of({ responses: { '200': { ...OK, headers: {} }, '404': { description: '' } } }), true],
  [
    'another media type of a response',
    of({ responses: { '200': { ...OK, content: { 'text/plain': {} } }, '404': { description: '' } } }),
    true,
  ],
];

for (const [what, after, breaks] of OPERATIONS) {
  test(`${what} ${breaks ? 'breaks' : 'does not break'} programs`, () => {
    const found = breakingChanges(described(), after);
    assert.equal(found.length > 0, breaks, found.join('\n'));
  });
}

const object = (properties: Record<string, Schema>, more: Schema = {}): Schema => ({
  type: 'object',
  properties,
  ...more,
});

type Breaks = 'input' | 'output' | 'both' | 'none';

/** As input and as output. */
const SCHEMAS: [what: string, before: Schema, after: Schema, breaks: Breaks][] = [
  ['the same', PERSON, PERSON, 'none'],
  ['a reference to the same', PERSON, PERSON_REF, 'none'],
  ['a removed member', object({ a: text }), object({}), 'both'],
  ['a new member', object({}), object({ a: text }), 'none'],
  ['a new required member', object({}), object({ a: text }, { required: ['a'] }), 'input'],
  ['a member that is required now', object({ a: text }), object({ a: text }, { required: ['a'] }), 'input'],
  ['a member that is optional now', object({ a: text }, { required: ['a'] }), object({ a: text }), 'output'],
  ['a narrower type', { type: ['string', 'null'] }, text, 'input'],
  ['a wider type', text, { type: ['string', 'null'] }, 'output'],
  ['integers in place of numbers', { type: 'number' }, integer, 'input'],
  ['numbers in place of integers', integer, { type: 'number' }, 'output'],
  ['a type where there was none', {}, text, 'input'],
  ['no type where there was one', text, {}, 'output'],
  ['a removed value', { type: 'string', enum: ['a', 'b'] }, { type: 'string', enum: ['a'] }, 'input'],
  ['a new value', { type: 'string', enum: ['a'] }, { type: 'string', enum: ['a', 'b'] }, 'none'],
  ['values where there were none', text, { type: 'string', enum: ['a'] }, 'input'],
  ['another constant', { const: 'a' }, { const: 'b' }, 'input'],
  ['a shorter text', { type: 'string', maxLength: 9 }, { type: 'string', maxLength: 8 }, 'input'],
  ['a longer text', { type: 'string', maxLength: 8 }, { type: 'string', maxLength: 9 }, 'none'],
  ['a limit where there was none', integer, { type: 'integer', minimum: 1 }, 'input'],
  ['a limit less', { type: 'integer', minimum: 1 }, integer, 'none'],
  ['another pattern', { pattern: 'a' }, { pattern: 'b' }, 'input'],
  ['no other members', object({ a: text }), object({ a: text }, { additionalProperties: false }), 'input'],
  [
    'a change in an item of a member',
    object({ a: { type: 'array', items: object({ b: text }) } }),
    object({ a: { type: 'array', items: object({ b: integer }) } }),
    'both',
  ],
  ['a removed alternative', { oneOf: [text, integer] }, { oneOf: [text] }, 'input'],
  ['a new alternative', { oneOf: [text] }, { oneOf: [integer, text] }, 'output'],
  [
    'a removed member of allOf',
    { allOf: [object({ a: text }), object({ b: text })] },
    { allOf: [object({ a: text })] },
    'both',
  ],
];

const USES = {
  input: (schema: Schema) => of({ requestBody: { content: json(schema) } }),
  output: (schema: Schema) => of({ responses: { '200': { description: '', content: json(schema) } } }),
};

for (const [what, before, after, expected] of SCHEMAS) {
  for (const use of ['input', 'output'] as const) {
    const breaks = expected === use || expected === 'both';
    test(`${what} in ${use} ${breaks ? 'breaks' : 'does not break'} programs`, () => {
      const found = breakingChanges(USES[use](before), USES[use](after));
      assert.equal(found.length > 0, breaks, found.join('\n'));
    });
  }
}

test('a change is named with its place', () => {
  const required = ['name'];
  assert.deepEqual(
    breakingChanges(
      USES.output(object({ name: text }, { required })),
      USES.output(object({ name: integer }, { required })),
    ),
    ['PATCH /people/{id}, response 200 application/json.name was string, and is integer'],
  );
});
