import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { Issuer } from '../platform/issuer.ts';

/** The headers by which the provider learns how it was reached: from the issuer, never from the request. */
export function pinnedHeaders(issuer: Issuer, address: string): Record<string, string> {
  return {
    host: issuer.host,
    'x-forwarded-host': issuer.host,
    'x-forwarded-proto': issuer.protocol.replace(':', ''),
    'x-forwarded-for': address,
  };
}

/**
 * The request as the provider gets it, with host and scheme of the issuer and the address that Fastify has determined.
 * Otherwise a request's own `Host: evil.test` would appear in discovery and be accepted as an audience.
 */
export function pinned(request: FastifyRequest, issuer: Issuer): IncomingMessage {
  const { raw } = request;
  // Before X-Forwarded-For is removed: `ip` is computed from the headers each time.
  const address = request.ip;
  // RFC 9112 §3.2.2: a target may have a host as well, on which the provider would build its URLs.
  if (!raw.url?.startsWith('/')) raw.url = raw.url?.replace(/^https?:\/\/[^/]*/i, '') ?? '/';
  for (const name of Object.keys(raw.headers)) {
    if (
      name === 'forwarded' ||
      name.startsWith('x-forwarded-') ||
      name === 'x-original-url' ||
      name === 'x-rewrite-url'
    )
      delete raw.headers[name];
  }
  Object.assign(raw.headers, pinnedHeaders(issuer, address));
  return raw;
}
