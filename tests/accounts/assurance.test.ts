import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  acrOf,
  createSecondFactorPolicy,
  isEnough,
  requiredAcr,
  type SignInFacts,
  strongestAcr,
  weakestOf,
  withSecondFactor,
} from '../../server/accounts/assurance.ts';

const ONE = 'urn:cardea:acr:1fa';
const TWO = 'urn:cardea:acr:2fa';

const NO_GROUP = { required: false, groups: [], trustDeviceSeconds: 0 };
const notRequired = createSecondFactorPolicy(NO_GROUP);
const everybody = createSecondFactorPolicy({ ...NO_GROUP, required: true });
const staff = createSecondFactorPolicy({ ...NO_GROUP, groups: ['staff'] });

const without = { groups: [], secondFactors: [] };
const withOne = { groups: [], secondFactors: ['totp'] } as const;
const member = { groups: ['staff'], secondFactors: [] };
const strict = { secondFactorRequired: true };
const lax = { secondFactorRequired: false };
const asking = (...values: string[]) => ({ request: { values } });

const CASES: readonly (readonly [what: string, facts: SignInFacts, acr: string])[] = [
  ['nothing is known', {}, ONE],
  ['nothing is required', { account: without, client: lax, policy: notRequired, ...asking() }, ONE],
  ['a person has a second factor that is not required', { account: withOne, client: lax, policy: notRequired }, ONE],
  ['the policy requires it of everybody', { account: without, policy: everybody }, TWO],
  ['the policy requires it of a group, and the person is a member', { account: member, policy: staff }, TWO],
  ['the policy requires it of a group, and the person is not a member', { account: without, policy: staff }, ONE],
  ['the policy is about people, and there is none', { policy: everybody }, ONE],
  ['the browser is trusted, and the person has one', { account: withOne, policy: everybody, trusted: true }, ONE],
  ['the browser is trusted, and the person has none', { account: without, policy: everybody, trusted: true }, TWO],
  ['the browser is not trusted', { account: withOne, policy: everybody, trusted: false }, TWO],
  ['nothing says whether the browser is trusted', { account: withOne, policy: everybody }, TWO],
  ['the app requires it', { client: strict }, TWO],
  ['the app requires it, and the browser is trusted', { client: strict, account: withOne, trusted: true }, TWO],
  ['the app requires it, and the request asks for less', { client: strict, ...asking(ONE) }, TWO],
  ['the request asks for two factors', asking(TWO), TWO],
  ['the request asks for two factors, and the browser is trusted', { ...asking(TWO), trusted: true }, TWO],
  ['the request is content with either', asking(TWO, ONE), ONE],
  ['the request asks for two factors or something unknown', asking('urn:other', TWO), TWO],
  ['the request asks for something unknown', asking('urn:other'), ONE],
  [
    'the request asks for one factor, and the policy requires two',
    { account: member, policy: staff, ...asking(ONE) },
    TWO,
  ],
];

describe('the weakest sufficient sign-in', () => {
  for (const [what, facts, acr] of CASES) {
    test(`is ${acr} when ${what}`, () => assert.equal(requiredAcr(facts), acr));
  }
});

test('the weakest of the requested values counts, in any order, and unknown ones are ignored', () => {
  assert.deepEqual([[TWO, ONE], [TWO], ['x', TWO], ['x'], []].map(weakestOf), [ONE, TWO, TWO, undefined, undefined]);
});

test('a stronger sign-in is sufficient for a weaker request, and an unknown acr counts as one factor', () => {
  const pairs = [
    [ONE, ONE, true],
    [TWO, ONE, true],
    [ONE, TWO, false],
    [TWO, TWO, true],
    ['urn:other', ONE, true],
    ['urn:other', TWO, false],
    [undefined, ONE, true],
    [undefined, TWO, false],
  ] as const;
  for (const [acr, required, enough] of pairs) assert.equal(isEnough(acr, required), enough, `${acr} for ${required}`);
});

test('/account asks for the strongest sign-in that the person can do', () => {
  assert.deepEqual([without, withOne].map(strongestAcr), [ONE, TWO]);
});

test('amr determines acr (RFC 8176)', () => {
  assert.deepEqual([['pwd'], ['pwd', 'otp'], ['pwd', 'otp', 'mfa'], []].map(acrOf), [ONE, ONE, TWO, ONE]);
  assert.deepEqual(withSecondFactor(['pwd'], ['otp']), ['pwd', 'otp', 'mfa']);
  assert.deepEqual(withSecondFactor(['pwd', 'otp', 'mfa'], ['otp']), ['pwd', 'otp', 'mfa']);
});

test('a browser can be trusted when the operator has set for how long', () => {
  assert.equal(notRequired.allowsTrustedBrowsers, false);
  assert.equal(createSecondFactorPolicy({ ...NO_GROUP, trustDeviceSeconds: 60 }).allowsTrustedBrowsers, true);
});
