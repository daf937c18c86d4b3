import { createPublicKey, type JsonWebKey, type KeyObject, X509Certificate } from 'node:crypto';
import { invalidInput } from '../platform/errors.ts';
import { invalidItem } from '../platform/faults.ts';
import { isStorable } from '../platform/text.ts';
import { ENCRYPTION_ALGS, SIGNING_ALGS } from './vocabulary.ts';

/** A client's public keys (RFC 7517 §5). */
export interface Jwks {
  readonly keys: readonly Jwk[];
}

/** A key with only the members of RFC 7517 §4 and RFC 7518 §6 for its type. */
export type Jwk = Readonly<Record<string, unknown>>;

const KEYS_MAX = 20;
const MEMBER_MAX = 4_000;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const RSA_MIN_BITS = 2_048;
/** Larger keys take the server longer to verify with than a client to send a request. */
const RSA_MAX_BITS = 8_192;
const RSA_MAX_EXPONENT = 2n ** 32n;
const KEY_TYPES: ReadonlySet<unknown> = new Set(['RSA', 'EC', 'OKP']);
// RFC 7518 §6.2.2, §6.3.2, §6.4
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const TEXT_MEMBERS = ['kty', 'kid', 'use', 'alg', 'crv', 'x', 'y', 'n', 'e', 'x5u', 'x5t', 'x5t#S256'];
/** The members of the key itself, without its use: jose would compare that with its own expectation. */
const KEY_MEMBERS = ['kty', 'kid', 'crv', 'x', 'y', 'n', 'e'];

const ENCRYPTION_CURVES: ReadonlySet<unknown> = new Set(['P-256', 'P-384', 'P-521', 'X25519']);

/** The requirements that an algorithm has for a key. */
const SHAPES: Readonly<Record<string, { use: 'sig' | 'enc'; ops: readonly string[]; fits(key: Jwk): boolean }>> = {
  ...rows(['RS256', 'PS256'], { use: 'sig', ops: ['verify'], fits: ({ kty }) => kty === 'RSA' }),
  ...rows(['ES256'], { use: 'sig', ops: ['verify'], fits: ({ crv }) => crv === 'P-256' }),
  ...rows(['EdDSA'], { use: 'sig', ops: ['verify'], fits: ({ crv }) => crv === 'Ed25519' }),
  ...rows(['RSA-OAEP', 'RSA-OAEP-256'], {
    use: 'enc',
    ops: ['encrypt', 'wrapKey'],
    fits: ({ kty }) => kty === 'RSA',
  }),
  ...rows(['ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A256KW'], {
    use: 'enc',
    ops: ['deriveKey', 'deriveBits'],
    fits: ({ crv }) => ENCRYPTION_CURVES.has(crv),
  }),
};

function rows<T>(names: readonly string[], row: T): Record<string, T> {
  return Object.fromEntries(names.map((name) => [name, row]));
}

/**
 * @returns the key set, each key with the known members only
 * @throws AppError `invalid_input`, field `jwks`, when it is not a key set, or a key cannot be used here
 */
export function checkJwks(value: unknown): Jwks {
  const given = isRecord(value) ? value.keys : undefined;
  if (!Array.isArray(given) || given.length < 1 || given.length > KEYS_MAX) {
    throw invalidInput('jwks', `must be a JSON Web Key Set with 1 to ${KEYS_MAX} keys`);
  }
  const keys = given.map(checkKey);
  for (const [index, key] of keys.entries()) {
    const duplicate = keys.findIndex((other, at) => at > index && isConfusable(key, other));
    if (duplicate > 0)
      throw invalidInput('jwks', `keys[${index}] and keys[${duplicate}] are for the same: each needs its own kid`);
  }
  return { keys };
}

/**
 * The key as it is used for an algorithm.
 * @param key of a set that may not have been checked yet
 * @returns undefined when it cannot be used for that
 */
export function usableFor(key: Jwk, alg: string): Jwk | undefined {
  const shape = SHAPES[alg];
  if (!shape?.fits(key) || (key.use !== undefined && key.use !== shape.use)) return undefined;
  if (key.alg !== undefined && sameAlg(key.alg) !== alg) return undefined;
  // A public key for key agreement has no operation of its own (W3C Web Cryptography §24.2).
  const allowed = Array.isArray(key.key_ops) && key.key_ops.length > 0 ? key.key_ops : shape.ops;
  if (!shape.ops.some((operation) => allowed.includes(operation))) return undefined;
  return plainOf(key);
}

/** @returns whether one of the keys can be used for one of the algorithms */
export function hasKeyFor(keys: readonly unknown[], algs: readonly string[]): boolean {
  return keys.some((key) => isRecord(key) && algs.some((alg) => usableFor(key, alg) !== undefined));
}

const plain = new WeakMap<object, Jwk | undefined>();

/** The same object for the same key: jose caches the imported key by it. */
function plainOf(key: Jwk): Jwk | undefined {
  if (!plain.has(key)) plain.set(key, keyViolation(key) === undefined ? pick(key, KEY_MEMBERS) : undefined);
  return plain.get(key);
}

function checkKey(key: unknown, index: number): Jwk {
  const at = `keys[${index}]`;
  const place = `keys/${index}`;
  if (!isRecord(key)) throw invalidItem('jwks', place, `${at} must be an RSA, EC or OKP key`);
  const violation = keyViolation(key);
  if (violation !== undefined) throw invalidItem('jwks', place, `${at}${violation}`);
  const members = pick(key, [...TEXT_MEMBERS, 'key_ops', 'ext', 'x5c']);
  if (!hasKeyFor([members], [...SIGNING_ALGS, ...ENCRYPTION_ALGS])) {
    throw invalidItem('jwks', place, `${at} cannot be used: no algorithm here fits its kty, crv, use, key_ops and alg`);
  }
  return members;
}

/** @returns what is wrong with a key for any purpose; the text follows the position of the key */
function keyViolation(key: Jwk): string | undefined {
  if (!KEY_TYPES.has(key.kty)) return ' must be an RSA, EC or OKP key';
  // A private key: its owner has revealed it.
  if (PRIVATE_MEMBERS.some((member) => member in key)) return ' must be a public key';
  const odd = TEXT_MEMBERS.find((member) => key[member] !== undefined && !isMemberText(key[member]));
  if (odd) return `.${odd} must be a text that is not empty`;
  const { key_ops: operations, ext } = key;
  if (operations !== undefined && !isSetOfTexts(operations)) return '.key_ops must be a list of different texts';
  if (ext !== undefined && typeof ext !== 'boolean') return '.ext must be true or false';
  const publicKey = read(key);
  if (!publicKey) return ' cannot be read';
  const { modulusLength: bits, publicExponent = 0n } = publicKey.asymmetricKeyDetails ?? {};
  if (bits !== undefined) {
    if (bits < RSA_MIN_BITS) return ` must have ${RSA_MIN_BITS} bits or more`;
    if (bits > RSA_MAX_BITS) return ` must have ${RSA_MAX_BITS} bits or fewer`;
    if (publicExponent < 3n || publicExponent >= RSA_MAX_EXPONENT) return '.e must be between 3 and 2^32';
  }
  if (key.x5c !== undefined && !isCertificateOf(publicKey, key.x5c))
    return '.x5c must begin with a certificate of that key (RFC 7517 section 4.7)';
  return undefined;
}

function read(key: Jwk): KeyObject | undefined {
  try {
    return createPublicKey({ key: pick(key, KEY_MEMBERS) as JsonWebKey, format: 'jwk' });
  } catch {
    return undefined;
  }
}

/** True when two keys cannot be distinguished. */
function isConfusable(a: Jwk, b: Jwk): boolean {
  if (a.kid !== undefined && b.kid !== undefined && a.kid !== b.kid) return false;
  return [...SIGNING_ALGS, ...ENCRYPTION_ALGS].some((alg) => usableFor(a, alg) && usableFor(b, alg));
}

/** RFC 9864 §2.2 */
function sameAlg(alg: unknown): unknown {
  return alg === 'Ed25519' ? 'EdDSA' : alg;
}

function pick(key: Jwk, members: readonly string[]): Jwk {
  return Object.fromEntries(members.filter((one) => key[one] !== undefined).map((one) => [one, key[one]]));
}

function isMemberText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MEMBER_MAX && isStorable(value);
}

function isSetOfTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isMemberText) && new Set(value).size === value.length;
}

/** @param chain base64 of DER, the certificate of the key first */
function isCertificateOf(key: KeyObject, chain: unknown): boolean {
  if (!Array.isArray(chain) || !chain.every((one) => typeof one === 'string' && BASE64.test(one))) return false;
  try {
    return new X509Certificate(Buffer.from(chain[0], 'base64')).publicKey.equals(key);
  } catch {
    return false;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
