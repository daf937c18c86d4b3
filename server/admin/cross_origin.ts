import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isPreflight } from '../platform/cors.ts';

const EXPOSED =
  'Deprecation, DPoP-Nonce, ETag, Link, Location, Preference-Applied, RateLimit, RateLimit-Policy, Retry-After, Sunset, WWW-Authenticate, X-Request-Id';
const ALLOWED = 'Accept, Authorization, Content-Type, DPoP, Idempotency-Key, If-Match, If-None-Match, Prefer';
const PREFLIGHT_SECONDS = '3600';

/**
 * Lets scripts of the listed origins call the API (Fetch Standard §3.3). Without a list nothing is sent, and browsers keep every
 * script of another origin away. Cookies are never used, so credentials are not allowed.
 */
export function allowOrigins(app: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return;
  const allowed = new Set(origins);
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('vary', 'Origin');
    const { origin } = request.headers;
    if (origin !== undefined && allowed.has(origin))
      reply.header('access-control-allow-origin', origin).header('access-control-expose-headers', EXPOSED);
    done();
  });
}

/** The response to OPTIONS of a path with these methods. */
export function preflightHandler(methods: readonly string[]) {
  return (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    reply.code(204).header('allow', ['OPTIONS', ...methods].join(', '));
    if (!isPreflight(request) || reply.getHeader('access-control-allow-origin') === undefined) return reply.send();
    return reply
      .header('access-control-allow-methods', methods.join(', '))
      .header('access-control-allow-headers', ALLOWED)
      .header('access-control-max-age', PREFLIGHT_SECONDS)
      .send();
  };
}
