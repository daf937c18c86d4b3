import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { AppError, RETRY_AFTER_SECONDS } from './errors.ts';
import type { Logger } from './log.ts';

export interface HttpOptions {
  readonly log: Logger;
  readonly secure: boolean;
  readonly trustedProxies: readonly string[];
  /** What a browser is shown of an error. */
  renderError(error: PresentedError, request: FastifyRequest): string;
}

export interface PresentedError {
  readonly status: number;
  readonly error: string;
  readonly description: string;
  readonly requestId: string;
}

/** A form of ours is a few hundred bytes; nothing that is sent here needs more. */
const BODY_LIMIT = 64 * 1024;

const HEADERS: Readonly<Record<string, string>> = {
  // No inline script or style. No form-action: Chromium applies it to the redirect after the login form as well.
  'content-security-policy':
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'cache-control': 'no-store',
};

/** The server, with what holds for every request: its id, its address, its headers, its log line and its errors. */
export function createHttp(options: HttpOptions): FastifyInstance {
  const { log, secure } = options;
  const app = Fastify({
    bodyLimit: BODY_LIMIT,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    trustProxy: options.trustedProxies.length > 0 ? [...options.trustedProxies] : false,
    requestTimeout: 30_000,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 256 },
  });
  const methods = new Map<string, Set<string>>();

  app.addHook('onRoute', (route) => {
    const known = methods.get(route.url) ?? new Set();
    for (const method of [route.method].flat()) known.add(method);
    methods.set(route.url, known);
  });

  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id).headers(HEADERS);
    if (secure) reply.header('strict-transport-security', 'max-age=31536000; includeSubDomains');
    // Only a trusted proxy's word gets here; if it is no address, nothing that counts by address may go on.
    if (isIP(request.ip) === 0) throw new AppError('invalid_forwarded_address', 400, 'X-Forwarded-For is malformed');
  });

  app.addHook('onResponse', async (request, reply) => {
    log.info(
      {
        requestId: request.id,
        method: request.method,
        // The route, not the URL: URLs carry codes, states and hints.
        route: request.routeOptions.url ?? '(none)',
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
      },
      'request',
    );
  });

  app.setNotFoundHandler((request, reply) => {
    const allowed = methods.get(pathOf(request));
    if (!allowed) return present(new AppError('not_found', 404, 'there is nothing here'), request, reply);
    reply.header('allow', [...allowed].sort().join(', '));
    return present(new AppError('method_not_allowed', 405, `${request.method} is not possible here`), request, reply);
  });
  app.setErrorHandler((error, request, reply) => present(error, request, reply));

  function present(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const known = toAppError(error);
    if (known.status >= 500 && known.status !== 503) log.error({ requestId: request.id, error }, 'a request failed');
    reply.code(known.status).header('cache-control', 'no-store');
    if (known.status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS);
    if (known.status === 429) reply.header('retry-after', 60);
    const description = known.status === 500 ? 'something went wrong' : known.message;
    return sendError(
      request,
      reply,
      { status: known.status, error: known.code, description, requestId: request.id },
      known.field,
    );
  }

  function sendError(
    request: FastifyRequest,
    reply: FastifyReply,
    error: PresentedError,
    field: string | undefined,
  ): FastifyReply {
    if (request.url.startsWith('/api/')) {
      return reply.type('application/problem+json').send({
        type: `urn:cardea:error:${error.error}`,
        title: error.description,
        status: error.status,
        ...(field === undefined ? {} : { field }),
        request_id: error.requestId,
      });
    }
    if (request.routeOptions.config?.oauth) {
      return reply.send({ error: OAUTH_CODES[error.status] ?? error.error, error_description: error.description });
    }
    if (/\btext\/html\b/.test(request.headers.accept ?? '')) {
      return reply.type('text/html; charset=utf-8').send(options.renderError(error, request));
    }
    return reply.send({ error: error.error, error_description: error.description, request_id: error.requestId });
  }

  return app;
}

/** RFC 6749 §5.2 knows few codes. */
const OAUTH_CODES: Readonly<Record<number, string>> = {
  400: 'invalid_request',
  413: 'invalid_request',
  415: 'invalid_request',
  429: 'temporarily_unavailable',
  500: 'server_error',
  503: 'temporarily_unavailable',
};

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '';
}

/** Fastify's own errors (malformed bodies, wrong media types…) are the sender's fault when they say so. */
function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const { statusCode } = error as { statusCode?: unknown };
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return new AppError(
      CLIENT_ERRORS[statusCode] ?? 'invalid_request',
      statusCode,
      'the request could not be understood',
      { cause: error },
    );
  }
  return new AppError('server_error', 500, 'something went wrong', { cause: error });
}

const CLIENT_ERRORS: Readonly<Record<number, string>> = {
  413: 'request_too_large',
  415: 'unsupported_media_type',
  429: 'rate_limited',
};
