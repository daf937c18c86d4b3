import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ChainedList, missingLists, numbersIn, rangesOf } from '../../server/backup/erasure_chain.ts';

const installation = '5b7d9f01-0000-4000-8000-000000000000';
/** List 3 with the digest `c` behind list 2 with the digest `b`: `list(3, 'c', 'b')`. */
const list = (number: number, sha256: string, previous: string | null): ChainedList => ({
  installation,
  number,
  sha256,
  previous,
});
const ALL = [list(1, 'a', null), list(2, 'b', 'a'), list(3, 'c', 'b'), list(4, 'd', 'c')];
const [BEFORE, SECOND] = [
  { number: 0, sha256: null },
  { number: 2, sha256: 'b' },
];
const without = (...numbers: number[]) => ALL.filter(({ number }) => !numbers.includes(number));

test('nothing is missing of a whole row of lists, in any order, nor where none was written', () => {
  assert.deepEqual(missingLists(BEFORE, [], []), []);
  assert.deepEqual(missingLists(BEFORE, [SECOND, { number: 4, sha256: 'd' }], ALL.toReversed()), []);
  assert.deepEqual(missingLists(SECOND, [BEFORE], without(1, 2)), []);
});

test('a list is missing when the next one, a backup or a database names it', () => {
  assert.deepEqual(missingLists(BEFORE, [], without(1)), [1]);
  assert.deepEqual(missingLists(BEFORE, [], without(2, 3)), [2, 3]);
  assert.deepEqual(missingLists(SECOND, [{ number: 4, sha256: 'd' }], without(4)), [4]);
  assert.deepEqual(missingLists(SECOND, [{ number: 9, sha256: 'i' }], ALL), [5, 6, 7, 8, 9]);
});

test('another list in the place of one is not it', () => {
  assert.deepEqual(missingLists(BEFORE, [], [...without(2), list(2, 'x', 'a')]), [2]);
  assert.deepEqual(missingLists(SECOND, [], [list(3, 'c', 'x')]), [2], 'it follows another one than the backup knows');
});

test('two lists of one number, as two nodes write them at once, are no gap', () => {
  assert.deepEqual(missingLists(BEFORE, [], [...ALL, list(3, 'x', 'b')]), []);
});

test('numbers are written and read as ranges', () => {
  assert.equal(rangesOf([1, 2, 3, 7, 9, 10]), '1-3,7,9-10');
  const { isIn, count } = numbersIn('1-3, 7');
  assert.deepEqual(
    [0, 1, 3, 4, 7, 8].map((number) => isIn(number)),
    [false, true, true, false, true, false],
  );
  assert.equal(count, 4);
  assert.throws(() => numbersIn('all'), { code: 'invalid_input' });
});
