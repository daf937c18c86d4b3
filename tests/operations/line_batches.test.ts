import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineBatches } from '../../server/operations/line_batches.ts';
import type { InputLine } from '../../server/operations/operation.ts';

const MIB = 1_024 * 1_024;
const lines = (count: number, bytes = 1): InputLine[] =>
  Array.from({ length: count }, (_, i) => ({ number: i + 1, value: i, bytes }));

async function* arriving(...parts: readonly InputLine[][]): AsyncGenerator<readonly InputLine[]> {
  yield* parts;
}

async function sizes(source: AsyncIterable<readonly InputLine[]>): Promise<number[]> {
  const all: number[] = [];
  for await (const batch of lineBatches(source)) all.push(batch.length);
  return all;
}

test('a batch has at most 500 lines, and as many as have come before', async () => {
  assert.deepEqual(await sizes(arriving(lines(1_001))), [500, 500, 1]);
  assert.deepEqual(await sizes(arriving(lines(499), lines(1))), [500]);
  assert.deepEqual(await sizes(arriving(lines(2), lines(3))), [5]);
  assert.deepEqual(await sizes(arriving()), []);
  assert.deepEqual(await sizes(arriving([])), []);
});

test('a batch ends with the line by which it has two MiB', async () => {
  assert.deepEqual(await sizes(arriving(lines(5, MIB))), [2, 2, 1]);
  assert.deepEqual(await sizes(arriving(lines(3, MIB - 1))), [3]);
  assert.deepEqual(await sizes(arriving(lines(2, 3 * MIB))), [1, 1]);
});

test('a sender who waits for the results of some lines gets them', { timeout: 10_000 }, async () => {
  const answered = Promise.withResolvers<void>();
  async function* waiting() {
    yield lines(2);
    await answered.promise;
    yield lines(3);
  }
  const handed: number[] = [];
  for await (const batch of lineBatches(waiting())) {
    handed.push(batch.length);
    answered.resolve();
  }
  assert.deepEqual(handed, [2, 3]);
});

test('an error of the source ends the batches, and a source that is left is ended', async () => {
  async function* failing() {
    yield lines(1);
    throw new Error('cut off');
  }
  await assert.rejects(sizes(failing()), /cut off/);

  let isEnded = false;
  async function* endless() {
    try {
      for (;;) yield lines(500);
    } finally {
      isEnded = true;
    }
  }
  for await (const batch of lineBatches(endless())) {
    assert.equal(batch.length, 500);
    break;
  }
  assert.ok(isEnded);
});
