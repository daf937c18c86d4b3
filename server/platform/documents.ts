import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { respondToOptions } from './cors.ts';

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

/** A route of a document that anyone may read, also scripts of other origins. */
export function mountDocument(app: FastifyInstance, url: string, current: () => Document | Promise<Document>): void {
  app.get(url, { config: DOCUMENT }, (request, reply) => {
    const document = current();
    // No promise for one that is there: some are asked for forty thousand times a second.
    if (!(document instanceof Promise)) return sendDocument(request, reply, document);
    return document.then((made) => sendDocument(request, reply, made));
  });
  // Some clients send headers of their own even for documents, such as `MCP-Protocol-Version`, which browsers ask about first.
  app.options(url, { config: { oauth: true, quiet: true } }, (request, reply) =>
    respondToOptions(request, reply, ['GET', 'HEAD']),
  );
}

const DOCUMENT = { oauth: true, quiet: true, responseMode: 'own_headers' } as const;

/**
 * Sends a document that was made once for a key set, with its head (RFC 9110 §13.1.2 `If-None-Match`): making the same
 * head for each of forty thousand requests a second would be most of their cost.
 */
function sendDocument(request: FastifyRequest, reply: FastifyReply, document: Document): void {
  reply.hijack();
  const hasIt = isUnchanged(request.headers['if-none-match'], document.etag);
  const head = hasIt ? document.unchangedHead : document.head;
  reply.raw.writeHead(hasIt ? 304 : 200, ['x-request-id', request.id, ...head]);
  reply.raw.end(hasIt ? undefined : document.body);
}
