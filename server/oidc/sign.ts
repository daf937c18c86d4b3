import { importJWK, type JWK, type JWTPayload, SignJWT } from 'jose';

/** Signs JWTs other than tokens with the key that signs tokens. */
export type Sign = (claims: JWTPayload, typ: string) => Promise<string>;

/** @param jwk the private one that signs now, with its `kid` */
export function createSign(jwk: JWK | undefined, alg: string): Sign {
  let key: ReturnType<typeof importJWK> | undefined;
  return async (claims, typ) => {
    if (!jwk?.kid) throw new Error(`no key signs with ${alg}`);
    key ??= importJWK(jwk, alg);
    return new SignJWT(claims).setProtectedHeader({ alg, kid: jwk.kid, typ }).sign(await key);
  };
}
