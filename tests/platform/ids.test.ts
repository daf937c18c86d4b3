import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isAccountId } from '../../server/accounts/identifiers.ts';
import { leastUuidv7, uuidv7 } from '../../server/platform/ids.ts';

describe('uuidv7 (RFC 9562 §5.7)', () => {
  test('has version 7, variant 10, and its milliseconds in front', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (now) => {
        const id = uuidv7(now);
        assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        assert.equal(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16), now);
        assert.ok(isAccountId(id) && isAccountId(leastUuidv7(now)));
      }),
    );
  });

  test('sorts by age', () => assert.ok(uuidv7(1_000) < uuidv7(1_001)));

  test('ascends within a millisecond', () => {
    const made = Array.from({ length: 20_000 }, () => uuidv7(1_000));
    assert.deepEqual(made, made.toSorted());
    assert.equal(new Set(made).size, made.length);
  });

  test('comes after the least id of its millisecond, and before that of the next', () => {
    for (let at = 0; at < 1_000; at += 1) {
      assert.ok(leastUuidv7(at) <= uuidv7(at));
      assert.ok(uuidv7(at) < leastUuidv7(at + 1));
    }
  });
});
