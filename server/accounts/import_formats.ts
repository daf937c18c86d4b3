import { dateOf } from '../platform/clock.ts';
import { AppError, invalidInput } from '../platform/errors.ts';
import type { Address } from './account.ts';
import { CLAIM_OF } from './claims.ts';
import { type FirebaseParameters, writeArgon2, writeFirebase, writePbkdf2, writeScrypt } from './hash_formats.ts';
import type { ImportedAccount } from './store.ts';

/** One person in another system's words, and how that becomes an account of ours. */
export type ImportFormat = 'cardea' | 'keycloak' | 'auth0' | 'firebase';

export type Convert = (entry: unknown) => ImportedAccount;

/**
 * @param firebase the project's hash parameters, for that format
 * @throws (the conversion) AppError 400 with the field that is wrong; its message quotes nothing
 */
export function converterFor(format: ImportFormat, firebase?: FirebaseParameters): Convert {
  switch (format) {
    case 'cardea':
      return fromCardea;
    case 'keycloak':
      return fromKeycloak;
    case 'auth0':
      return fromAuth0;
    case 'firebase':
      return (entry) => fromFirebase(entry, firebase);
  }
}

/** Which format an entry looks like, by the members that no other has. */
export function formatOf(entry: unknown): ImportFormat {
  const names = new Set(Object.keys(isObject(entry) ? entry : {}));
  const has = (...some: string[]) => some.some((name) => names.has(name));
  if (has('localId')) return 'firebase';
  if (has('credentials', 'requiredActions', 'realmRoles', 'enabled', 'createdTimestamp')) return 'keycloak';
  if (has('_id', 'user_id', 'passwordHash', 'custom_password_hash')) return 'auth0';
  return 'cardea';
}

type Json = Readonly<Record<string, unknown>>;

// ---- ours: the claims of OpenID Connect by their names, and how the person signs in ----

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;
const PROPERTY_OF = new Map<string, string>(Object.entries(CLAIM_OF).map(([property, claim]) => [claim, property]));
const OWN = new Set(['username', 'password_hash', 'password_set_at', 'disabled', 'groups', 'roles']);
const BOOLEANS = new Set(['email_verified', 'phone_number_verified']);

function fromCardea(entry: unknown): ImportedAccount {
  const person = object(entry);
  const profile: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(person)) {
    if (OWN.has(name)) continue;
    const property = PROPERTY_OF.get(name);
    if (!property) throw invalidInput(name, 'is not known');
    profile[property] =
      name === 'address' ? address(value) : BOOLEANS.has(name) ? boolean(person, name) : text(person, name);
  }
  const username = text(person, 'username');
  const hash = text(person, 'password_hash');
  return {
    email: required(person, 'email'),
    ...profile,
    ...(username === undefined ? {} : { username }),
    ...(hash === undefined ? {} : { passwordHash: hash, passwordSetAt: isoTime(person, 'password_set_at') }),
    disabled: boolean(person, 'disabled') ?? false,
    groups: texts(person, 'groups'),
    roles: texts(person, 'roles'),
  };
}

// ---- Keycloak: `users` of a realm export ----

function fromKeycloak(entry: unknown): ImportedAccount {
  const user = object(entry);
  const email = required(user, 'email');
  const name = text(user, 'username');
  const [locale] = isObject(user.attributes) ? texts(user.attributes, 'locale') : [];
  const credential = list(user, 'credentials').find((one) => isObject(one) && one.type === 'password');
  return {
    email,
    emailVerified: boolean(user, 'emailVerified') ?? false,
    // Realms in which the address is the username have it twice.
    ...(name === undefined || name.toLowerCase() === email.toLowerCase() ? {} : { username: name }),
    ...names(text(user, 'firstName'), text(user, 'lastName')),
    ...(locale === undefined ? {} : { locale }),
    ...(isObject(credential) ? keycloakPassword(credential) : {}),
    disabled: boolean(user, 'enabled') === false,
    groups: texts(user, 'groups').map((path) => path.replace(/^\//, '')),
    roles: texts(user, 'realmRoles').filter((role) => !OF_EVERYBODY.test(role)),
  };
}

/** What Keycloak gives to everybody, for its own use. */
const OF_EVERYBODY = /^(?:default-roles-.*|offline_access|uma_authorization)$/;

const KEYCLOAK_DIGESTS = { pbkdf2: 'sha1', 'pbkdf2-sha256': 'sha256', 'pbkdf2-sha512': 'sha512' } as const;
const ARGON2_KINDS = { id: 'argon2id', i: 'argon2i', d: 'argon2d' } as const;
const ARGON2_VERSIONS = { '1.0': 16, '1.3': 19 } as const;

function keycloakPassword(credential: Json): Pick<ImportedAccount, 'passwordHash' | 'passwordSetAt'> {
  const data = embedded(credential, 'credentialData');
  const secret = embedded(credential, 'secretData');
  const parts = { salt: base64(secret, 'salt'), hash: base64(secret, 'value') };
  const algorithm = required(data, 'algorithm');
  return {
    passwordHash:
      algorithm === 'argon2'
        ? keycloakArgon2(data, parts)
        : writePbkdf2(oneOf(KEYCLOAK_DIGESTS, algorithm, 'algorithm'), whole(data, 'hashIterations'), parts),
    passwordSetAt: msTime(credential.createdDate),
  };
}

/** Its parameters are lists of one text each. */
function keycloakArgon2(data: Json, parts: { salt: Buffer; hash: Buffer }): string {
  const more = object(data.additionalParameters, 'additionalParameters');
  const one = (name: string) => texts(more, name)[0] ?? '';
  const cost = {
    memory: wholeText(one('memory'), 'memory'),
    iterations: whole(data, 'hashIterations'),
    parallelism: wholeText(one('parallelism'), 'parallelism'),
  };
  return writeArgon2(
    oneOf(ARGON2_KINDS, one('type') || 'id', 'type'),
    oneOf(ARGON2_VERSIONS, one('version') || '1.3', 'version'),
    cost,
    parts,
  );
}

// ---- Auth0: the export of password hashes, and what its own import takes ----

function fromAuth0(entry: unknown): ImportedAccount {
  const user = object(entry);
  const take = (name: string) => text(user, name);
  const optional = {
    username: take('username'),
    name: take('name'),
    givenName: take('given_name'),
    familyName: take('family_name'),
    nickname: take('nickname'),
    picture: take('picture'),
  };
  const hash = take('passwordHash') ?? take('password_hash') ?? auth0Custom(user.custom_password_hash);
  const setAt = user.password_set_date;
  return {
    email: required(user, 'email'),
    emailVerified: boolean(user, 'email_verified') ?? false,
    ...known(optional),
    ...(hash === undefined ? {} : { passwordHash: hash, passwordSetAt: mongoTime(setAt) }),
    disabled: boolean(user, 'blocked') ?? false,
  };
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
    emailVerified: boolean(user, 'emailVerified') ?? false,
    ...known(optional),
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
    throw invalidInput('passwordHash', 'does not go with the signer key of the project');
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
    if (value === undefined) throw new AppError('firebase_config', 400, `the Firebase configuration has no ${name}`);
    return value;
  };
  const number = (name: string, most: number) => {
    const value = Number(find(name));
    if (Number.isInteger(value) && value >= 1 && value <= most) return value;
    throw new AppError('firebase_config', 400, `${name} of the Firebase configuration must be a number up to ${most}`);
  };
  return {
    signerKey: Buffer.from(find('base64_signer_key'), 'base64'),
    saltSeparator: Buffer.from(find('base64_salt_separator'), 'base64'),
    rounds: number('rounds', 8),
    memCost: number('mem_cost', 14),
  };
}

// ---- reading members ----

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function object(value: unknown, field?: string): Json {
  if (isObject(value)) return value;
  if (field !== undefined) throw invalidInput(field, 'must be an object');
  throw new AppError('invalid_input', 400, 'is not a JSON object');
}

/** JSON in a text, as Keycloak keeps it. */
function embedded(record: Json, name: string): Json {
  const value = record[name];
  if (isObject(value)) return value;
  try {
    return object(JSON.parse(required(record, name)), name);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw invalidInput(name, 'is not JSON');
  }
}

function text(record: Json, name: string): string | undefined {
  const value = record[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw invalidInput(name, 'must be text');
  return value;
}

function required(record: Json, name: string): string {
  const value = text(record, name);
  if (value === undefined) throw invalidInput(name, 'is missing');
  return value;
}

function boolean(record: Json, name: string): boolean | undefined {
  const value = record[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw invalidInput(name, 'must be true or false');
  return value;
}

function list(record: Json, name: string): readonly unknown[] {
  const value = record[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalidInput(name, 'must be a list');
  return value;
}

function texts(record: Json, name: string): string[] {
  return list(record, name).map((one) => {
    if (typeof one !== 'string') throw invalidInput(name, 'must be a list of texts');
    return one;
  });
}

function whole(record: Json, name: string): number {
  const value = record[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) {
    throw invalidInput(name, 'must be a whole number from 1');
  }
  return value;
}

function wholeText(value: string, name: string): number {
  return whole({ [name]: Number(value) }, name);
}

function base64(record: Json, name: string): Buffer {
  const value = required(record, name);
  if (!/^[A-Za-z0-9+/_-]+=*$/.test(value)) throw invalidInput(name, 'must be base64');
  return Buffer.from(value, 'base64');
}

function oneOf<T>(allowed: Readonly<Record<string, T>>, value: string, name: string): T {
  const found = Object.hasOwn(allowed, value) ? allowed[value] : undefined;
  if (found === undefined) throw invalidInput(name, `must be one of ${Object.keys(allowed).join(', ')}`);
  return found;
}

function address(value: unknown): Address {
  const parts = object(value, 'address');
  for (const name of Object.keys(parts)) text(parts, name);
  return parts as Address;
}

function names(givenName: string | undefined, familyName: string | undefined) {
  const name = [givenName, familyName].filter((one) => one !== undefined).join(' ');
  return known({ givenName, familyName, name: name === '' ? undefined : name });
}

/** Without what is not known. */
function known<T extends Readonly<Record<string, string | undefined>>>(values: T): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: string;
  };
}

function isoTime(record: Json, name: string): Date | null {
  const value = text(record, name);
  if (value === undefined) return null;
  const time = dateOf(Date.parse(value));
  if (!TIME.test(value) || time === undefined) {
    throw invalidInput(name, 'must be a time such as 2026-01-31T12:00:00Z');
  }
  return time;
}

function msTime(value: unknown): Date | null {
  return typeof value === 'number' && value > 0 ? (dateOf(value) ?? null) : null;
}

/** `{"$date": "…"}`, `{"$date": 1700000000000}` or the text itself. */
function mongoTime(value: unknown): Date | null {
  const inner = isObject(value) ? value.$date : value;
  if (typeof inner === 'number') return msTime(inner);
  return typeof inner === 'string' ? (dateOf(Date.parse(inner)) ?? null) : null;
}
