import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Operation } from '../../server/operations/operation.ts';
import { assertValid } from '../../server/operations/schema.ts';
import { DETAILS, FORMATS, PATTERNS } from '../../server/operations/schema_details.ts';
import { AppError } from '../../server/platform/errors.ts';
import { exportsIn } from '../helpers/faces.ts';

/** What the caller of an operation is told of a value that its schema refuses. */

/** Keywords that refuse nothing by themselves, and those whose errors name members. */
const OTHERS = [
  'additionalProperties',
  'default',
  'description',
  'items',
  'properties',
  'required',
  'title',
  'x-personal',
];

/** All values of each keyword in the schemas of what is sent. */
const used = new Map<string, Set<unknown>>();
for (const exported of await exportsIn('server/operations')) {
  if (typeof exported !== 'object' || exported === null) continue;
  for (const operation of Object.values(exported) as Partial<Operation>[]) {
    const { params, query, body } = operation?.schemas ?? {};
    for (const schema of [params, query, body]) collect(schema);
  }
}

function collect(schema: unknown): void {
  if (typeof schema !== 'object' || schema === null) return;
  for (const [keyword, value] of Object.entries(schema)) {
    used.set(keyword, (used.get(keyword) ?? new Set()).add(value));
    const within = keyword === 'properties' || keyword === 'anyOf' ? Object.values(value) : [value];
    if (['properties', 'anyOf', 'items', 'additionalProperties'].includes(keyword)) within.forEach(collect);
  }
}

function refusalOf(schema: TSchema, value: unknown): string[] {
  try {
    assertValid(Type.Object({ one: schema }), { one: value }, 'body');
  } catch (error) {
    assert.ok(error instanceof AppError && error.code === 'invalid_input', String(error));
    return (error.errors ?? []).map(({ detail }) => detail);
  }
  return assert.fail('it is not refused');
}

test('every keyword, format and pattern of a schema has a sentence', () => {
  assert.deepEqual([...used.keys()].filter((one) => !OTHERS.includes(one)).toSorted(), Object.keys(DETAILS).toSorted());
  assert.deepEqual([...(used.get('format') ?? [])].toSorted(), Object.keys(FORMATS).toSorted());
  assert.deepEqual([...(used.get('pattern') ?? [])].toSorted(), Object.keys(PATTERNS).toSorted());
});

const CASES: readonly [TSchema, unknown, string][] = [
  [Type.Integer({ maximum: 200 }), 201, 'must be at most 200'],
  [Type.Integer({ minimum: 1 }), 0, 'must be at least 1'],
  [Type.Integer(), 'many', 'must be a whole number'],
  [Type.Unsafe({ type: ['string', 'null'] }), 1, 'must be a text or null'],
  [Type.Unsafe({ type: ['array', 'boolean', 'object'] }), 1, 'must be a list or true or false or an object'],
  [Type.String({ maxLength: 2 }), 'abc', 'must have at most 2 characters'],
  [Type.String({ minLength: 1 }), '', 'must have at least 1 character'],
  [Type.Array(Type.String(), { maxItems: 1 }), ['a', 'b'], 'must have at most 1 item'],
  [Type.Array(Type.String(), { minItems: 2 }), ['a'], 'must have at least 2 items'],
  [Type.Array(Type.String(), { uniqueItems: true }), ['a', 'a'], 'must not have an item twice'],
  [Type.Object({}, { minProperties: 1 }), {}, 'must have at least 1 member'],
  [Type.Object({}, { maxProperties: 1 }), { a: 1, b: 2 }, 'must have at most 1 member'],
  [Type.Enum(['own', 'all']), 'none', 'must be one of own, all'],
  [Type.Unsafe({ enum: ['own', null] }), 'none', 'must be one of own, null'],
  [Type.Literal(true), false, 'must be true'],
  ...Object.entries(FORMATS).map(([format, what]): [TSchema, unknown, string] => [
    Type.String({ format }),
    '\n',
    `must be ${what}`,
  ]),
  ...Object.entries(PATTERNS).map(([pattern, what]): [TSchema, unknown, string] => [
    Type.String({ pattern }),
    'a b',
    `must be ${what}`,
  ]),
];

test('a refused value is answered with what to send', () => {
  const tried = new Set<string>();
  for (const [schema, value, detail] of CASES) {
    assert.deepEqual(refusalOf(schema, value), [detail]);
    for (const { keyword, message } of Compile(schema).Errors(value)) {
      tried.add(keyword);
      assert.notEqual(detail, message, 'the words of the library');
    }
  }
  const forms = refusalOf(Type.Union([Type.Literal(true), Type.String({ maxLength: 1 })]), 1);
  assert.ok(forms.includes('must have one of the forms that the reference of the API shows'), String(forms));
  assert.deepEqual([...tried, 'anyOf'].toSorted(), Object.keys(DETAILS).toSorted());
});
