import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Provider } from 'oidc-provider';
import type { ApiAccess } from '../ports/api_access.ts';
import type { Sign } from './sign.ts';

/** A document that is the same for all requests, ready to be sent. */
export interface Document {
  /** Text, which Node sends together with the head in one write, unlike bytes. */
  readonly body: string;
  readonly etag: string;
  /** Names and values alternate, as in `writeHead`. */
  readonly head: readonly string[];
  /** For a 304 (RFC 9110 §15.4.5). */
  readonly unchangedHead: readonly string[];
}

/** @param fixed headers of every response */
export function createDocument(
  content: { readonly body: string; readonly etag: string; readonly cacheControl: string; readonly type: string },
  fixed: Readonly<Record<string, string>>,
): Document {
  const { body, etag, cacheControl, type } = content;
  const unchanged = { ...fixed, 'access-control-allow-origin': '*', 'cache-control': cacheControl, etag };
  const full = { ...unchanged, 'content-type': type, 'content-length': String(Buffer.byteLength(body)) };
  return { body, etag, head: Object.entries(full).flat(), unchangedHead: Object.entries(unchanged).flat() };
}

/** True when the client has the current document already (RFC 9110 §13.1.2). */
export function isUnchanged(ifNoneMatch: string | undefined, etag: string): boolean {
  return ifNoneMatch?.split(',').some((one) => one.trim().replace(/^W\//, '') === etag) ?? false;
}

export type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** The parts that belong to one key set. They are swapped for a new key set; requests under way keep the old ones. */
export interface Served {
  readonly version: number;
  readonly provider: Provider;
  readonly handle: Handle;
  readonly sign: Sign;
  /** Verifies access tokens of the admin API. */
  readonly apiAccess: ApiAccess;
  readonly jwks: Document;
  readonly discovery: Document;
}

export interface Serving {
  current(): Served;
  swap(next: Served): void;
}

export function createServing(first: Served): Serving {
  let served = first;
  return {
    current: () => served,
    swap(next) {
      served = next;
    },
  };
}
