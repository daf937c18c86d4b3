import { invalidInput } from '../platform/errors.ts';
import { writeArgon2, writePbkdf2 } from './hash_formats.ts';
import {
  base64,
  boolean,
  type Converted,
  embedded,
  faultsOfCodes,
  isObject,
  type Json,
  list,
  msTime,
  names,
  object,
  oneOf,
  plain,
  readSecret,
  required,
  text,
  texts,
  whole,
  wholeText,
  withoutUndefined,
} from './import_readers.ts';
import { MUST_CHANGE } from './policy.ts';
import type { ImportedAccount } from './profile.ts';

// ---- Keycloak: `users` of a realm export ----

export function fromKeycloak(entry: unknown): Converted {
  const user = object(entry);
  const email = required(user, 'email');
  const name = text(user, 'username');
  const [locale] = isObject(user.attributes) ? texts(user.attributes, 'locale') : [];
  const actions = texts(user, 'requiredActions');
  const otp = keycloakOtp(list(user, 'credentials').filter(isObject));
  const notes = [
    ...otp.notes,
    ...actions
      .filter((action) => action !== VERIFY_EMAIL && action !== UPDATE_PASSWORD)
      .map((action) => `required action ${plain(action)} is not carried over`),
    ...list(user, 'credentials')
      .filter((one) => isObject(one) && !['password', 'otp'].includes(String(one.type)))
      .map((one) => `credential of type ${plain(isObject(one) ? one.type : undefined)} is not carried over`),
  ];
  const credential = list(user, 'credentials').find((one) => isObject(one) && one.type === 'password');
  return {
    email,
    emailVerified: (boolean(user, 'emailVerified') ?? false) && !actions.includes(VERIFY_EMAIL),
    // Realms in which the address is the username have it twice.
    ...(name === undefined || name.toLowerCase() === email.toLowerCase() ? {} : { username: name }),
    ...names(text(user, 'firstName'), text(user, 'lastName')),
    ...(locale === undefined ? {} : { locale }),
    ...(isObject(credential) ? keycloakPassword(credential, actions.includes(UPDATE_PASSWORD)) : {}),
    ...withoutUndefined({ sub: text(user, 'id') }),
    ...(otp.secret ? { totpSecret: otp.secret } : {}),
    ...(notes.length > 0 ? { notes } : {}),
    disabled: boolean(user, 'enabled') === false,
    groups: texts(user, 'groups').map((path) => path.replace(/^\//, '')),
    roles: texts(user, 'realmRoles').filter((role) => !OF_EVERYBODY.test(role)),
  };
}

/** Roles that Keycloak gives to every account for its own purposes. */
const OF_EVERYBODY = /^(?:default-roles-.*|offline_access|uma_authorization)$/;

const KEYCLOAK_DIGESTS = { pbkdf2: 'sha1', 'pbkdf2-sha256': 'sha256', 'pbkdf2-sha512': 'sha512' } as const;
const ARGON2_KINDS = { id: 'argon2id', i: 'argon2i', d: 'argon2d' } as const;
const ARGON2_VERSIONS = { '1.0': 16, '1.3': 19 } as const;

function keycloakPassword(
  credential: Json,
  mustChange: boolean,
): Pick<ImportedAccount, 'passwordHash' | 'passwordSetAt'> {
  const data = embedded(credential, 'credentialData');
  const secret = embedded(credential, 'secretData');
  const parts = { salt: base64(secret, 'salt'), hash: base64(secret, 'value') };
  const algorithm = required(data, 'algorithm');
  return {
    passwordHash:
      algorithm === 'argon2'
        ? keycloakArgon2(data, parts)
        : writePbkdf2(oneOf(KEYCLOAK_DIGESTS, algorithm, 'algorithm'), whole(data, 'hashIterations'), parts),
    passwordSetAt: mustChange || boolean(credential, 'temporary') ? MUST_CHANGE : msTime(credential.createdDate),
  };
}

/** Keycloak stores each parameter of Argon2 as a list of one text. */
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

/** The required action for an address that is not verified; it becomes `email_verified: false`. */
const VERIFY_EMAIL = 'VERIFY_EMAIL';

/** The required action for a password that must be changed. A person without a password needs no such mark. */
const UPDATE_PASSWORD = 'UPDATE_PASSWORD';

/** The first secret that Cardea supports, and notes about the others. */
function keycloakOtp(credentials: readonly Json[]): { secret?: Buffer; notes: string[] } {
  const notes: string[] = [];
  let secret: Buffer | undefined;
  for (const credential of credentials.filter(({ type }) => type === 'otp')) {
    const data = embedded(credential, 'credentialData');
    const faults = faultsOfCodes(data, secret === undefined, data.subType === 'totp' ? [] : ['subType']);
    if (faults !== undefined) notes.push(faults);
    else secret = keycloakSecret(data, required(embedded(credential, 'secretData'), 'value'));
  }
  return { ...(secret ? { secret } : {}), notes };
}

/** The key is the UTF-8 form of the text, unless `secretEncoding` says that it is in base 32. */
function keycloakSecret(data: Json, value: string): Buffer {
  if (data.secretEncoding === 'BASE32') return readSecret(value, 'secretData');
  if ((data.secretEncoding ?? null) !== null) throw invalidInput('secretEncoding', 'must be BASE32 or nothing');
  return Buffer.from(value);
}
