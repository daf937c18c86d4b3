import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergePatch } from '../../server/operations/merge_patch.ts';

/** JSON Merge Patch: the examples of RFC 7396 Appendix A. */
const EXAMPLES: readonly (readonly [target: string, patch: string, result: string])[] = [
  ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
  ['{"a":"b"}', '{"a":null}', '{}'],
  ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
  ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
  ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
  ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
  ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
  ['["a","b"]', '["c","d"]', '["c","d"]'],
  ['{"a":"b"}', '["c"]', '["c"]'],
  ['{"a":"foo"}', 'null', 'null'],
  ['{"a":"foo"}', '"bar"', '"bar"'],
  ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
  ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
  ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
];

for (const [target, patch, result] of EXAMPLES) {
  test(`${target} with ${patch} is ${result} (RFC 7396 Appendix A)`, () => {
    assert.deepEqual(mergePatch(JSON.parse(target), JSON.parse(patch)), JSON.parse(result));
  });
}

test('a member named __proto__ is a member like any other', () => {
  const merged = mergePatch({}, JSON.parse('{"__proto__":{"admin":true}}')) as { readonly admin?: unknown };
  assert.equal(merged.admin, undefined);
  assert.deepEqual(Object.keys(merged as object), ['__proto__']);
});

test('a member that is undefined, as of a command without the option, is absent afterwards', () => {
  assert.deepEqual(mergePatch({ a: 1, b: 2 }, { b: undefined, c: undefined }), { a: 1 });
});
