import { AppError, invalidInput } from '../platform/errors.ts';
import { type FirebaseParameters, writeFirebase, writeScrypt } from './hash_formats.ts';
import { fromKeycloak } from './import_keycloak.ts';
import {
  base64,
  boolean,
  type Converted,
  faultsOfCodes,
  isObject,
  type Json,
  list,
  mongoTime,
  object,
  plain,
  readSecret,
  required,
  text,
  whole,
  withoutUndefined,
} from './import_readers.ts';
import type { ImportedAccount } from './profile.ts';

/** An entry of another system's export, and its conversion into an account. */
export type ForeignFormat = 'keycloak' | 'auth0' | 'firebase';

export type Convert = (entry: unknown) => Converted;

/**
 * @param firebase the project's hash parameters, for that format
 * @throws (the conversion) AppError 400 with the field that is wrong; its message quotes nothing
 */
export function converterFor(format: ForeignFormat, firebase?: FirebaseParameters): Convert {
  switch (format) {
    case 'keycloak':
      return fromKeycloak;
    case 'auth0':
      return fromAuth0;
    case 'firebase':
      return (entry) => fromFirebase(entry, firebase);
  }
}

/** Which format an entry looks like, by the members that no other has; undefined: Cardea's own. */
export function formatOf(entry: unknown): ForeignFormat | undefined {
  const names = new Set(Object.keys(isObject(entry) ? entry : {}));
  const has = (...some: string[]) => some.some((name) => names.has(name));
  if (has('localId')) return 'firebase';
  if (has('credentials', 'requiredActions', 'realmRoles', 'enabled', 'createdTimestamp')) return 'keycloak';
  if (has('_id', 'user_id', 'passwordHash', 'custom_password_hash')) return 'auth0';
  return undefined;
}

// ---- Auth0: the export of password hashes, and the format that its own import accepts ----

function fromAuth0(entry: unknown): Converted {
  const user = object(entry);
  const textOf = (name: string) => text(user, name);
  const optional = {
    username: textOf('username'),
    name: textOf('name'),
    givenName: textOf('given_name'),
    familyName: textOf('family_name'),
    nickname: textOf('nickname'),
    picture: textOf('picture'),
  };
  const hash = textOf('passwordHash') ?? textOf('password_hash') ?? auth0Custom(user.custom_password_hash);
  const setAt = user.password_set_date;
  return {
    email: required(user, 'email'),
    emailVerified: boolean(user, 'email_verified') ?? false,
    ...withoutUndefined(optional),
    ...(hash === undefined ? {} : { passwordHash: hash, passwordSetAt: mongoTime(setAt) }),
    ...withoutUndefined({ sub: auth0Subject(user) }),
    ...auth0Factors(user),
    disabled: boolean(user, 'blocked') ?? false,
  };
}

/** The subject of a person in an Auth0 database is `auth0|<id>`; most of its files have the id without that prefix. */
function auth0Subject(user: Json): string | undefined {
  const id = text(user, 'user_id') ?? (isObject(user._id) ? text(user._id, '$oid') : text(user, '_id'));
  return id === undefined || id.includes('|') ? id : `auth0|${id}`;
}

/** `mfa_factors`, as Auth0's own import accepts it: a list of objects with one member, whose name is the kind. */
function auth0Factors(user: Json): Pick<Converted, 'totpSecret' | 'notes'> {
  const notes: string[] = [];
  let totpSecret: Buffer | undefined;
  for (const entry of list(user, 'mfa_factors')) {
    const { totp, ...others } = object(entry, 'mfa_factors');
    if (totp !== undefined) {
      const factor = object(totp, 'mfa_factors');
      const faults = faultsOfCodes({ ...factor, algorithm: digestOf(factor.algorithm) }, totpSecret === undefined);
      if (faults === undefined) totpSecret = readSecret(required(factor, 'secret'), 'mfa_factors');
      else notes.push(faults);
    }
    for (const kind of Object.keys(others)) notes.push(`second factor ${plain(kind)} is not carried over`);
  }
  return { ...(totpSecret ? { totpSecret } : {}), ...(notes.length > 0 ? { notes } : {}) };
}

/** Accepts all spellings of a digest's name: SHA1, sha-1, HmacSHA1. */
function digestOf(name: unknown): unknown {
  return typeof name === 'string' ? `HmacSHA${name.replace(/^(?:hmac)?-?sha-?/i, '')}` : name;
}

function auth0Custom(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  const custom = object(value, 'custom_password_hash');
  const hash = object(custom.hash, 'custom_password_hash');
  const stored = required(hash, 'value');
  switch (custom.algorithm) {
    case 'bcrypt':
    case 'argon2':
      return stored;
    case 'pbkdf2':
      return stored.replaceAll(/=+(?=\$|$)/g, ''); // padding of base64
    case 'scrypt': {
      const salt = object(custom.salt, 'custom_password_hash');
      const cost = { N: whole(custom, 'cost'), r: whole(custom, 'blockSize'), p: whole(custom, 'parallelization') };
      if (!Number.isInteger(Math.log2(cost.N))) throw invalidInput('cost', 'must be a power of two');
      return writeScrypt(cost, { salt: encoded(salt), hash: encoded(hash) });
    }
    default:
      throw invalidInput('custom_password_hash', 'has an algorithm that is not supported');
  }
}

function encoded(part: Json): Buffer {
  const encoding = text(part, 'encoding') ?? 'utf8';
  if (!['base64', 'hex', 'utf8'].includes(encoding)) throw invalidInput('encoding', 'must be base64, hex or utf8');
  return Buffer.from(required(part, 'value'), encoding as BufferEncoding);
}

// ---- Firebase: `users` of `firebase auth:export` ----

function fromFirebase(entry: unknown, project: FirebaseParameters | undefined): ImportedAccount {
  const user = object(entry);
  const optional = {
    name: text(user, 'displayName'),
    picture: text(user, 'photoUrl'),
    phoneNumber: text(user, 'phoneNumber'),
  };
  return {
    email: required(user, 'email'),
    ...withoutUndefined({ sub: text(user, 'localId') }),
    emailVerified: boolean(user, 'emailVerified') ?? false,
    ...withoutUndefined(optional),
    // The export does not say how old a password is.
    ...(text(user, 'passwordHash') === undefined
      ? {}
      : { passwordHash: firebaseHash(user, project), passwordSetAt: null }),
    disabled: boolean(user, 'disabled') ?? false,
  };
}

function firebaseHash(user: Json, project: FirebaseParameters | undefined): string {
  if (!project) throw invalidInput('passwordHash', 'needs the hash parameters of the project');
  const parts = { salt: base64(user, 'salt'), hash: base64(user, 'passwordHash') };
  if (parts.hash.length !== project.signerKey.length) {
    throw invalidInput('passwordHash', 'does not match the signer key of the project');
  }
  return writeFirebase(project, parts);
}

/**
 * The hash parameters of a Firebase project, as its console shows them or as JSON with the same names.
 * @throws AppError 400 `firebase_config`
 */
export function parseFirebaseConfig(config: string): FirebaseParameters {
  const find = (name: string) => {
    const value = new RegExp(`\\b${name}"?\\s*[:=]\\s*"?([A-Za-z0-9+/=_-]+)`).exec(config)?.[1];
    if (value === undefined) throw new AppError('firebase_config', `the Firebase configuration has no ${name}`);
    return value;
  };
  const number = (name: string, most: number) => {
    const value = Number(find(name));
    if (Number.isInteger(value) && value >= 1 && value <= most) return value;
    throw new AppError('firebase_config', `${name} of the Firebase configuration must be a number up to ${most}`);
  };
  return {
    signerKey: Buffer.from(find('base64_signer_key'), 'base64'),
    saltSeparator: Buffer.from(find('base64_salt_separator'), 'base64'),
    rounds: number('rounds', 8),
    memCost: number('mem_cost', 14),
  };
}
