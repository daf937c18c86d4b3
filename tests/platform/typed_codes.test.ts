import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readTypedCode } from '../../server/platform/typed_codes.ts';

test('the decimal digits of every script are 0 to 9', () => {
  for (const system of Intl.supportedValuesOf('numberingSystem')) {
    const { format } = new Intl.NumberFormat(`en-u-nu-${system}`, { useGrouping: false });
    for (let digit = 0; digit <= 9; digit += 1) {
      const typed = format(digit);
      if (/^\p{Nd}$/u.test(typed)) assert.equal(readTypedCode(typed), String(digit), `${system} ${typed}`);
    }
  }
});

test('characters that group a code are ignored', () => {
  for (const between of [
    ' ',
    '-',
    '\u00a0',
    '\u2009',
    '\t',
    '\u200b',
    '\u200f',
    '‐',
    '‑',
    '‒',
    '–',
    '—',
    '−',
    'ー',
    'ｰ',
    '.',
    '·',
    '_',
  ])
    assert.equal(readTypedCode(`123${between}456`), '123456', JSON.stringify(between));
});

test('letters and other characters stay, so that they are not read as a code', () => {
  for (const text of ['12345x', 'Abc-1', '12+34', '123/456', '½', '٫']) {
    assert.equal(/^\d+$/.test(readTypedCode(text)), false, text);
  }
});

test('only the beginning of a text that is too long for a code is read', () => {
  assert.equal(readTypedCode('1'.repeat(1_000_000)).length, 100);
});

test('reading is the same when it is repeated (property)', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 50 }), (typed) => {
      const read = readTypedCode(typed);
      fc.pre(read.length <= 100);
      assert.equal(readTypedCode(read), read);
    }),
  );
});
