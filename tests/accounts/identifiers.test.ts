import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { checkEmail, checkUsername, normaliseIdentifier } from '../../server/accounts/identifiers.ts';

const anyText = fc.string({ unit: 'grapheme', maxLength: 40 });

describe('normaliseIdentifier', () => {
  const same: readonly (readonly [what: string, one: string, other: string])[] = [
    ['case', 'ADA@Example.COM', 'ada@example.com'],
    ['white space around it', '  ada \t', 'ada'],
    ['no-break and ideographic space around it', '\u00a0ada\u3000', 'ada'],
    ['full-width letters and signs', 'ａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ', 'ada@example.com'],
    ['a composed and a combining form', 'Zo\u00eb', 'zoe\u0308'],
    ['marks in another order', 'q\u0307\u0323', 'q\u0323\u0307'],
    ['ligatures', 'oﬃce', 'office'],
    ['the Kelvin sign', '\u212aelvin', 'kelvin'],
    ['mathematical letters', '𝓐𝓭𝓪', 'ada'],
    ['final sigma', 'ΣΊΣΥΦΟΣ', 'σίσυφος'],
    ['final sigma where it does not belong', 'σίσυφοσ', 'σίσυφος'],
    ['U-labels and A-labels', 'ada@Bücher.example', 'ada@xn--bcher-kva.example'],
    ['dots of other scripts', 'ada@bücher。example', 'ada@bücher.example'],
    ['conjoining and composed Hangul', '\u1112\u1161\u11ab', '한'],
  ];
  for (const [what, one, other] of same) {
    test(`equal: ${what}`, () => assert.equal(normaliseIdentifier(one), normaliseIdentifier(other)));
  }

  const different: readonly (readonly [what: string, one: string, other: string])[] = [
    ['dotless i and i', 'ıan', 'ian'],
    ['dotted capital I and i', 'İan', 'ian'],
    ['sharp s and ss', 'straße', 'strasse'],
    ['accented and plain', 'zoë', 'zoe'],
    ['Cyrillic а and Latin a', '\u0430da', 'ada'],
    ['dots in the local part, which are the provider’s business', 'a.da@example.com', 'ada@example.com'],
    ['a sub-address', 'ada+x@example.com', 'ada@example.com'],
  ];
  for (const [what, one, other] of different) {
    test(`different: ${what}`, () => assert.notEqual(normaliseIdentifier(one), normaliseIdentifier(other)));
  }

  test('is idempotent', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const once = normaliseIdentifier(text);
        assert.equal(normaliseIdentifier(once), once);
      }),
      { numRuns: 2_000 },
    );
  });

  test('is idempotent for every code point', () => {
    const unstable: string[] = [];
    for (let point = 0; point <= 0x10ffff; point += 1) {
      const once = normaliseIdentifier(`a${String.fromCodePoint(point)}b`);
      if (normaliseIdentifier(once) !== once) unstable.push(point.toString(16));
    }
    assert.deepEqual(unstable, []);
  });

  test('does not depend on the Unicode form', () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom('NFC', 'NFD', 'NFKC', 'NFKD'), (text, form) => {
        assert.equal(normaliseIdentifier(text.normalize(form)), normaliseIdentifier(text));
      }),
      { numRuns: 2_000 },
    );
  });

  test('does not depend on the case of ASCII letters', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (text) => {
        assert.equal(normaliseIdentifier(text.toUpperCase()), normaliseIdentifier(text));
      }),
    );
  });
});

/** RFC 5321 §4.5.3.1.3 allows no longer one. */
const EMAIL_OF_254_BYTES = `${'a'.repeat(64)}@${`${'b'.repeat(60)}.`.repeat(3)}${'e'.repeat(6)}`;

describe('checkEmail', () => {
  for (const email of [
    'ada@example.com',
    "o'brien+tag@sub.example.co.uk",
    'a.b.c@example.com',
    'a@1.2.3.example',
    'a@xn--90a.xn--p1ai',
    'a@ab--cd.example',
    'a@localhost',
    'ａda@example.com',
    `${'a'.repeat(64)}@example.com`,
    EMAIL_OF_254_BYTES,
  ]) {
    test(`accepts ${email.slice(0, 40)}`, () => assert.equal(checkEmail(` ${email} `), email));
  }

  test('stores a domain in A-labels, in every spelling', () => {
    for (const domain of ['bücher.example', 'BU\u0308CHER.example', 'bücher。example', 'xn--bcher-kva.example']) {
      assert.equal(checkEmail(`Ada@${domain}`), 'Ada@xn--bcher-kva.example');
    }
  });

  for (const email of [
    '',
    'ada',
    '@example.com',
    'ada@',
    'ada@@example.com',
    'ada@example..com',
    'ada@.com',
    'ada lovelace@example.com',
    'ada@exam ple.com',
    'ada@example.com\nbcc: eve@example.com',
    'ada\u0000@example.com',
    'ada\u202e@example.com',
    'ada\ud800@example.com',
    '"ada"@example.com',
    'Ada <ada@example.com>',
    'ada@[127.0.0.1]',
    'ada@example.com,eve@example.com',
    `${'a'.repeat(65)}@example.com`,
    `${'é'.repeat(33)}@example.com`,
    'x@x',
    `x@${'a'.repeat(64)}.example`,
    `x@${'ü'.repeat(60)}.example`,
    `x@${'abcd.'.repeat(60)}example`,
    `${EMAIL_OF_254_BYTES}e`,
    'ada@exam\u00adple.com', // A-labels do not have the invisible hyphen
    'x@-a.example',
    'x@a-.example',
    'x@\u0301a.example',
    'x@example.com.',
    // RFC 5321 §4.1.2: dots stand between other characters, also after NFKC has split one character into several.
    'a..b@example.com',
    '.a@example.com',
    'a.@example.com',
    'a\u2025b@example.com',
    'a\uff0e@example.com',
    '.@example.com',
    // RFC 3696 §2
    'a@1.2.3.4',
    'a@example.123',
    'a@example.１２３',
    // RFC 5891 §4.2
    'a@xn--zz.example',
    'a@example.xn--a',
    'a@xn--.example',
    'a@xn--example.com',
  ]) {
    test(`refuses ${JSON.stringify(email.slice(0, 40))}`, () => {
      assert.throws(() => checkEmail(email), { code: 'invalid_input', field: 'email' });
    });
  }
});

describe('checkUsername', () => {
  for (const username of ['ada', 'Ada.Lovelace-1815', '李雷', 'a'.repeat(64)]) {
    test(`accepts ${username.slice(0, 20)}`, () => assert.equal(checkUsername(` ${username} `), username));
  }

  for (const [why, username] of [
    ['empty', ''],
    ['too long', 'a'.repeat(65)],
    ['too long once it is normalised', 'ﬃ'.repeat(22)],
    ['white space', 'ada lovelace'],
    ['white space once it is normalised', 'ada\u00a8lovelace'],
    ['zero-width', 'ad\u200ba'],
    ['like an e-mail address', 'ada@example.com'],
    ['like an e-mail address in full width', 'ada＠example.com'],
    ['like an account id', '01890A5D-AC96-774B-BCCE-B302099A8057'],
  ] as const) {
    test(`refuses a name that is ${why}`, () => {
      assert.throws(() => checkUsername(username), { code: 'invalid_input', field: 'username' });
    });
  }
});
