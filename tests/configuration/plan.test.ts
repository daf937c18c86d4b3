import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Current, compare, type Members } from '../../server/configuration/plan.ts';

const map = <T>(members: Readonly<Record<string, T>>) => new Map(Object.entries(members));
const owned = (members: Members): Current => ({ members, managedBy: 'file' });
const other = (members: Members): Current => ({ members, managedBy: null });
const compared = (
  desired: Record<string, Members>,
  current: Record<string, Current>,
  applied: string[] = [],
  permanent?: string,
) =>
  compare({ name: 'groups', hidden: ['secret'], permanent }, map(desired), map(current), (key) =>
    applied.includes(key),
  ).map(({ key, action, differences }) => [key, action, differences]);

test('a thing that is as the file says needs no step', () => {
  assert.deepEqual(compared({ a: { x: 1 } }, { a: owned({ x: 1 }) }), []);
});

test('a thing that does not exist is created', () => {
  assert.deepEqual(compared({ a: { x: 1 } }, {}), [['a', 'create', { x: { after: 1 } }]]);
});

test('a thing that the file says otherwise than before is updated', () => {
  assert.deepEqual(compared({ a: { x: 2 } }, { a: owned({ x: 1 }) }), [
    ['a', 'update', { x: { before: 1, after: 2 } }],
  ]);
});

test('a thing that was changed or removed elsewhere is restored: drift', () => {
  assert.deepEqual(compared({ a: { x: 2 } }, { a: owned({ x: 1 }) }, ['a']), [
    ['a', 'restore', { x: { before: 1, after: 2 } }],
  ]);
  assert.deepEqual(compared({ a: { x: 2 } }, {}, ['a']), [['a', 'restore', { x: { after: 2 } }]]);
});

test('a thing that exists and is nobody’s becomes the file’s', () => {
  assert.deepEqual(compared({ a: { x: 1 } }, { a: other({ x: 1 }) }), [['a', 'adopt', {}]]);
});

test('of the things that are not in the file, only what the file owns is removed', () => {
  assert.deepEqual(compared({}, { a: owned({ x: 1 }), b: other({ x: 1 }) }), [['a', 'delete', { x: { before: 1 } }]]);
});

test('a hidden member is compared where the file has it, and is never shown', () => {
  assert.deepEqual(compared({ a: { secret: 'new' } }, { a: owned({ secret: 'old' }) }), [
    ['a', 'update', { secret: { before: '(hidden)', after: '(hidden)' } }],
  ]);
  assert.deepEqual(compared({ a: {} }, { a: owned({ secret: 'old' }) }), []);
});

test('a permanent thing is not deleted, and is compared by what the file names', () => {
  const permanently = (desired: Record<string, Members>) =>
    compared(desired, { a: owned({ x: 1, y: 2 }) }, [], 'make another');
  assert.deepEqual(permanently({}), []);
  assert.deepEqual(permanently({ a: { x: 1 } }), []);
  assert.deepEqual(permanently({ a: { x: 2 } }), [['a', 'update', { x: { before: 1, after: 2 } }]]);
  assert.deepEqual(permanently({ a: { x: 1 }, b: { x: 3 } }), [['b', 'create', { x: { after: 3 } }]]);
});
