import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type TSchema, Type } from 'typebox';
import { ROUTES } from '../../server/admin/routes.ts';
import { described, strict } from '../../server/operations/schema.ts';

/** The lines of a stream have what their schema describes, and nothing else. */

const Count = strict({ n: Type.Integer() });
const CASES: Readonly<Record<string, readonly [TSchema, unknown, unknown]>> = {
  'an unknown member is left out': [Count, { n: 1, secret: 'x' }, { n: 1 }],
  'also within a list': [Type.Array(Count), [{ n: 1, secret: 'x' }], [{ n: 1 }]],
  'also within an alternative': [Type.Union([Count, Type.Null()]), { n: 1 }, { n: 1 }],
  'a list has items of a schema': [Type.Array(Type.String()), ['a'], ['a']],
  'a record has members of any name': [
    Type.Record(Type.String(), Count),
    { a: { n: 1, secret: 'x' }, 'b c': { n: 2 } },
    { a: { n: 1 }, 'b c': { n: 2 } },
  ],
  'a record may be empty': [strict({ changes: Type.Record(Type.String(), Count) }), { changes: {} }, { changes: {} }],
  'a value of any schema is whole': [
    strict({ before: Type.Unknown() }),
    { before: { a: [{ b: 1 }] } },
    { before: { a: [{ b: 1 }] } },
  ],
  'what is no object is left out where one belongs': [strict({ one: Count }), { one: null }, { one: undefined }],
  'an object is left out where a text belongs': [strict({ one: Type.String() }), { one: { a: 1 } }, { one: undefined }],
};

for (const [name, [schema, value, expected]] of Object.entries(CASES)) {
  test(name, () => assert.deepEqual(described(schema, value), expected));
}

test('nothing of the example of a stream is left out', () => {
  const streams = ROUTES.map(({ operation }) => operation).filter(({ kind }) => kind === 'stream');
  assert.ok(streams.length > 0);
  for (const { name, schemas, example } of streams) {
    assert.deepEqual(described(schemas.output, example.output), example.output, name);
  }
});
