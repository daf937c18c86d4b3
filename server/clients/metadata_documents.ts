import { invalidInput } from '../platform/errors.ts';
import type { ServerPolicy } from './profiles.ts';
import { isAmong, OPEN_POLICY } from './registration_policy.ts';
import { objectOf, readSelfDescription, type SelfDescription } from './self_registration.ts';
import { kindOfUri } from './uris.ts';
import { rowOf } from './vocabulary.ts';

/** draft-ietf-oauth-client-id-metadata-document: the id of a client is the URL of the document that describes it. */

export const DOCUMENT_MAX_BYTES = 5 * 1024;
const ID_MAX = 256;
const FRESH_LEAST = 30;
const FRESH_MOST = 86_400;
/** Cache time of a document without cache headers. */
const FRESH_USUALLY = 300;

export interface DocumentRules {
  /** Hosts that documents may be on; undefined: any. */
  readonly hosts: readonly string[] | undefined;
  /** For development: http on a loopback address. */
  readonly loopback: boolean;
}

/**
 * True when an id can be the URL of a document (§3): https, a path, no fragment, no user information, no dot segments,
 * and in normalized form, since two spellings would be two clients.
 */
export function mayDescribe(id: string, rules: DocumentRules): boolean {
  const url = URL.parse(id);
  if (!url || url.href !== id || id.length > ID_MAX || url.pathname === '/') return false;
  if (url.username !== '' || url.password !== '' || id.includes('#')) return false;
  if (/\/(\.|%2e){1,2}(\/|$)/i.test(url.pathname)) return false;
  const isLocal = url.protocol === 'http:' && kindOfUri(id) === 'loopback-http' && isLoopbackHost(url.hostname);
  if (url.protocol !== 'https:' && !(rules.loopback && isLocal)) return false;
  return rules.hosts === undefined || isAmong(url.hostname, rules.hosts);
}

/**
 * Reads a document.
 * @param text of the body
 * @throws AppError 400 `invalid_input` with the field
 */
export function readDocument(id: string, text: string, serverPolicy?: ServerPolicy): SelfDescription {
  if (Buffer.byteLength(text) > DOCUMENT_MAX_BYTES) {
    throw invalidInput('client_id', `the document must have at most ${DOCUMENT_MAX_BYTES} bytes`);
  }
  const document = objectOf(parse(text), 'client_id');
  // §4.1: character by character
  if (document.client_id !== id) throw invalidInput('client_id', 'must be the URL that the document is at');
  if (document.client_secret !== undefined || document.client_secret_expires_at !== undefined) {
    throw invalidInput('client_secret', 'must not be in a document that everybody can read');
  }
  const { host, hostname } = new URL(id);
  const description = readSelfDescription(adapted(document), OPEN_POLICY, {
    ownHost: hostname,
    ...(serverPolicy ? { serverPolicy } : {}),
  });
  const { metadata } = description;
  if (rowOf.authentication(metadata.token_endpoint_auth_method).secret) {
    throw invalidInput('token_endpoint_auth_method', 'must not need a secret: a document is public');
  }
  // A person who can upload a document must not be able to send users to another website.
  const foreign = [...metadata.redirect_uris, ...metadata.post_logout_redirect_uris].find(
    (uri) => kindOfUri(uri) === 'web' && new URL(uri).host !== host,
  );
  if (foreign) throw invalidInput('redirect_uris', `must be at ${host}, on the device, or of a scheme of its own`);
  return description;
}

/** A document has no secret, so the client is public unless the document says otherwise. */
function adapted(document: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return {
    ...document,
    // A document must not refer to another document.
    sector_identifier_uri: null,
    token_endpoint_auth_method: document.token_endpoint_auth_method ?? 'none',
  };
}

/** Seconds until a document is fetched again (§4.4, RFC 9111 §5.2.2): between half a minute and a day. */
export function freshSeconds(cacheControl: string | null): number {
  const directives = (cacheControl ?? '')
    .toLowerCase()
    .split(',')
    .map((one) => one.trim());
  if (directives.some((one) => one === 'no-store' || one === 'no-cache')) return FRESH_LEAST;
  const age = directives.map((one) => /^max-age="?(\d{1,9})"?$/.exec(one)?.[1]).find((one) => one !== undefined);
  return Math.min(FRESH_MOST, Math.max(FRESH_LEAST, Number(age ?? FRESH_USUALLY)));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidInput('client_id', 'the document must be JSON');
  }
}

function isLoopbackHost(hostname: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}
