import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Provider } from 'oidc-provider';
import type { Sign } from './sign.ts';

/** A document that is the same for everybody, as it is sent. */
export interface Document {
  /** Text rather than bytes: Node sends it together with the head, in one write. */
  readonly body: string;
  readonly etag: string;
  /** Names and values by turns, as `writeHead` takes them. */
  readonly head: readonly string[];
  /** Of a 304 (RFC 9110 §15.4.5). */
  readonly unchangedHead: readonly string[];
}

/** @param fixed what every answer carries */
export function createDocument(
  content: { readonly body: string; readonly etag: string; readonly cacheControl: string; readonly type: string },
  fixed: Readonly<Record<string, string>>,
): Document {
  const { body, etag, cacheControl, type } = content;
  const unchanged = { ...fixed, 'access-control-allow-origin': '*', 'cache-control': cacheControl, etag };
  const whole = { ...unchanged, 'content-type': type, 'content-length': String(Buffer.byteLength(body)) };
  return { body, etag, head: Object.entries(whole).flat(), unchangedHead: Object.entries(unchanged).flat() };
}

/** Whether a client has it already (RFC 9110 §13.1.2). @param known the request's `If-None-Match` */
export function isKnown(known: string | undefined, etag: string): boolean {
  return known?.split(',').some((one) => one.trim().replace(/^W\//, '') === etag) ?? false;
}

export type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** What is served now. Swapping it is how a node takes a new key set into use: requests under way keep the old one. */
export interface Served {
  readonly version: number;
  readonly provider: Provider;
  readonly handle: Handle;
  readonly sign: Sign;
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
