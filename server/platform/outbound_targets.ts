import { isIP } from 'node:net';
import { isLocalhost } from './lookup.ts';
import { type IsReachable, isLoopbackAddress } from './reachable.ts';

/* The rules for what others name, as pure functions: what stores a URL applies as much of them as it can, and every request all. */

/** `port`: it belongs to another kind of service, which might accept the request as its own protocol. */
export type UrlProblem = 'scheme' | 'user' | 'port';

/** The reason for which a URL with any host is never requested; undefined for one that may be. */
export function problemOfUrl(href: string | URL): UrlProblem | undefined {
  const url = URL.parse(String(href));
  if (!url || !['https:', 'http:'].includes(url.protocol)) return 'scheme';
  if (url.username !== '' || url.password !== '') return 'user';
  const port = Number(url.port);
  return port !== 0 && port < 1_024 && port !== 443 ? 'port' : undefined;
}

/**
 * Why a request may not go to these addresses; undefined when it may.
 * @param addresses all of a host
 * @returns `address`: one of them is neither public nor allowed; `insecure`: without TLS, for which all must be loopback addresses
 */
export function problemOfAddresses(
  isSecure: boolean,
  addresses: readonly string[],
  isReachable: IsReachable,
): 'address' | 'insecure' | undefined {
  if (addresses.length === 0 || !addresses.every(isReachable)) return 'address';
  return isSecure || addresses.every(isLoopbackAddress) ? undefined : 'insecure';
}

/** @param hostname of a URL @returns it without the brackets of an IPv6 address */
export const hostOf = (hostname: string): string => hostname.replace(/^\[(.*)\]$/, '$1');

/** @returns the addresses of a host that no name server is asked about, an address or `localhost`; otherwise undefined */
export function addressesWithoutLookup(host: string): readonly string[] | undefined {
  if (isIP(host) !== 0) return [host];
  return isLocalhost(host) ? ['127.0.0.1'] : undefined;
}
