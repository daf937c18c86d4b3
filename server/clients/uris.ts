import { invalidInput } from '../platform/errors.ts';
import { schemeProblem } from './schemes.ts';

const URI_MAX = 2_000;

// RFC 3986 §2: other characters must be percent-encoded. Attacks use what URL parsers correct (spaces, backslashes,
// controls).
const URI_CHARACTERS = /^([A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/;
// The parser reads `https:host` and `https:///host` as if they had two slashes; a comparison of texts would not.
const HTTP_AUTHORITY = /^https?:\/\/[^/?]/i;
// The parser takes the host of `app.example:8080/cb` for a scheme.
const HOST_AND_PORT = /^[^:/]+:\d+(\/|\?|$)/;
// Other servers match `*` with any text. Here it would match only itself, so a developer who writes it expects another result.
const WILDCARD = 'must have no wildcard: register each URI in full; a * that belongs to it is written %2A';
const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * A redirect URI, which is compared character by character (RFC 9700 §4.1.3). Absolute, without fragment (RFC 6749
 * §3.1.2) or user information; https, or http on a loopback address (RFC 8252 §7.3), or the scheme of an app (§7.1) that
 * is not in the table of schemes.ts.
 * @returns the URI unchanged
 * @throws AppError `invalid_input` with the field
 */
export function checkRedirectUri(field: string, value: string): string {
  if (value.includes('*')) throw refuse(field, value, WILDCARD);
  const url = parse(field, value);
  if (url.protocol === 'https:') return value;
  if (url.protocol === 'http:') {
    if (isLoopback(url)) return value;
    throw refuse(field, value, 'must be https; http is for localhost, 127.0.0.1 and [::1] alone');
  }
  const scheme = url.protocol.slice(0, -1);
  const problem = HOST_AND_PORT.test(value) ? 'is a host: put https:// before it' : schemeProblem(scheme);
  if (problem === undefined) return value;
  throw refuse(
    field,
    value,
    `must be https, http on a loopback address, or a scheme of the app's own such as com.example.app: ("${scheme}:" ${problem})`,
  );
}

/** A page or document of the client: https, or http on a loopback address. */
export function checkWebUri(field: string, value: string): string {
  const url = parse(field, value);
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))) return value;
  throw refuse(field, value, 'must be https');
}

/** A resource indicator: an absolute URI without a fragment (RFC 8707 §2). It is a name, so it may have any scheme. */
export function checkResourceIdentifier(field: string, value: string): string {
  parse(field, value);
  return value;
}

export type UriKind = 'web' | 'private-use' | 'loopback-http' | 'loopback-https';

/** The kind of app that can receive it (RFC 8252 §7). @param uri one that passed `checkRedirectUri` */
export function kindOfUri(uri: string): UriKind {
  const url = new URL(uri);
  if (url.protocol === 'http:') return 'loopback-http';
  if (url.protocol !== 'https:') return 'private-use';
  return isLoopback(url) ? 'loopback-https' : 'web';
}

function parse(field: string, value: string): URL {
  if (value.length > URI_MAX) throw invalidInput(field, `must have at most ${URI_MAX} characters`);
  const url = URL.parse(value);
  const isHttp = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (!url || !URI_CHARACTERS.test(value) || (isHttp && !HTTP_AUTHORITY.test(value))) {
    throw refuse(field, value, 'must be an absolute URI');
  }
  if (value.includes('#')) throw refuse(field, value, 'must have no fragment');
  if (url.username || url.password || /^[^/?]*\/\/[^/?]*@/.test(value)) {
    throw refuse(field, value, 'must have no user information');
  }
  return url;
}

function isLoopback(url: URL): boolean {
  return LOOPBACK_HOSTS.has(url.hostname);
}

function refuse(field: string, value: string, why: string) {
  return invalidInput(field, `${JSON.stringify(value)} ${why}`);
}
