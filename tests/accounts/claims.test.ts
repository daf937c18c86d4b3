import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Account } from '../../server/accounts/account.ts';
import { claimsOf } from '../../server/accounts/claims.ts';

const bare: Account = {
  id: '01890a5d-ac96-774b-bcce-b302099a8057',
  email: 'ada@example.com',
  emailVerified: false,
  passwordHash: 'phc',
  passwordSetAt: null,
  disabled: false,
  standing: 'active',
  groups: [],
  roles: [],
  secondFactors: [],
  acceptedTexts: [],
  epoch: 0,
  version: 1,
  createdAt: new Date(1_000),
  updatedAt: new Date(1_767_225_600_999),
};

describe('claimsOf (OpenID Connect Core §5.1)', () => {
  test('omits unknown values and fields that are not claims', () => {
    assert.deepEqual(claimsOf(bare), {
      sub: bare.id,
      email: 'ada@example.com',
      email_verified: false,
      updated_at: 1_767_225_600,
    });
  });

  test('has groups and roles where there are some, which a caller may change', () => {
    const account = { ...bare, groups: ['staff'], roles: ['cardea-auditor'] };
    const claims = claimsOf(account);
    assert.deepEqual([claims.groups, claims.roles], [['staff'], ['cardea-auditor']]);
    (claims.groups as string[]).push('another');
    assert.deepEqual(account.groups, ['staff']);
  });

  test('has all standard claims', () => {
    const claims = claimsOf({
      ...bare,
      username: 'ada',
      name: 'Ada Lovelace',
      givenName: 'Ada',
      familyName: 'Lovelace',
      middleName: 'Augusta',
      nickname: 'Enchantress',
      profile: 'https://example.com/ada',
      picture: 'https://example.com/ada.png',
      website: 'https://example.com',
      gender: 'female',
      birthdate: '1815-12-10',
      zoneinfo: 'Europe/London',
      locale: 'en-GB',
      phoneNumber: '+442079460000',
      phoneNumberVerified: true,
      address: { country: 'England' },
    });
    assert.deepEqual(Object.keys(claims).sort(), [
      'address',
      'birthdate',
      'email',
      'email_verified',
      'family_name',
      'gender',
      'given_name',
      'locale',
      'middle_name',
      'name',
      'nickname',
      'phone_number',
      'phone_number_verified',
      'picture',
      'preferred_username',
      'profile',
      'sub',
      'updated_at',
      'website',
      'zoneinfo',
    ]);
    assert.deepEqual(claims.address, { country: 'England' });
    assert.equal(claims.preferred_username, 'ada');
  });
});
