import { generateKeyPair, type KeyObject, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { calculateJwkThumbprint, type JWK } from 'jose';
import type { KeyAlgorithm } from './ring.ts';

/** A new key. `secret` must be sealed before it is stored. */
export interface KeyMaterial {
  readonly kid: string;
  readonly alg: KeyAlgorithm;
  /** Undefined for a symmetric key. */
  readonly publicJwk: JWK | undefined;
  /** The private JWK as JSON, or the bytes of a symmetric key. */
  readonly secret: Buffer;
}

// The output length of SHA-256 (RFC 2104 §3); more than enough for SHA-1, which keygrip uses.
const SYMMETRIC_BYTES = 32;
const RANDOM_KID_BYTES = 16;

const makePair = promisify(generateKeyPair);

interface Family {
  /** Asynchronous, on libuv's threads: an RSA key takes from 30 ms to seconds. */
  readonly make: (rsaBits: number) => Promise<{ readonly privateKey: KeyObject }>;
  /** The stored `alg`, where a key fits one alone: an RSA key signs RS256 and PS256, an Ed25519 key has two names (RFC 9864 §2.2). */
  readonly alg?: 'ES256';
}

const FAMILIES: Readonly<Record<Exclude<KeyAlgorithm, 'HMAC'>, Family>> = {
  RS256: { make: (rsaBits) => makePair('rsa', { modulusLength: rsaBits, publicExponent: 0x10001 }) },
  ES256: { make: () => makePair('ec', { namedCurve: 'P-256' }), alg: 'ES256' },
  EdDSA: { make: () => makePair('ed25519') },
};

/**
 * @param rsaBits 2048, 3072 or 4096
 * @returns a key whose id is its RFC 7638 thumbprint, or random when it is symmetric and has nothing public to hash
 */
export async function generateKey(alg: KeyAlgorithm, rsaBits: number): Promise<KeyMaterial> {
  if (alg === 'HMAC') {
    const kid = randomBytes(RANDOM_KID_BYTES).toString('base64url');
    return { kid, alg, publicJwk: undefined, secret: randomBytes(SYMMETRIC_BYTES) };
  }
  const family = FAMILIES[alg];
  const { privateKey } = await family.make(rsaBits);
  const pair = privateKey.export({ format: 'jwk' }) as JWK;
  const kid = await calculateJwkThumbprint(pair);
  const privateJwk: JWK = { ...pair, kid, use: 'sig', ...(family.alg ? { alg: family.alg } : {}) };
  return { kid, alg, publicJwk: publicHalf(privateJwk), secret: Buffer.from(JSON.stringify(privateJwk)) };
}

// An allow list of the members that may be published, in their order.
const PUBLIC_MEMBERS = ['kty', 'use', 'kid', 'alg', 'crv', 'n', 'e', 'x', 'y'] as const;

/** The public members alone (RFC 7518 §6.2.1, §6.3.1; RFC 8037 §2), in an order that does not depend on the input's. */
export function publicHalf(jwk: JWK): JWK {
  const members = PUBLIC_MEMBERS.filter((member) => jwk[member] !== undefined);
  return Object.fromEntries(members.map((member) => [member, jwk[member]])) as JWK;
}
