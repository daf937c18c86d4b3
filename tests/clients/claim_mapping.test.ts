import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ClaimRule, checkClaimMapping, mappedClaims } from '../../server/clients/claim_mapping.ts';
import { checkExchangePolicy } from '../../server/clients/token_exchange.ts';

const rule = (more: object) => ({ claim: 'tenant', into: ['id_token'], from: { static: 'acme' }, ...more });
const refused = (field: string) => ({ code: 'invalid_input', status: 400, field });

describe('a claim mapping', () => {
  test('is stored as written', () => {
    const rules = [
      rule({}),
      rule({ claim: 'https://example.com/claims/role', from: { static: { deep: [1, true] } } }),
      rule({ into: ['id_token', 'userinfo', 'access_token'], from: { account: 'email' }, scope: 'email' }),
      rule({ claim: 'groups', from: { groups: true } }),
      rule({ claim: 'teams', from: { groups: { prefix: 'team-' } } }),
      rule({ claim: 'roles', from: { groups: { map: { staff: 'employee' } } } }),
    ];
    assert.deepEqual(checkClaimMapping(rules), rules);
    assert.deepEqual(checkClaimMapping([]), []);
  });

  const says =
    'iss sub aud exp iat nbf jti auth_time nonce acr amr azp at_hash c_hash s_hash sid client_id scope cnf act';
  for (const claim of [...says.split(' '), 'may_act', 'events', 'authorization_details', 'active', 'status']) {
    test(`cannot set ${claim}, which tokens have by default`, () => {
      assert.throws(() => checkClaimMapping([rule({}), rule({ claim })]), refused('claim_mapping[1].claim'));
    });
  }

  for (const [why, value, field] of [
    ['no list', {}, 'claim_mapping'],
    ['no list at all', null, 'claim_mapping'],
    ['too many rules', Array(51).fill(rule({})), 'claim_mapping'],
    ['a rule that is none', ['x'], 'claim_mapping[0]'],
    ['an unknown member', [rule({ always: true })], 'claim_mapping[0].always'],
    ['no name', [rule({ claim: '' })], 'claim_mapping[0].claim'],
    ['a name with a space', [rule({ claim: 'a b' })], 'claim_mapping[0].claim'],
    ['the name of a JavaScript property', [rule({ claim: '__proto__' })], 'claim_mapping[0].claim'],
    ['no target', [rule({ into: [] })], 'claim_mapping[0].into'],
    ['an unknown target', [rule({ into: ['id_token', 'logout_token'] })], 'claim_mapping[0].into'],
    ['a target that is not a list', [rule({ into: 'id_token' })], 'claim_mapping[0].into'],
    ['no source', [rule({ from: {} })], 'claim_mapping[0].from'],
    ['two sources', [rule({ from: { static: 1, account: 'email' } })], 'claim_mapping[0].from'],
    ['an unknown source', [rule({ from: { header: 'x' } })], 'claim_mapping[0].from.header'],
    ['null', [rule({ from: { static: null } })], 'claim_mapping[0].from.static'],
    ['too much', [rule({ from: { static: 'x'.repeat(2_000) } })], 'claim_mapping[0].from.static'],
    ['a field that is not a claim', [rule({ from: { account: 'passwordHash' } })], 'claim_mapping[0].from.account'],
    ['groups that are not taken', [rule({ from: { groups: false } })], 'claim_mapping[0].from.groups'],
    ['both ways', [rule({ from: { groups: { prefix: 'a', map: { a: 'b' } } } })], 'claim_mapping[0].from.groups'],
    ['an empty map', [rule({ from: { groups: { map: {} } } })], 'claim_mapping[0].from.groups.map'],
    ['a name that is not text', [rule({ from: { groups: { map: { a: 1 } } } })], 'claim_mapping[0].from.groups.map.a'],
    ['two scopes', [rule({ scope: 'a b' })], 'claim_mapping[0].scope'],
  ] as const) {
    test(`is refused with ${why}`, () => assert.throws(() => checkClaimMapping(value), refused(field)));
  }
});

describe('mapped claims', () => {
  const ada = { email: 'ada@example.com', groups: ['staff', 'team-red', 'team-', 'admins'] };
  const scopes = new Set(['openid']);
  const from = (source: ClaimRule['from'], more: Partial<ClaimRule> = {}): ClaimRule[] => [
    { claim: 'it', into: ['userinfo'], from: source, ...more },
  ];
  const mapped = (rules: ClaimRule[], claims?: Record<string, unknown>) =>
    mappedClaims(rules, 'userinfo', { scopes, claims });

  test('have the source that the rule names', () => {
    assert.deepEqual(mapped(from({ static: [1] }), ada), { it: [1] });
    assert.deepEqual(mapped(from({ account: 'email' }), ada), { it: 'ada@example.com' });
    assert.deepEqual(mapped(from({ groups: true }), ada), { it: ada.groups });
    assert.deepEqual(mapped(from({ groups: { prefix: 'team-' } }), ada), { it: ['red'] });
    const map = { staff: 'reader', admins: 'writer', nobody: 'x', 'team-red': 'reader' };
    assert.deepEqual(mapped(from({ groups: { map } }), ada), { it: ['reader', 'writer'] });
    assert.deepEqual(mapped(from({ groups: { map: { other: 'x' } } }), { groups: ['toString', 'constructor'] }), {});
  });

  test('are only where the rule says, and only with its scope', () => {
    assert.deepEqual(mappedClaims(from({ static: 1 }), 'access_token', { scopes, claims: ada }), {});
    assert.deepEqual(mapped(from({ static: 1 }, { scope: 'email' }), ada), {});
    assert.deepEqual(mapped(from({ static: 1 }, { scope: 'openid' }), ada), { it: 1 });
  });

  test('are omitted when there is no value, never null or empty (OpenID Connect Core §5.3.2)', () => {
    for (const source of [{ account: 'name' }, { groups: true }, { groups: { prefix: 'x' } }] as const) {
      assert.deepEqual(mapped(from(source), { email: 'ada@example.com' }), {});
      assert.deepEqual(mapped(from(source)), {}, 'nor is there a claim for an unknown person');
    }
    assert.deepEqual(mapped([...from({ static: 'visitor' }), ...from({ account: 'name' })], ada), { it: 'visitor' });
  });
});

describe('a policy for token exchange', () => {
  const API = 'https://api.example.com';
  const policy = { subject_clients: ['web'], targets: [API], delegation: true };

  test('denies by default', () => {
    assert.deepEqual(checkExchangePolicy(policy), { ...policy, subject_audiences: [], impersonation: false });
    assert.equal(checkExchangePolicy(null), null);
  });

  for (const [why, value, field] of [
    ['no object', [], 'token_exchange'],
    ['an unknown member', { ...policy, impersonate: true }, 'token_exchange.impersonate'],
    ['no target', { ...policy, targets: [] }, 'token_exchange.targets'],
    ['a target that is not a resource', { ...policy, targets: ['api'] }, 'token_exchange.targets'],
    ['no subject client', { ...policy, subject_clients: [] }, 'token_exchange.subject_clients'],
    ['ids that are not text', { ...policy, subject_clients: [1] }, 'token_exchange.subject_clients'],
    ['neither delegation nor impersonation', { ...policy, delegation: false }, 'token_exchange.delegation'],
    ['a boolean as text', { ...policy, impersonation: 'yes' }, 'token_exchange.impersonation'],
  ] as const) {
    test(`is refused with ${why}`, () => assert.throws(() => checkExchangePolicy(value), refused(field)));
  }
});
