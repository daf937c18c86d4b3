import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { systemClock } from './clock.ts';
import { boundConnections } from './connections.ts';
import { AppError, type ErrorCode, faultOfSender, RETRY_AFTER_SECONDS } from './errors.ts';
import { createForwardedWatch } from './forwarded.ts';
import type { Logger } from './log.ts';
import { createRawAnswers } from './raw_answers.ts';
import { createRecently } from './recently.ts';

/** TLS that ends here, all of it in PEM. */
export interface TlsListener {
  readonly cert: string;
  readonly key: string;
  /** Who connects is asked for a certificate, and gets in without or with any: what it is worth is looked at later. */
  readonly asksForCertificates: boolean;
  /** Whom clients are told to have certificates of. */
  readonly authorities: readonly string[];
}

export interface HttpOptions {
  readonly log: Logger;
  readonly secure: boolean;
  readonly trustedProxies: readonly string[];
  /** Open at the same time, of an address that is none of those proxies'. */
  readonly connectionsPerAddress?: number;
  readonly tls?: TlsListener | undefined;
  /** Default: see below. */
  readonly timeouts?: HttpTimeouts | undefined;
  /** What a browser is shown of an error. */
  renderError(error: PresentedError, request: FastifyRequest): string;
}

/** How long a request may take to arrive, in milliseconds. */
export interface HttpTimeouts {
  readonly headers: number;
  /** All of it; at least `headers`. */
  readonly request: number;
  /** How often they are looked at: whatever is late is so by that much more. */
  readonly checkEvery: number;
}

const TIMEOUTS: HttpTimeouts = { headers: 15_000, request: 30_000, checkEvery: 5_000 };

export interface PresentedError {
  readonly status: number;
  readonly error: string;
  readonly description: string;
  readonly requestId: string;
}

/** A form of ours is a few hundred bytes; nothing that is sent here needs more. */
const BODY_LIMIT = 64 * 1024;

const CONNECTIONS_PER_ADDRESS = 1_000;

/** No inline script or style. No form-action: Chromium applies it to the redirect after the login form as well. */
export const CONTENT_SECURITY_POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'cache-control': 'no-store',
};

const STRICT_TRANSPORT = 'max-age=31536000; includeSubDomains';

/** What every answer carries, but for the id of its request. */
export function fixedHeaders(secure: boolean): Readonly<Record<string, string>> {
  return secure ? { ...HEADERS, 'strict-transport-security': STRICT_TRANSPORT } : HEADERS;
}

/** The server, with what holds for every request: its id, its address, its headers, its log line and its errors. */
export function createHttp(options: HttpOptions): FastifyInstance {
  const { log } = options;
  const isProxied = options.trustedProxies.length > 0;
  const headers = fixedHeaders(options.secure);
  const rawAnswers = createRawAnswers(log, headers);
  const wasTold = createRecently({ everyMs: TELL_EVERY_MS, now: systemClock });
  const timeouts = options.timeouts ?? TIMEOUTS;
  const node = {
    headersTimeout: timeouts.headers,
    requestTimeout: timeouts.request,
    connectionsCheckingInterval: timeouts.checkEvery,
    // Its refusal has no body and no id: ours looks for two as well.
    requireHostHeader: false,
  };
  const watchForwarded = createForwardedWatch(options);
  // To Fastify's types a server of TLS is another thing; to everything here it is the same.
  const app = Fastify({
    ...(options.tls ? { https: { ...node, ...secureContext(options.tls) } } : { http: node }),
    bodyLimit: BODY_LIMIT,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    trustProxy: isProxied && [...options.trustedProxies],
    requestTimeout: timeouts.request,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 256 },
    // Neither reaches a route, so no hook sees them; without these Fastify answers by itself and quotes the URL.
    frameworkErrors(error, request, reply) {
      present(error, request, reply);
      log.info({ requestId: request.id, route: '(none)', status: reply.statusCode, reason: error.code }, 'request');
    },
    clientErrorHandler: (error, socket) => rawAnswers.refuseUnreadable(error, socket),
  });
  boundConnections(app.server, {
    most: options.connectionsPerAddress ?? CONNECTIONS_PER_ADDRESS,
    exempt: options.trustedProxies,
  });
  rawAnswers.attach(app.server);
  const routes = new Map<string, KnownRoute>();

  app.decorateRequest('languages', '');

  app.addHook('onRoute', (route) => {
    const known = routes.get(route.url) ?? { methods: new Set(), oauth: route.config?.oauth ?? false };
    for (const method of [route.method].flat()) known.methods.add(method);
    routes.set(route.url, known);
    // Not for each request: merely listening for the end of an answer takes a part of the time that the JWKS takes.
    if (route.config?.quiet && !log.isLevelEnabled('debug')) return;
    route.onResponse = [
      (request, reply, done) => {
        logRefusal(request, reply);
        done();
      },
      ...[route.onResponse ?? []].flat(),
    ];
  });

  // A callback rather than a promise: this runs for every request, also for those that take no longer than a promise.
  app.addHook('onRequest', (request, reply, done) => {
    const answered = request.routeOptions.config?.answered;
    if (answered === undefined) setFixedHeaders(request, reply);
    else if (answered === 'raw') dressRaw(request, reply);
    watchForwarded(request.raw);
    // Before its body is read: what a request to nowhere carries does not matter.
    if (request.is404) return done(unrouted(request, reply));
    if (!hasHost(request)) return done(new AppError('invalid_request', 'Host must be sent, and once'));
    // A proxy's word must be an address, or nothing that counts by address may go on. Who has hung up has none, either.
    if (isProxied ? isIP(request.ip) !== 0 : request.ip) return done();
    return done(new AppError('invalid_forwarded_address', 'X-Forwarded-For is malformed'));
  });

  app.setErrorHandler((error, request, reply) => {
    present(error, request, reply);
    if (request.is404) logRefusal(request, reply);
    return reply;
  });

  /** One line a request. */
  function logRefusal(request: FastifyRequest, reply: FastifyReply): void {
    const { config, url } = request.routeOptions;
    log[config?.quiet ? 'debug' : 'info'](
      {
        requestId: request.id,
        method: request.method,
        // The route, not the URL: URLs carry codes, states and hints.
        route: url ?? '(none)',
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
      },
      'request',
    );
  }

  function setFixedHeaders(request: FastifyRequest, reply: FastifyReply): void {
    reply.header('x-request-id', request.id).headers(headers);
  }

  function dressRaw(request: FastifyRequest, reply: FastifyReply): void {
    reply.raw.setHeader('x-request-id', request.id);
    for (const name in headers) reply.raw.setHeader(name, headers[name] as string);
  }

  /** 404, or 405 with the methods that the path does have (RFC 9110 §15.5.6). */
  function unrouted(request: FastifyRequest, reply: FastifyReply): AppError {
    const allowed = routeAt(routes, request)?.methods;
    if (!allowed) return new AppError('not_found', 'there is nothing here');
    reply.header('allow', [...allowed].sort().join(', '));
    return new AppError('method_not_allowed', `${request.method} is not possible here`);
  }

  function present(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const known = toAppError(error);
    if (!EXPECTED.has(known.status) && known.status >= 500)
      log.error({ requestId: request.id, error }, 'a request failed');
    const slipped = faultOfSender(known);
    if (slipped && !wasTold(request.routeOptions.url ?? ''))
      log.warn({ requestId: request.id, error }, 'a value was refused where it was used');
    setFixedHeaders(request, reply);
    reply.code(known.status);
    if (known.status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS);
    if (known.status === 429) reply.header('retry-after', 60);
    const description = known.status === 500 ? 'something went wrong' : known.message;
    return sendError(
      request,
      reply,
      {
        status: known.status,
        error: known.status === 500 ? 'server_error' : known.code,
        description,
        requestId: request.id,
      },
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
    if (request.is404 ? routeAt(routes, request)?.oauth : request.routeOptions.config?.oauth) {
      return reply.send({ error: OAUTH_CODES[error.status] ?? error.error, error_description: error.description });
    }
    if (/\btext\/html\b/.test(request.headers.accept ?? '')) {
      return reply.type('text/html; charset=utf-8').send(options.renderError(error, request));
    }
    return reply.send({ error: error.error, error_description: error.description, request_id: error.requestId });
  }

  return app;
}

function secureContext({ cert, key, asksForCertificates, authorities }: TlsListener) {
  if (!asksForCertificates) return { cert, key };
  return {
    cert,
    key,
    requestCert: true,
    rejectUnauthorized: false,
    ...(authorities.length > 0 ? { ca: [...authorities] } : {}),
  };
}

/** A line about what anybody can cause is for the operator to know of, not to drown in. */
const TELL_EVERY_MS = 60_000;

/** Errors that need no log line of their own: an outage is logged once elsewhere, and a function that we do not offer is no fault. */
const EXPECTED: ReadonlySet<number> = new Set([501, 502, 503]);

/** RFC 9112 §3.2: HTTP/1.1 has one Host; two are for somebody in front of us and somebody behind. */
function hasHost({ raw: { rawHeaders, httpVersion } }: FastifyRequest): boolean {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  return count === 1 || (count === 0 && httpVersion === '1.0');
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

interface KnownRoute {
  readonly methods: Set<string>;
  readonly oauth: boolean;
}

/** The route of a path, whatever the method; parameters stand for one segment. */
function routeAt(routes: ReadonlyMap<string, KnownRoute>, request: FastifyRequest): KnownRoute | undefined {
  const path = request.url.replace(/^https?:\/\/[^/]*/i, '').split('?', 1)[0] ?? '';
  const segments = path.split('/');
  for (const [pattern, route] of routes) {
    const wanted = pattern.split('/');
    const fits = wanted.every((one, i) => one === segments[i] || (one.startsWith(':') && segments[i] !== ''));
    if (fits && wanted.length === segments.length) return route;
  }
  return undefined;
}

/** Fastify's own errors (malformed bodies, wrong media types…) are the sender's fault when they say so. */
function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const fault = faultOfSender(error);
  if (fault) return fault;
  const { statusCode } = error as { statusCode?: unknown };
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return new AppError(CLIENT_ERRORS[statusCode] ?? 'invalid_request', 'the request could not be understood', {
      cause: error,
      status: statusCode,
    });
  }
  return new AppError('server_error', 'something went wrong', { cause: error });
}

const CLIENT_ERRORS: Readonly<Record<number, ErrorCode>> = {
  408: 'request_timeout',
  413: 'request_too_large',
  414: 'uri_too_long',
  415: 'unsupported_media_type',
  429: 'rate_limited',
  431: 'headers_too_large',
};

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Errors are answered as RFC 6749 §5.2 JSON rather than as a page. */
    oauth?: boolean;
    /** Fetched so often, and saying so little, that a line for each is for debugging alone. */
    quiet?: boolean;
    /**
     * How the route answers, if not by its reply: on the raw response, where the fixed headers are then set already, or
     * with a head of its own, which has them.
     */
    answered?: 'raw' | 'head';
  }
}
