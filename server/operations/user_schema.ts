import { type Static, Type } from 'typebox';
import type { Account, Address, Profile } from '../accounts/account.ts';
import type { Lock } from '../accounts/attempts.ts';
import { CLAIM_OF } from '../accounts/claims.ts';
import { mustChange } from '../accounts/policy.ts';
import type { ProfileInput } from '../accounts/profile.ts';
import { RESTRICTION_REASONS } from '../accounts/standing.ts';
import { AcceptedText } from './accepted_texts.ts';
import { mergePatch } from './merge_patch.ts';
import { personal } from './personal_fields.ts';
import { Id, patch, removable, strict, Time, Version } from './schema.ts';

/** A user as operators read and write it: claims by their names (OpenID Connect Core §5.1), `username` aside, and its state. */

const text = (description: string, maxLength = 1_000, options: object = {}) =>
  Type.String({ minLength: 1, maxLength, description, ...options });

const HIDDEN = personal('text');

const ADDRESS = {
  formatted: Type.String({ maxLength: 1_000, description: 'the whole address, on several lines', ...HIDDEN }),
  street_address: Type.String({ maxLength: 1_000, description: 'street and number', ...HIDDEN }),
  locality: Type.String({ maxLength: 1_000, description: 'city', ...HIDDEN }),
  region: Type.String({ maxLength: 1_000, description: 'state, province or region', ...HIDDEN }),
  postal_code: Type.String({ maxLength: 1_000, description: 'postal code', ...HIDDEN }),
  country: Type.String({ maxLength: 1_000, description: 'country', ...HIDDEN }),
};

const TEXTS = {
  username: text('for signing in, in place of the e-mail address; unique', 64, personal('username')),
  name: text('full name', 1_000, personal('name')),
  given_name: text('given name', 1_000, personal('name')),
  family_name: text('family name', 1_000, personal('name')),
  middle_name: text('middle name', 1_000, personal('name')),
  nickname: text('casual name', 1_000, personal('name')),
  profile: text('URL of a page about the person', 2_000, HIDDEN),
  picture: text('URL of a picture', 2_000, HIDDEN),
  website: text('URL of the own page', 2_000, HIDDEN),
  gender: text('gender', 1_000, HIDDEN),
  birthdate: text('YYYY-MM-DD, or YYYY', 1_000, HIDDEN),
  zoneinfo: text('time zone, such as Europe/Paris'),
  locale: text('language tag, such as en-GB; mails to the person are in this language'),
  phone_number: text('phone number, such as +44 20 7946 0000', 1_000, personal('phone')),
  phone_number_verified: Type.Boolean({ description: 'the number is known to belong to the person' }),
};

const POSTAL = 'postal address (OpenID Connect Core §5.1.1)';
const OPTIONAL = Type.Partial(
  strict({ ...TEXTS, address: Type.Partial(strict(ADDRESS), { additionalProperties: false, description: POSTAL }) }),
).properties;

export const Email = text('for signing in and for mails; unique', 254, personal('email'));
const EmailVerified = Type.Boolean({ description: 'the e-mail address is known to belong to the person' });

export const Password = Type.String({ minLength: 1, maxLength: 1_024, description: 'one that the policy accepts' });

export const PasswordTemporary = Type.Optional(
  Type.Boolean({ description: 'the person has to choose another password at the next sign-in; true by default' }),
);

const listOf = (what: string, maxLength: number) =>
  Type.Array(Type.String({ minLength: 1, maxLength }), { maxItems: 200, uniqueItems: true, description: what });

export const Groups = listOf('names of groups; each must exist', 256);
export const Roles = listOf('names of roles; each must exist, and you need all their permissions', 100);

export const RestrictionReason = Type.Enum([...RESTRICTION_REASONS], {
  description: 'why the processing is restricted (GDPR Art. 18(1), a to d)',
});

export const User = strict(
  {
    id: Id,
    sub: Type.Optional(
      Type.String({ description: 'the subject that clients know, where it is not the id', ...personal('subject') }),
    ),
    email: Email,
    email_verified: EmailVerified,
    ...OPTIONAL,
    has_password: Type.Boolean(),
    password_temporary: Type.Optional(
      Type.Literal(true, { description: 'the person has to choose another password at the next sign-in' }),
    ),
    second_factors: Type.Array(Type.Enum(['totp', 'passkey']), { description: 'kinds of second factor' }),
    groups: Groups,
    roles: Roles,
    disabled: Type.Boolean({ description: 'every sign-in is refused' }),
    deletion_due_at: Type.Optional(
      Type.String({ format: 'date-time', description: 'when the user is erased, unless the deletion is undone' }),
    ),
    deletion_by: Type.Optional(
      Type.Enum(['person', 'operator', 'inactivity'], {
        description: 'who planned the deletion; the person may undo it unless an operator did',
      }),
    ),
    restricted_at: Type.Optional(
      Type.String({
        format: 'date-time',
        description: 'since then the data are stored and nothing else is done with them (GDPR Art. 18)',
      }),
    ),
    restriction_reason: Type.Optional(RestrictionReason),
    version: Version,
    created_at: Time,
    updated_at: Type.String({
      format: 'date-time',
      description:
        'when the profile was last changed, as the claim says; disabling, a password, second factors, groups and roles raise `version` alone, and are found in the audit',
    }),
  },
  { title: 'User' },
);
export type User = Static<typeof User>;

export const UserWithLocks = strict(
  {
    ...User.properties,
    locked: Type.Array(strict({ factor: Type.Enum(['password', 'totp', 'recovery_code']), locked_until: Time }), {
      description: 'locks after wrong guesses that are in force',
    }),
    accepted_texts: Type.Array(AcceptedText, {
      description: 'the versions of texts that the person has accepted, the newest first',
    }),
  },
  { title: 'UserWithLocks' },
);

/** What a person can begin with. */
export const NEW_USER = {
  email: Email,
  email_verified: Type.Optional(EmailVerified),
  ...OPTIONAL,
  groups: Type.Optional(Groups),
  roles: Type.Optional(Roles),
};

const AddressPatch = Type.Unsafe<Partial<Record<keyof Address, string | null>> | null>({
  ...Type.Partial(strict(removable(ADDRESS)), { additionalProperties: false }),
  type: ['object', 'null'],
  description: `${POSTAL}; members that are present replace the old ones`,
});

/** RFC 7396: null removes a member. */
export const UserPatch = patch(
  {
    email: Email,
    email_verified: EmailVerified,
    ...removable(TEXTS),
    address: AddressPatch,
    groups: Groups,
    roles: Roles,
  },
  { title: 'UserPatch' },
);

/** The members of a profile by the names that operators use. */
const MEMBERS = Object.entries({ ...CLAIM_OF, username: 'username' }) as [keyof Profile, string][];

type Body = Partial<Record<string, unknown>>;

/** The profile in a body that creates somebody. */
export function profileIn<B extends Static<typeof Newcomer>>(body: B): ProfileInput {
  return membersIn(body, (value) => value) as unknown as ProfileInput;
}

const Newcomer = strict({ email: Email });

/** The changes of a profile in a patch; undefined removes a member. */
export function profileChanges(body: Static<typeof UserPatch>, { address }: Account): Partial<ProfileInput> {
  const { address: patched, ...texts } = body;
  const changes = membersIn(texts, (value) => (value === null ? undefined : value));
  if (patched === undefined) return changes;
  const merged = mergePatch(address, patched) as Address | null;
  const isEmpty = merged === null || Object.keys(merged).length === 0;
  return { ...changes, address: isEmpty ? undefined : merged };
}

function membersIn(body: Body, read: (value: unknown) => unknown): Partial<ProfileInput> {
  const present = MEMBERS.filter(([, name]) => body[name] !== undefined);
  return Object.fromEntries(present.map(([member, name]) => [member, read(body[name])]));
}

/** A profile by the names that operators use. */
export function shownProfile(profile: ProfileInput): Static<typeof Newcomer> {
  const present = MEMBERS.filter(([member]) => profile[member] !== undefined);
  return Object.fromEntries(present.map(([member, name]) => [name, profile[member]])) as Static<typeof Newcomer>;
}

/** Why an account cannot be used, besides that it is disabled. */
function shownStanding({ deletion, restriction }: Pick<Account, 'deletion' | 'restriction'>) {
  return {
    ...(deletion ? { deletion_due_at: deletion.dueAt.toISOString(), deletion_by: deletion.by } : {}),
    ...(restriction ? { restricted_at: restriction.since.toISOString(), restriction_reason: restriction.reason } : {}),
  };
}

export function shownUser(account: Account): User {
  return {
    id: account.id,
    ...(account.subject === undefined ? {} : { sub: account.subject }),
    ...shownProfile(account),
    has_password: account.passwordHash !== null,
    ...(mustChange(account.passwordSetAt) ? { password_temporary: true } : {}),
    second_factors: [...account.secondFactors],
    groups: [...account.groups],
    roles: [...account.roles],
    disabled: account.disabled,
    ...shownStanding(account),
    version: account.version,
    created_at: account.createdAt.toISOString(),
    updated_at: account.updatedAt.toISOString(),
  } as User;
}

export const shownLocks = (locks: readonly Lock[]) =>
  locks.map(({ factor, until }) => ({ factor, locked_until: until.toISOString() }));

export const EXAMPLE_USER: User = {
  id: '019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f',
  username: 'ada',
  email: 'ada@example.com',
  email_verified: true,
  name: 'Ada Lovelace',
  has_password: true,
  second_factors: ['totp'],
  groups: ['staff'],
  roles: [],
  disabled: false,
  version: 1,
  created_at: '2026-11-01T08:00:00.000Z',
  updated_at: '2026-11-01T08:00:00.000Z',
};
