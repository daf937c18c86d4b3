import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { openBlocklist } from '../../server/accounts/blocklist.ts';
import { createEstimator } from '../../server/accounts/guessability.ts';
import {
  createPolicy,
  GUESSES_LEAST,
  MUST_CHANGE,
  type PasswordContext,
  PasswordRefused,
  type PasswordRule,
  type PolicyName,
  personalWords,
} from '../../server/accounts/policy.ts';
import { DEMO_PASSWORD } from '../../server/demo/demo_data.ts';
import { PASSWORD } from '../helpers/deployment.ts';

const blocklist = await openBlocklist();
const verify = async (hash: string, password: string) => hash === `hash of ${password}`;
const estimate = createEstimator();
const guesses = async (password: string, words: readonly string[]) => estimate(password, words);
const policyOf = (name: PolicyName) => createPolicy({ name, blocklist, verify, guesses, names: ['Harbourmaster'] });
const check = (name: PolicyName, password: string, context: Partial<PasswordContext> = {}) =>
  policyOf(name).check(password, { personal: [], ...context });

const ada = {
  email: 'ada.king@example.com',
  username: 'countess',
  name: 'Ada Lovelace',
  familyName: 'Lovelace',
  nickname: 'Zoë-Béla',
};

describe('the policy complex', () => {
  const cases: readonly (readonly [password: string, broken: readonly PasswordRule[]])[] = [
    [PASSWORD, []],
    [DEMO_PASSWORD, []],
    ['Fjord 7 Kestrel', []],
    ['Größe-ЖЗИ-٣-abc', []],
    ['', ['too_short', 'no_upper', 'no_lower', 'no_digit', 'no_symbol']],
    ['Kestrel-71a', ['too_short']],
    ['kestrel-71-fjord', ['no_upper']],
    ['KESTREL-71-FJORD', ['no_lower']],
    ['Kestrel-ab-fjord', ['no_digit']],
    ['Kestrel71fjord', ['no_symbol']],
    ['kestrelfjordqix', ['no_upper', 'no_digit', 'no_symbol']],
    // code points count, not UTF-16 units
    ['🔑🔑🔑🔑🔑🔑🔑🔑aA1', ['too_short']],
    ['🔑🗝🚪🏰🌉🌋🎐🎲aA1-', []],
    // Length counts in the normalized form that is hashed, in which a letter and its accent are one character.
    ['E\u0301-e\u0301-7-qx-o\u0301', ['too_short']],
    [`${'Kestrel-71'.repeat(25)}abcdef`, []],
    [`${'Kestrel-71'.repeat(25)}abcdefg`, ['too_long']],
    ['a'.repeat(1_000_000), ['too_long']],
    ['Password1234!', ['blocklisted']],
    ['Qwertyuiop123!', ['blocklisted']],
    ['P@ssw0rd2026!', ['blocklisted']],
    ['Aaaaaaaaaa1!', ['blocklisted']],
    ['P@ssw0rd!P@ssw0rd!', ['blocklisted']],
    [`${'P@ssw0rd!'.repeat(28)}`, ['blocklisted']],
    ['1234567890Aa!', ['blocklisted']],
    [`${' '.repeat(12)}Aa1!`, ['blocklisted']],
    [`Aa1!${'\0'.repeat(12)}`, ['blocklisted', 'control_characters']],
    ['Kestrel-71\0-fjord', ['control_characters']],
    ['Kestrel71\u007ffjord', ['no_symbol', 'control_characters']],
    ['Kestrel-71-\ud800-fjord', ['control_characters']],
    ['Harbourmaster-1', ['blocklisted']],
    ['ada.king@example.com-X7', ['personal']],
    ['My-LÓVELÄCE-77', ['personal']],
    ['My-L0v3lac3-77', ['personal']],
    ['Xx-cOuNtEsS-77', ['personal']],
    ['Xx-king-1234-q', ['personal']],
    ['Xx-be-la-z-771', []],
    ['Xx-BELA-abcd-1', ['personal']],
    // names of three letters are ignored, as too many words contain them
    ['Xx-ada-zoe-771', []],
  ];
  for (const [password, broken] of cases) {
    test(`${JSON.stringify(password.slice(0, 40))} breaks ${broken.join(', ') || 'nothing'}`, async () => {
      assert.deepEqual(await check('complex', password, { personal: personalWords(ada) }), broken);
    });
  }

  test('refuses each of the last five passwords', async () => {
    const earlier = ['Kestrel-71-one', 'Kestrel-71-two', 'Kestrel-71-six'].map((one) => `hash of ${one}`);
    assert.deepEqual(await check('complex', 'Kestrel-71-six', { earlier }), ['reused']);
    assert.deepEqual(await check('complex', 'Kestrel-71-ten', { earlier }), []);
  });

  test('tells the limits and patterns of its rules, for pages that check while a person types', () => {
    const of = new Map(policyOf('complex').rules.map((rule) => [rule.name, rule]));
    assert.deepEqual(of.get('too_short'), { name: 'too_short', limit: 12 });
    assert.deepEqual(of.get('no_lower'), { name: 'no_lower', pattern: '\\p{Ll}' });
    assert.deepEqual(of.get('blocklisted'), { name: 'blocklisted' });
  });

  test('reports all broken rules, with the code of the first', () => {
    const error = new PasswordRefused(policyOf('complex'), ['no_upper', 'reused']);
    assert.deepEqual([error.code, error.status, error.field], ['password_no_upper', 400, 'password']);
    assert.match(error.message, /^password: [^;]+ uppercase [^;]+; [^;]+ last 5 passwords$/);
    assert.deepEqual(error.rules, ['no_upper', 'reused']);
  });

  test('refuses every password that breaks a pattern, and accepts those that keep all (property)', async () => {
    const policy = policyOf('complex');
    const classes: readonly [PasswordRule, RegExp][] = [
      ['no_upper', /[\p{Lu}\p{Lt}]/u],
      ['no_lower', /\p{Ll}/u],
      ['no_digit', /\p{Nd}/u],
    ];
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 40 }), async (password) => {
        const failed = await policy.check(password, { personal: [] });
        for (const [rule, pattern] of classes) assert.equal(failed.includes(rule), !pattern.test(password));
        const normal = password.normalize('NFKC');
        assert.equal(failed.includes('too_short'), Math.min([...password].length, [...normal].length) < 12);
      }),
    );
  });
});

describe('the policy nist', () => {
  for (const [password, broken] of [
    ['a longer phrase', []],
    ['kestrelfjordiq', ['too_short']],
    ['kestrelfjordiqs', []],
    [`lovelace ${'x y'.repeat(20)}`, []],
    ['passwordpassword', ['blocklisted']],
    ['123456789012345', ['blocklisted']],
    ['aaaaaaaaaaaaaaaaaa', ['blocklisted']],
    ['kestrel fjord\0 iqs', ['control_characters']],
    [`${'Kestrel-71'.repeat(25)}abcdef`, []],
    [`${'Kestrel-71'.repeat(25)}abcdefg`, ['too_long']],
  ] as const) {
    test(`${JSON.stringify(password.slice(0, 40))} breaks ${broken.join(', ') || 'nothing'}`, async () => {
      assert.deepEqual(await check('nist', password, { personal: personalWords(ada) }), broken);
    });
  }

  test('refuses the current password', async () => {
    const earlier = ['hash of a longer phrase'];
    assert.deepEqual(await check('nist', 'a longer phrase', { earlier }), ['unchanged']);
    assert.deepEqual(await check('nist', 'another longer phrase', { earlier }), []);
  });
});

describe('guessable passwords', () => {
  const isGuessable = (password: string, words: readonly string[] = []) => estimate(password, words) < GUESSES_LEAST;
  for (const password of [
    'password',
    'PASSWORD',
    '!!p455w0rd!!',
    'Pa$$w0rd-2026',
    'ｐａｓｓｗｏｒｄ１２３',
    'Welcome2026!',
    'Iloveyou#1234',
    'Summer-2025-!',
    'Sommer2026!!',
    'Fußball-2026',
    'Pässwörter123!',
    'Pa\u0308sswo\u0308rter123!',
    'Fräulein-Müller',
    'Welcömé-2026!',
    'Sommer2026!Sommer',
    'abcABC123!@#abc',
    '\u0301'.repeat(12),
    'QWERTZuiop12!',
    'AbcAbcAbcAbc1!',
    'Abcdefghijkl1!',
    '987654321098',
    '1q2w3e4r5t6y',
    'Dragon&Monkey77',
    'Password123Qwerty!',
    'Asdfghjkl;12',
    '!@#$%^&*()_+',
    'abababababab',
    'a'.repeat(256),
  ]) {
    test(`${password.slice(0, 40)} is guessable`, () => assert.equal(isGuessable(password), true));
  }
  for (const password of [
    PASSWORD,
    DEMO_PASSWORD,
    'correct horse battery staple',
    'x7!Kq-zz-Wm2v',
    'Größe-Kürbis-Nebel-77',
    'Dragon-Kestrel-77',
    `${'a'.repeat(250)}x7!Kq-zz-Wm2v`.slice(-256),
  ]) {
    test(`${password.slice(-40)} is not guessable`, () => assert.equal(isGuessable(password), false));
  }

  test('words of the person and of the deployment add nothing', () => {
    const password = 'Quendaric-Vomb-7';
    assert.equal(isGuessable(password), false);
    assert.equal(isGuessable(password, ['quendaric', 'VOMB']), true);
    assert.equal(isGuessable('Quendäric-Vömb-7', ['quendaric', 'VÔMB']), true);
  });

  test('a common word stays guessable in any case, in leet and with a digit at its end (property)', () => {
    const leet: Readonly<Record<string, string>> = { a: '@', e: '3', i: '1', o: '0', s: '$' };
    fc.assert(
      fc.property(
        fc.constantFrom('password', 'qwertyuiop', 'iloveyou', 'sunshine'),
        fc.array(fc.nat({ max: 2 }), { minLength: 12, maxLength: 12 }),
        fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 2 }),
        (word, choices, after) => {
          const dressed = [...word].map((letter, i) =>
            choices[i] === 1 ? letter.toUpperCase() : choices[i] === 2 ? (leet[letter] ?? letter) : letter,
          );
          assert.equal(isGuessable(dressed.join('') + after), true, dressed.join('') + after);
        },
      ),
      { numRuns: 25 },
    );
  });
});

test('a password expires by age, and never at an unknown age', () => {
  const now = Date.parse('2026-06-01T00:00:00Z');
  const ago = (seconds: number) => new Date(now - seconds * 1_000);
  const policy = createPolicy({ name: 'complex', blocklist, verify, guesses, maxAgeSeconds: 60 });
  assert.deepEqual(
    [59, 60, 61].map((seconds) => policy.isExpired(ago(seconds), now)),
    [false, true, true],
  );
  assert.equal(policy.isExpired(null, now), false);
  assert.equal(policyOf('complex').isExpired(ago(1e9), now), false);
});

test('a password that has to be changed has expired in every configuration', () => {
  for (const policy of [policyOf('complex'), policyOf('nist')]) {
    assert.deepEqual(
      [MUST_CHANGE, new Date(1)].map((setAt) => policy.isExpired(setAt, Date.parse('2026-06-01T00:00:00Z'))),
      [true, false],
    );
  }
});
