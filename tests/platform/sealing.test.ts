import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { AppError } from '../../server/platform/errors.ts';
import { blindIndex, createSealer, hashToken, openJson, type Place, sealJson } from '../../server/platform/sealing.ts';
import { anyText } from '../helpers/any_text.ts';

const PLACE: Place = { table: 'signing_keys', column: 'sealed', row: 'kid-1' };
const key = () => randomBytes(32);
const places = fc.record({ table: fc.string(), column: fc.string(), row: anyText() });

/** A refusal whose message does not contain the sealed value. */
const unreadable = (error: unknown) => error instanceof AppError && error.code === 'sealed_value_unreadable';

describe('sealing', () => {
  test('a sealed value can be opened, for any value and place', () => {
    const sealer = createSealer([key()]);
    fc.assert(
      fc.property(places, fc.uint8Array({ maxLength: 2_000 }), (place, value) => {
        assert.deepEqual(sealer.open(place, sealer.seal(place, value)), Buffer.from(value));
      }),
    );
  });

  test('JSON is restored unchanged', () => {
    const sealer = createSealer([key()]);
    fc.assert(
      fc.property(fc.json(), (text) => {
        const value: unknown = JSON.parse(text);
        assert.deepEqual(openJson(sealer, PLACE, sealJson(sealer, PLACE, value)), JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('the same value is sealed differently each time', () => {
    const sealer = createSealer([key()]);
    const sealed = Array.from({ length: 1_000 }, () => sealer.seal(PLACE, Buffer.from('same')).toString('hex'));
    assert.equal(new Set(sealed).size, sealed.length);
  });

  test('the plaintext is not visible', () => {
    const sealer = createSealer([key()]);
    const sealed = sealer.seal(PLACE, Buffer.from('-----BEGIN PRIVATE KEY-----'));
    assert.equal(sealed.includes('PRIVATE'), false);
  });

  test('a value that was moved to another row, column or table cannot be opened', () => {
    const sealer = createSealer([key()]);
    fc.assert(
      fc.property(places, places, fc.uint8Array(), (from, to, value) => {
        fc.pre(JSON.stringify(from) !== JSON.stringify(to));
        assert.throws(() => sealer.open(to, sealer.seal(from, value)), unreadable);
      }),
    );
    const sealed = sealer.seal(PLACE, Buffer.from('x'));
    for (const moved of [{ row: 'kid-2' }, { column: 'public_jwk' }, { table: 'records' }])
      assert.throws(() => sealer.open({ ...PLACE, ...moved }, sealed), unreadable);
  });

  test('a value with one changed bit cannot be opened', () => {
    const sealer = createSealer([key()]);
    const sealed = sealer.seal(PLACE, Buffer.from('value'));
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.throws(() => sealer.open(PLACE, changed), unreadable, `bit ${bit}`);
    }
  });

  test('a truncated or extended value cannot be opened', () => {
    const sealer = createSealer([key()]);
    const sealed = sealer.seal(PLACE, Buffer.from('value'));
    for (let length = 0; length < sealed.length; length += 1)
      assert.throws(() => sealer.open(PLACE, sealed.subarray(0, length)), unreadable, `${length} bytes`);
    assert.throws(() => sealer.open(PLACE, Buffer.concat([sealed, Buffer.of(0)])), unreadable);
  });

  test('random bytes cannot be opened', () => {
    const sealer = createSealer([key()]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (garbage) => {
        assert.throws(() => sealer.open(PLACE, garbage), unreadable);
      }),
    );
  });

  test('older keys open, the first one seals, and values under older keys are stale', () => {
    const [old, current] = [key(), key()];
    const before = createSealer([old]).seal(PLACE, Buffer.from('value'));
    const rotating = createSealer([current, old]);
    assert.equal(rotating.open(PLACE, before).toString(), 'value');
    assert.equal(rotating.isStale(before), true);

    const resealed = rotating.seal(PLACE, rotating.open(PLACE, before));
    assert.equal(rotating.isStale(resealed), false);
    assert.equal(createSealer([current]).open(PLACE, resealed).toString(), 'value');
  });

  test('a key that is not in the list decrypts nothing', () => {
    const sealed = createSealer([key()]).seal(PLACE, Buffer.from('value'));
    assert.throws(() => createSealer([key()]).open(PLACE, sealed), unreadable);
  });

  test('an error names the column, not the row or the value', () => {
    const sealer = createSealer([key()]);
    try {
      sealer.open({ ...PLACE, row: 'session-id-of-a-person' }, sealer.seal(PLACE, Buffer.from('value')));
      assert.fail('opened');
    } catch (error) {
      assert.ok(unreadable(error));
      assert.ok(!String(error).includes('session-id-of-a-person'));
    }
  });

  test('a master key has 32 bytes, and at least one is needed', () => {
    assert.throws(() => createSealer([]));
    for (const length of [0, 16, 31, 33]) assert.throws(() => createSealer([randomBytes(length)]));
  });
});

describe('fingerprints', () => {
  test('equal inputs have equal fingerprints under one key, and different ones under another', () => {
    const [one, other] = [key(), key()];
    assert.deepEqual(blindIndex(one, 'ada@example.com'), blindIndex(one, 'ada@example.com'));
    assert.notDeepEqual(blindIndex(one, 'ada@example.com'), blindIndex(other, 'ada@example.com'));
    assert.notDeepEqual(blindIndex(one, 'ada@example.com'), blindIndex(one, 'bob@example.com'));
  });

  test('a token is stored as its SHA-256', () => {
    assert.equal(hashToken('abc').toString('hex'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
