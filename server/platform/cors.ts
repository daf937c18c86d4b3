import type { FastifyReply, FastifyRequest } from 'fastify';

/** Headers of responses that scripts of other origins may read besides those that they always may (Fetch Standard §3.3.3). */
export const EXPOSED_HEADERS = 'DPoP-Nonce, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate';

const PREFLIGHT_SECONDS = '3600';

/** Fetch Standard §3.3.2; an OPTIONS request without these headers asks for the methods alone (RFC 9110 §9.3.7). */
export function isPreflight({ headers }: FastifyRequest): boolean {
  return headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
}

/**
 * Lets scripts of all origins send these methods, with any headers: the path uses no cookies, so a script can do no more than
 * any other client.
 */
export function respondToOptions(
  request: FastifyRequest,
  reply: FastifyReply,
  methods: readonly string[],
): FastifyReply {
  reply.code(204).header('allow', ['OPTIONS', ...methods].join(', '));
  if (!isPreflight(request)) return reply.send();
  const { 'access-control-request-headers': wanted } = request.headers;
  if (wanted !== undefined) reply.header('access-control-allow-headers', wanted);
  return reply
    .header('vary', 'Access-Control-Request-Headers')
    .header('access-control-allow-origin', '*')
    .header('access-control-allow-methods', methods.join(', '))
    .header('access-control-max-age', PREFLIGHT_SECONDS)
    .send();
}
