import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose';

/**
 * A resource server that keeps the JWKS for exactly as long as `Cache-Control` allows. It does not fetch it again for
 * an unknown `kid`, so the test sees if a key was published long enough before it signs.
 */
export interface Verifier {
  /** @throws JOSEError when the token does not verify with the keys that this verifier has */
  verify(token: string, audience: string): Promise<JWTPayload>;
  /** The kids of all tokens that it verified, in the order of their first appearance. */
  readonly kids: ReadonlySet<string>;
  readonly fetched: number;
}

export function createVerifier(issuer: string, reach: string): Verifier {
  const kids = new Set<string>();
  let fetched = 0;
  let expiresAt = Number.NEGATIVE_INFINITY;
  let known: Promise<ReturnType<typeof createLocalJWKSet>> | undefined;

  async function fetchKeys() {
    // RFC 9111 §4.2.3: the age of a response counts from when it was asked for.
    const asked = performance.now();
    const response = await fetch(new URL('/.well-known/jwks.json', reach));
    const maxAge = /\bmax-age=(\d+)\b/.exec(response.headers.get('cache-control') ?? '')?.[1];
    if (response.status !== 200 || maxAge === undefined) throw new Error(`no keys: ${response.status}`);
    const keys = createLocalJWKSet((await response.json()) as JSONWebKeySet);
    expiresAt = asked + Number(maxAge) * 1000;
    fetched += 1;
    return keys;
  }

  return {
    kids,
    get fetched() {
      return fetched;
    },
    async verify(token, audience) {
      if (!known || performance.now() >= expiresAt) {
        expiresAt = Number.POSITIVE_INFINITY; // parallel calls share one fetch
        known = fetchKeys();
      }
      const { payload } = await jwtVerify(token, await known, { issuer, audience });
      kids.add(decodeProtectedHeader(token).kid ?? '');
      return payload;
    },
  };
}
