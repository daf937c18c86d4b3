import { createHash } from 'node:crypto';
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

/** The public halves of all keys that may have signed a token that is still valid. */
export function publicKeys(set: LoadedKeySet): JWK[] {
  return set.keys.filter(isPair).map((key) => key.publicJwk);
}

/** The private key that signs now with an algorithm. */
export function activeKey(set: LoadedKeySet, alg: string): JWK | undefined {
  return set.keys.filter(isPair).find((key) => key.ring === alg && key.state === 'active')?.privateJwk;
}

/**
 * The keys for oidc-provider's option `jwks.keys`, private halves included. It signs with the first key that fits an
 * algorithm (`selectForSign`), so active keys come first. The others have `key_ops: ["verify"]` (RFC 7517 §4.3), which it
 * respects, so they never sign, not even when their ring has no active key any more.
 */
export function signingKeys(set: LoadedKeySet): JWK[] {
  return set.keys
    .filter(isPair)
    .map((key) => (key.state === 'active' ? key.privateJwk : { ...key.privateJwk, key_ops: ['verify'] }));
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

function isPair(key: LoadedKey): key is LoadedPair {
  return 'publicJwk' in key;
}

function isSecret(key: LoadedKey): key is LoadedSecret {
  return 'secret' in key;
}
