import { invalidInput } from '../platform/errors.ts';

const URI_MAX = 2_000;

// RFC 3986 §2: other characters must be percent-encoded. Attacks use what URL parsers correct (spaces, backslashes,
// controls).
const URI_CHARACTERS = /^([A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/;
// The parser reads `https:host` and `https:///host` as if they had two slashes; a comparison of texts would not.
const HTTP_AUTHORITY = /^https?:\/\/[^/?]/i;
// RFC 8252 §7.1: a private-use scheme is a reversed domain name of its owner, so it has a dot. Schemes that a browser
// handles itself (javascript, data, file, vbscript, blob, about, filesystem, view-source…) have none.
const PRIVATE_USE_SCHEME = /^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:$/;
const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * A redirect URI, which is compared character by character (RFC 9700 §4.1.3). Absolute, without fragment (RFC 6749
 * §3.1.2) or user information; https, or http on a loopback address (RFC 8252 §7.3), or a private-use scheme.
 * @returns the URI unchanged
 * @throws AppError `invalid_input` with the field
 */
export function checkRedirectUri(field: string, value: string): string {
  const url = parse(field, value);
  if (url.protocol === 'https:' || PRIVATE_USE_SCHEME.test(url.protocol)) return value;
  if (url.protocol === 'http:') {
    if (isLoopback(url)) return value;
    throw refuse(field, value, 'must be https; http is for localhost, 127.0.0.1 and [::1] alone');
  }
  throw refuse(
    field,
    value,
    'must be https, http on a loopback address, or a scheme of your own such as com.example.app:',
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
