import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createBatches } from '../../server/records/batches.ts';

/** Batches that are handled when the test says so. */
function handled() {
  const batches: (readonly number[])[] = [];
  const running: (() => void)[] = [];
  const add = createBatches<number>((batch) => {
    batches.push(batch);
    return new Promise((done) => running.push(done));
  });
  const addAll = (count: number) => {
    for (let i = 0; i < count; i += 1) add(i);
  };
  return { batches, running, addAll, sizes: () => batches.map(({ length }) => length) };
}

/** Enough turns of the event loop for all that is scheduled. */
async function turns(): Promise<void> {
  for (let i = 0; i < 10; i += 1) await setImmediate();
}

test('items of one turn are one batch, of at most 64', async () => {
  const { addAll, batches, sizes } = handled();
  addAll(3);
  assert.deepEqual(sizes(), [], 'after the turn');
  await turns();
  assert.deepEqual(batches, [[0, 1, 2]], 'in their order');
  addAll(65);
  await turns();
  assert.deepEqual(sizes(), [3, 64]);
});

test('two batches are handled at a time, and what comes meanwhile is the next one', async () => {
  const { addAll, running, sizes } = handled();
  for (const count of [1, 2]) {
    addAll(count);
    await turns();
  }
  addAll(4);
  await turns();
  addAll(5);
  await turns();
  assert.deepEqual(sizes(), [1, 2]);
  running[1]?.();
  await turns();
  assert.deepEqual(sizes(), [1, 2, 9]);
  running[0]?.();
  await turns();
  assert.deepEqual(sizes(), [1, 2, 9], 'nothing waits');
  addAll(1);
  await turns();
  assert.deepEqual(sizes(), [1, 2, 9, 1]);
});
