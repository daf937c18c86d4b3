import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRecently } from '../../server/platform/recently.ts';

test('a recent key is known, an older one is not', () => {
  let ms = 1_000;
  const recently = createRecently({ everyMs: 500, now: () => ms });
  assert.deepEqual([recently('a'), recently('a'), recently('b')], [false, true, false]);
  ms += 499;
  assert.deepEqual([recently('a'), recently('b')], [true, true]);
  ms += 1;
  assert.deepEqual([recently('a'), recently('a')], [false, true]);
});

test('the latest 10,000 keys are remembered', () => {
  const recently = createRecently({ everyMs: 500, now: () => 0 });
  for (let i = 0; i <= 10_000; i += 1) recently(String(i));
  assert.deepEqual([recently('1'), recently('10000'), recently('0')], [true, true, false]);
});
