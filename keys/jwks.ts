import { createHash } from 'node:crypto';
import type { JWK } from 'jose';
import type { LoadedKey, LoadedKeySet, LoadedPair, LoadedSecret } from './store.ts';

/** The ring whose keys sign cookies. */
export const COOKIE_RING = 'cookie';

export interface Jwks {
  readonly body: string;
  /** A strong validator, quotes included (RFC 9110 §8.8.3). Of the bytes: a change that verifiers cannot see keeps it. */
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

/** The public halves of all keys that may have signed a token that is still valid. */
export function publicKeys(set: LoadedKeySet): JWK[] {
  return set.keys.filter(isPair).map((key) => key.publicJwk);
}

/** The private key that signs now, of the ring of an algorithm. */
export function activeKey(set: LoadedKeySet, alg: string): JWK | undefined {
  return set.keys.filter(isPair).find((key) => key.ring === alg && key.state === 'active')?.privateJwk;
}

/**
 * What oidc-provider gets as `jwks.keys`, private halves included. Of the keys that fit an algorithm it signs with the
 * first (`selectForSign`), so active keys lead; all others are for verification only (RFC 7517 §4.3), which it heeds,
 * so they never sign, not even when their ring has no active key any more.
 */
export function signingKeys(set: LoadedKeySet): JWK[] {
  return set.keys
    .filter(isPair)
    .map((key) => (key.state === 'active' ? key.privateJwk : { ...key.privateJwk, key_ops: ['verify'] }));
}

/**
 * The keys for cookies: keygrip and `@fastify/cookie` sign with the first and verify with all. Pending ones are among
 * them, since other nodes may have switched already.
 */
export function cookieKeys(set: LoadedKeySet): Buffer[] {
  return set.keys
    .filter(isSecret)
    .filter((key) => key.ring === COOKIE_RING)
    .map((key) => key.secret);
}

function isPair(key: LoadedKey): key is LoadedPair {
  return 'publicJwk' in key;
}

function isSecret(key: LoadedKey): key is LoadedSecret {
  return 'secret' in key;
}
