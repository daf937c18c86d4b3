import { createHash, hkdfSync } from 'node:crypto';
import type { JWK } from 'jose';
import type { LoadedKey, LoadedKeySet, LoadedPair, LoadedSecret } from './store.ts';

/** The ring whose keys sign cookies. */
export const COOKIE_RING = 'cookie';

export interface Jwks {
  readonly body: string;
  /** A strong validator of the published bytes, quotes included (RFC 9110 §8.8.3). */
  readonly etag: string;
  readonly cacheControl: string;
}

/**
 * The JWK Set that verifiers fetch (RFC 7517 §5): public halves of pending, active and retiring keys, active ones
 * first, because some verifiers take the first that fits.
 */
export function jwks(set: LoadedKeySet, options: { maxAgeSeconds: number }): Jwks {
  const body = JSON.stringify({ keys: publicKeys(set) });
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
  return { body, etag, cacheControl: `public, max-age=${options.maxAgeSeconds}` };
}

/**
 * The public halves of all keys that may have signed a token that is still valid. Each has an `alg`, which some verifiers
 * need (RFC 7517 §4.4), so an RSA key is there once for each of its two algorithms, under different ids (§4.5).
 */
export function publicKeys(set: LoadedKeySet): JWK[] {
  return set.keys.filter(isPair).flatMap((key) => byAlgorithm(key.publicJwk).map((jwk) => withAlg(jwk, key.ring)));
}

/** The same keys for our own verification, which also accepts PS256 with the first id of an RSA key, as older tokens have it. */
export function verifyingKeys(set: LoadedKeySet): JWK[] {
  return set.keys.filter(isPair).flatMap((key) => byAlgorithm(key.publicJwk));
}

/** The end of the id of an RSA key where it is published for PS256. A thumbprint (RFC 7638) contains no dot. */
const FOR_PS256 = '.PS256';

/** A key under each of its ids: PS256 has one of its own. */
export function byAlgorithm(jwk: JWK): JWK[] {
  return jwk.kty === 'RSA' ? [jwk, { ...jwk, kid: `${jwk.kid}${FOR_PS256}`, alg: 'PS256' }] : [jwk];
}

/** The id under which a key is stored. @param kid one of its ids in the JWKS */
export function storedKid(kid: string): string {
  return kid.endsWith(FOR_PS256) ? kid.slice(0, -FOR_PS256.length) : kid;
}

/** Ring names are algorithms; an Ed25519 key is stored without one, as it has two names (RFC 9864 §2.2). */
function withAlg({ kty, use, kid, ...rest }: JWK, ring: string): JWK {
  return { kty, use, kid, alg: ring, ...rest } as JWK;
}

/** The private key that signs now with an algorithm. */
export function activeKey(set: LoadedKeySet, alg: string): JWK | undefined {
  return set.keys.filter(isPair).find((key) => key.ring === alg && key.state === 'active')?.privateJwk;
}

/**
 * The keys for oidc-provider's option `jwks.keys`, private halves included. It signs with the first key that fits an
 * algorithm (`selectForSign`), one with that `alg` before one without, so active keys come first. The others have `key_ops: ["verify"]` (RFC 7517 §4.3), which it
 * respects, so they never sign, not even when their ring has no active key any more.
 */
export function signingKeys(set: LoadedKeySet): JWK[] {
  return set.keys
    .filter(isPair)
    .flatMap((key) =>
      byAlgorithm(key.state === 'active' ? key.privateJwk : { ...key.privateJwk, key_ops: ['verify'] }),
    );
}

/**
 * The keys for cookies: keygrip and `@fastify/cookie` sign with the first and verify with all. Pending keys are included,
 * because other nodes may sign with them already.
 */
export function cookieKeys(set: LoadedKeySet): Buffer[] {
  return set.keys
    .filter(isSecret)
    .filter((key) => key.ring === COOKIE_RING)
    .map((key) => key.secret);
}

/**
 * Secrets for another purpose, one for each cookie key: they rotate as these do, and each is known to all nodes before the first
 * node uses it. The first is the current one; all are accepted.
 * @param purpose another one makes other secrets (RFC 5869 §3.2)
 */
export function derivedSecrets(set: LoadedKeySet, purpose: string): Buffer[] {
  return cookieKeys(set).map((key) => Buffer.from(hkdfSync('sha256', key, '', `cardea ${purpose}`, 32)));
}

function isPair(key: LoadedKey): key is LoadedPair {
  return 'publicJwk' in key;
}

function isSecret(key: LoadedKey): key is LoadedSecret {
  return 'secret' in key;
}
