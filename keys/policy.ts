import { COOKIE_RING } from './jwks.ts';
import type { KeyAlgorithm, Policy } from './ring.ts';

/** The operator's settings about keys; durations in seconds. */
export interface KeySettings {
  readonly rings: readonly Exclude<KeyAlgorithm, 'HMAC'>[];
  readonly rsaBits: number;
  readonly rotationSeconds: number;
  readonly jwksMaxAgeSeconds: number;
  readonly pollSeconds: number;
}

/** The maximum time that signed tokens and cookies are valid, in seconds. */
export interface SignedLifetimes {
  readonly tokens: number;
  readonly cookies: number;
}

/** The configured rings, and the one that signs cookies, which always exists. */
export function keyPolicy({ rings, ...settings }: KeySettings, lifetimes: SignedLifetimes): Policy {
  return {
    ...settings,
    rings: [
      ...rings.map((alg) => ({ name: alg, alg, signsForSeconds: lifetimes.tokens })),
      { name: COOKIE_RING, alg: 'HMAC', signsForSeconds: lifetimes.cookies },
    ],
  };
}
