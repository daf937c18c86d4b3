import { type Static, Type } from 'typebox';
import { isObject, isoTime, object, readSecret } from '../accounts/import_readers.ts';
import { base32 } from '../accounts/one_time_password.ts';
import type { ImportedAccount } from '../accounts/profile.ts';
import { personal } from './personal_fields.ts';
import { assertValid, strict, Time } from './schema.ts';
import { NEW_USER, profileIn, RestrictionReason, shownProfile } from './user_schema.ts';

/** A person as a line of an import and of an export: claims by their names, and how the person signs in. */
export const UserLine = strict(
  {
    ...NEW_USER,
    sub: Type.Optional(
      Type.String({
        maxLength: 255,
        description: 'the subject that clients know; a UUID becomes the id. Default: a new id',
        ...personal('subject'),
      }),
    ),
    disabled: Type.Optional(Type.Boolean({ description: 'every sign-in is refused' })),
    deletion_due_at: Type.Optional({ ...Time, description: 'RFC 3339; when the user is erased' } as typeof Time),
    restriction_reason: Type.Optional(RestrictionReason),
    password_hash: Type.Optional(
      Type.String({ maxLength: 1_024, description: 'argon2, bcrypt, PBKDF2, scrypt or that of Firebase' }),
    ),
    password_set_at: Type.Optional({ ...Time, description: 'RFC 3339; default: not known' } as typeof Time),
    totp_secret: Type.Optional(
      Type.String({
        maxLength: 256,
        description: 'of an authenticator app, in base 32: six digits, 30 seconds, SHA-1',
      }),
    ),
  },
  { title: 'UserLine' },
);
export type UserLine = Static<typeof UserLine>;

export const EXAMPLE_LINE: UserLine = {
  email: 'ada@example.com',
  email_verified: true,
  username: 'ada',
  name: 'Ada Lovelace',
  groups: ['staff'],
  sub: '019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f',
};

/** The members of a line that are secret, and need permissions of their own. */
export const CREDENTIALS = ['password_hash', 'password_set_at', 'totp_secret'] as const satisfies (keyof UserLine)[];

/** The person of a line. @throws AppError 400 `invalid_input`, whose message quotes nothing of it */
export function personOf(value: unknown): ImportedAccount {
  const line = tidied(object(value));
  assertValid(UserLine, line, 'body');
  const { password_hash: passwordHash, totp_secret: secret, sub, disabled = false, groups = [], roles = [] } = line;
  const deletionDueAt = isoTime(line, 'deletion_due_at');
  const { restriction_reason: restrictionReason } = line;
  return {
    ...profileIn(line),
    ...(passwordHash === undefined ? {} : { passwordHash, passwordSetAt: isoTime(line, 'password_set_at') }),
    ...(secret === undefined ? {} : { totpSecret: readSecret(secret, 'totp_secret') }),
    ...(sub === undefined ? {} : { sub }),
    disabled,
    ...(deletionDueAt ? { deletionDueAt } : {}),
    ...(restrictionReason ? { restrictionReason } : {}),
    groups,
    roles,
  };
}

/** Other systems write null or an empty text for what a person does not have. */
function tidied(value: Members): Members {
  const { address, ...line } = withoutEmpty(value);
  return {
    ...line,
    ...(address === undefined ? {} : { address: isObject(address) ? withoutEmpty(address) : address }),
  };
}

type Members = Readonly<Record<string, unknown>>;

function withoutEmpty(value: Members): Members {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null && member !== ''));
}

/** The line of a person. */
export function lineOf(person: ImportedAccount): UserLine {
  const { passwordHash, passwordSetAt, totpSecret, sub, disabled = false, groups = [], roles = [] } = person;
  const { deletionDueAt, restrictionReason } = person;
  return {
    ...(sub === undefined ? {} : { sub }),
    ...shownProfile(person),
    ...(passwordHash ? { password_hash: passwordHash } : {}),
    ...(passwordHash && passwordSetAt ? { password_set_at: passwordSetAt.toISOString() } : {}),
    ...(totpSecret ? { totp_secret: base32(totpSecret) } : {}),
    ...(disabled ? { disabled } : {}),
    ...(deletionDueAt ? { deletion_due_at: deletionDueAt.toISOString() } : {}),
    ...(restrictionReason ? { restriction_reason: restrictionReason } : {}),
    ...(groups.length > 0 ? { groups: [...groups] } : {}),
    ...(roles.length > 0 ? { roles: [...roles] } : {}),
  };
}
