import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRecently } from '../../server/platform/recently.ts';

test('what was named a short while ago is known, what was longer ago is not', () => {
  let ms = 1_000;
  const recently = createRecently({ everyMs: 500, now: () => ms });
  assert.deepEqual([recently('a'), recently('a'), recently('b')], [false, true, false]);
  ms += 499;
  assert.deepEqual([recently('a'), recently('b')], [true, true]);
  ms += 1;
  assert.deepEqual([recently('a'), recently('a')], [false, true]);
});

test('it remembers 10,000 keys, the latest', () => {
  const recently = createRecently({ everyMs: 500, now: () => 0 });
  for (let i = 0; i <= 10_000; i += 1) recently(String(i));
  assert.deepEqual([recently('1'), recently('10000'), recently('0')], [true, true, false]);
});
