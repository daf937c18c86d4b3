import { createPublicKey, type JsonWebKey, type KeyObject, X509Certificate } from 'node:crypto';
import { invalidInput } from '../platform/errors.ts';

/** A client's public keys (RFC 7517 §5). */
export interface Jwks {
  readonly keys: readonly Readonly<Record<string, unknown>>[];
}

const KEYS_MAX = 20;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const RSA_MIN_BITS = 2_048;
const SIGNING_TYPES: ReadonlySet<unknown> = new Set(['RSA', 'EC', 'OKP']);
// RFC 7518 §6.2.2, §6.3.2, §6.4
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/**
 * @returns the key set, its unknown members kept
 * @throws AppError `invalid_input`, field `jwks`
 */
export function checkJwks(value: unknown): Jwks {
  const keys = isRecord(value) ? value.keys : undefined;
  if (!Array.isArray(keys) || keys.length < 1 || keys.length > KEYS_MAX) {
    throw invalidInput('jwks', `must be a JSON Web Key Set with 1 to ${KEYS_MAX} keys`);
  }
  return { keys: keys.map(checkKey) };
}

function checkKey(key: unknown, index: number): Record<string, unknown> {
  const at = `keys[${index}]`;
  if (!isRecord(key) || !SIGNING_TYPES.has(key.kty)) throw invalidInput('jwks', `${at} must be an RSA, EC or OKP key`);
  // Whoever sends us this has shown it to too many already.
  if (PRIVATE_MEMBERS.some((member) => member in key)) throw invalidInput('jwks', `${at} must be a public key`);
  let publicKey: KeyObject;
  try {
    publicKey = createPublicKey({ key: key as JsonWebKey, format: 'jwk' });
  } catch {
    throw invalidInput('jwks', `${at} cannot be read`);
  }
  const bits = publicKey.asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined && bits < RSA_MIN_BITS)
    throw invalidInput('jwks', `${at} must have ${RSA_MIN_BITS} bits or more`);
  if ('x5c' in key && !isCertificateOf(publicKey, key.x5c))
    throw invalidInput('jwks', `${at}.x5c must begin with a certificate of that key (RFC 7517 §4.7)`);
  return key;
}

/** @param chain base64 of DER each, the key's own first */
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
