import type { FastifyRequest } from 'fastify';

/* Headers by which a request is refused before it is read. */

/** Nothing here decodes a compressed body: a small one could become a very large one. */
export function isEncoded({ method, headers }: FastifyRequest): boolean {
  const { 'content-encoding': encoding = '', 'content-length': length, 'transfer-encoding': transfer } = headers;
  const hasBody = method !== 'GET' && method !== 'HEAD' && (transfer !== undefined || Number(length) > 0);
  return hasBody && !['', 'identity'].includes(encoding.trim().toLowerCase());
}

/** RFC 9112 §3.2: HTTP/1.1 has one Host; with two, a proxy and this server could read different ones. */
export function hasHost({ raw: { rawHeaders, httpVersion } }: FastifyRequest): boolean {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  return count === 1 || (count === 0 && httpVersion === '1.0');
}
