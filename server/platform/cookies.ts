import type { Issuer } from './issuer.ts';

/** The name of a cookie, and its attributes. */
export interface CookieDefinition {
  readonly name: string;
  readonly options: {
    readonly path: string;
    readonly httpOnly: true;
    readonly sameSite: 'lax';
    readonly secure: boolean;
  };
}

/**
 * A cookie for all pages of the issuer. With the prefix `__Host-` no other host can set it (RFC 6265bis §4.1.3.2), but that
 * demands `Path=/`. An issuer with a path shares its host with other apps, which must not receive its cookies: there the
 * prefix is `__Secure-`, and the path is the issuer's.
 */
export function issuerCookie(issuer: Issuer, name: string): CookieDefinition {
  const { basePath } = issuer;
  if (basePath !== '') return cookieAt(issuer, name, '');
  const secure = isSecure(issuer);
  return {
    name: secure ? `__Host-${name}` : name,
    options: { path: '/', httpOnly: true, sameSite: 'lax', secure },
  };
}

/** A cookie for one of this server's own paths, and those below it. */
export function cookieAt(issuer: Issuer, name: string, path: string): CookieDefinition {
  const secure = isSecure(issuer);
  return {
    name: secure ? `__Secure-${name}` : name,
    options: { path: issuer.basePath + path, httpOnly: true, sameSite: 'lax', secure },
  };
}

function isSecure({ protocol }: Issuer): boolean {
  return protocol === 'https:';
}
