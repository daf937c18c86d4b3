import type { Account, Profile } from './account.ts';

/** Standard claims by their names in OpenID Connect. Unknown ones are left out and never `undefined`. */
export type Claims = { sub: string } & Record<string, unknown>;

/** OpenID Connect Core §5.1, claim by claim; `sub` and `updated_at` aside. */
export const CLAIM_OF = {
  email: 'email',
  emailVerified: 'email_verified',
  username: 'preferred_username',
  name: 'name',
  givenName: 'given_name',
  familyName: 'family_name',
  middleName: 'middle_name',
  nickname: 'nickname',
  profile: 'profile',
  picture: 'picture',
  website: 'website',
  gender: 'gender',
  birthdate: 'birthdate',
  zoneinfo: 'zoneinfo',
  locale: 'locale',
  phoneNumber: 'phone_number',
  phoneNumberVerified: 'phone_number_verified',
  address: 'address',
} as const satisfies Record<keyof Profile, string>;

/**
 * All standard claims that the account has values for (OpenID Connect Core §5.1), its `groups` and its `roles`. Which of them a relying party gets
 * is decided by scopes and the `claims` parameter, not here. `updated_at` is in seconds since the epoch.
 */
export function claimsOf(account: Account): Claims {
  const claims: Claims = { sub: account.id, updated_at: Math.floor(account.updatedAt.getTime() / 1_000) };
  for (const [property, claim] of Object.entries(CLAIM_OF)) {
    const value = account[property as keyof Profile];
    if (value !== undefined) claims[claim] = value;
  }
  if (account.groups.length > 0) claims.groups = [...account.groups];
  if (account.roles.length > 0) claims.roles = [...account.roles];
  return claims;
}
