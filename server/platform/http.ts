import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { addressTest } from './addresses.ts';
import { Challenged } from './challenged.ts';
import { systemClock } from './clock.ts';
import { boundConnections } from './connections.ts';
import { EXPOSED_HEADERS } from './cors.ts';
import { AppError, type ErrorCode, faultOfSender } from './errors.ts';
import { createForwardedWatch } from './forwarded.ts';
import { type Issuer, isBelow } from './issuer.ts';
import type { Logger } from './log.ts';
import type { Probe } from './probe.ts';
import { accepts, PROBLEM_TYPE, problemOf } from './problems.ts';
import { retryHeaders } from './rate_limit_headers.ts';
import { createRawResponses } from './raw_responses.ts';
import { createRecently } from './recently.ts';
import type { RequestContext } from './request_context.ts';
import { hasHost, isEncoded } from './request_headers.ts';
import { beginSpan } from './request_span.ts';
import { createRequestStats, NO_ROUTE, type RequestStats } from './request_stats.ts';
import { pathOf, type RouteEntry, routeAt } from './route_table.ts';
import { secureContext, type TlsListener } from './tls_listener.ts';
import type { RequestSpan, Tracing } from './tracing.ts';

export interface HttpOptions {
  readonly log: Logger;
  readonly secure: boolean;
  /** Default: one without a path; the `type` of a problem is then a path. */
  readonly issuer?: Pick<Issuer, 'identifier' | 'basePath'>;
  readonly trustedProxies: readonly string[];
  /** Maximum number of open connections of one address that is not a trusted proxy. */
  readonly connectionsPerAddress?: number;
  readonly tls?: TlsListener | undefined;
  /** Default: see below. */
  readonly timeouts?: HttpTimeouts | undefined;
  readonly requestContext?: Pick<RequestContext, 'run'> | undefined;
  /** Undefined: no traces. */
  readonly tracing?: Pick<Tracing, 'request'> | undefined;
  /** Requests of `cardea doctor`. */
  readonly isProbe?: Probe['isProbe'];
  /** Counts responses. Default: its own, which nothing reads. */
  readonly requestStats?: Pick<RequestStats, 'counterOf'> | undefined;
  /** The page that a browser gets for an error. */
  renderError(error: PresentedError, request: FastifyRequest): string;
}

/** Maximum time for a request to arrive, in milliseconds. */
export interface HttpTimeouts {
  readonly headers: number;
  /** The complete request; at least `headers`. */
  readonly request: number;
  /** How often requests are checked: a late one is ended up to this much later. */
  readonly checkEvery: number;
}

const TIMEOUTS: HttpTimeouts = { headers: 15_000, request: 30_000, checkEvery: 5_000 };

export interface PresentedError {
  readonly status: number;
  readonly error: string;
  readonly description: string;
  readonly requestId: string;
}

/** A form of this server has a few hundred bytes; no request here needs more. */
const BODY_LIMIT = 64 * 1024;

/** While the server stops. */
const CLOSE_IDLE_MS = 50;

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

/** Headers of all responses, except the request id. */
export function fixedHeaders(secure: boolean): Readonly<Record<string, string>> {
  return secure ? { ...HEADERS, 'strict-transport-security': STRICT_TRANSPORT } : HEADERS;
}

/** The server, with what applies to all requests: id, address, headers, log line and errors. */
export function createHttp(options: HttpOptions): FastifyInstance {
  const { log, issuer: { identifier, basePath } = { identifier: '', basePath: '' } } = options;
  const isProxied = options.trustedProxies.length > 0;
  const headers = fixedHeaders(options.secure);
  const elsewhere = `there is nothing here: this server is at ${basePath}, and a proxy has to pass that path on`;
  const { requestStats = createRequestStats(), requestContext, tracing } = options;
  const isTrusted = addressTest(options.trustedProxies);
  const countUnrouted = requestStats.counterOf(NO_ROUTE);
  const rawResponses = createRawResponses({ log, headers, count: (status) => countUnrouted('', status, 0) });
  const wasLogged = createRecently({ everyMs: LOG_EVERY_MS, now: systemClock });
  const timeouts = options.timeouts ?? TIMEOUTS;
  const node = {
    headersTimeout: timeouts.headers,
    requestTimeout: timeouts.request,
    connectionsCheckingInterval: timeouts.checkEvery,
    // Fastify's own rejection has no body and no request id.
    requireHostHeader: false,
  };
  const watchForwarded = createForwardedWatch(options);
  /** Connections whose present request may arrive for longer than others. */
  const slow = new WeakSet<Duplex>();
  // Fastify's types distinguish a TLS server; the code here does not need to.
  const app = Fastify({
    ...(options.tls ? { https: { ...node, ...secureContext(options.tls) } } : { http: node }),
    bodyLimit: BODY_LIMIT,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    trustProxy: isProxied && [...options.trustedProxies],
    requestTimeout: timeouts.request,
    forceCloseConnections: 'idle',
    // A resource server is named by its URI, percent-encoded.
    routerOptions: { maxParamLength: 6_000 },
    // These requests reach no route, so no hook runs; without these handlers Fastify responds by itself and quotes the
    // URL.
    frameworkErrors(error, request, reply) {
      present(error, request, reply);
      countUnrouted(request.method, reply.statusCode, reply.elapsedTime);
      log.info({ requestId: request.id, route: NO_ROUTE, status: reply.statusCode, reason: error.code }, 'request');
    },
    clientErrorHandler: (error, socket) => {
      if (error.code !== 'ERR_HTTP_REQUEST_TIMEOUT' || !slow.has(socket)) rawResponses.refuseUnreadable(error, socket);
    },
  });
  boundConnections(app.server, {
    most: options.connectionsPerAddress ?? Number.POSITIVE_INFINITY,
    exempt: options.trustedProxies,
  });
  rawResponses.attach(app.server);
  const routes = new Map<string, RouteEntry>();

  app.decorate('routeTable', routes);
  app.decorate('allowSlowBody', ({ raw }) => {
    slow.add(raw.socket);
    raw.once('close', () => slow.delete(raw.socket));
  });
  app.decorateRequest('languages', '');
  app.decorateRequest('span', undefined);

  app.addHook('onRoute', (route) => {
    const entry = routes.get(route.url) ?? { methods: new Set(), oauth: route.config?.oauth ?? false };
    for (const method of [route.method].flat()) entry.methods.add(method);
    routes.set(route.url, entry);
    if (isBelow(`${basePath}/api`, route.url))
      route.onRequest = [refuseUnacceptable(route.config?.produces ?? API_TYPES), ...[route.onRequest ?? []].flat()];
    const count = requestStats.counterOf(route.url);
    const isLogged = !route.config?.quiet || log.isLevelEnabled('debug');
    // Listening for the end of a response would cost part of the time of a prepared document.
    if (route.config?.responseMode === 'own_headers' && !isLogged) {
      const { handler } = route;
      route.handler = function (request, reply) {
        const sent = handler.call(this, request, reply);
        const note = () => count(request.method, reply.raw.statusCode, reply.elapsedTime);
        if (sent instanceof Promise) return sent.then(note);
        note();
        return sent;
      };
      return;
    }
    route.onResponse = [
      (request, reply, done) => {
        count(request.method, reply.statusCode, reply.elapsedTime);
        if (isLogged) logRequest(request, reply);
        done();
      },
      ...[route.onResponse ?? []].flat(),
    ];
    // A prepared document sends no statement. Not `onRequest`: reading a body loses the context.
    if (requestContext && route.config?.responseMode !== 'own_headers')
      route.preValidation = [
        (request, _reply, done) => {
          const { span } = request;
          requestContext.run(request.id, span ? () => span.run(done) : done);
        },
        ...[route.preValidation ?? []].flat(),
      ];
  });

  // A connection that has a request when the server stops would stay open after the response, for as long as any is kept alive.
  app.addHook('preClose', (done) => {
    if (app.server.listening) {
      const closing = setInterval(() => app.server.closeIdleConnections(), CLOSE_IDLE_MS);
      app.server.once('close', () => clearInterval(closing));
    }
    done();
  });

  // A callback instead of a promise: this runs for every request, also for the fastest.
  app.addHook('onRequest', (request, reply, done) => {
    const responseMode = request.routeOptions.config?.responseMode;
    if (responseMode === undefined) setFixedHeaders(request, reply);
    else if (responseMode === 'raw') setRawHeaders(request, reply);
    watchForwarded(request.raw);
    if (tracing) request.span = beginSpan(tracing, isTrusted, request, reply);
    // Before the body is read: the content of a request to an unknown path does not matter.
    if (request.is404) return done(unrouted(request, reply));
    if (isEncoded(request)) {
      reply.header('accept-encoding', 'identity'); // RFC 9110 §15.5.16
      return done(new AppError('unsupported_media_type', 'Content-Encoding: send the body without compression'));
    }
    if (!hasHost(request)) return done(new AppError('invalid_request', 'Host must be sent, and once'));
    // The address that a proxy forwards must be valid, or no limit by address works. A client that has disconnected has
    // none either.
    if (isProxied ? isIP(request.ip) !== 0 : request.ip) return done();
    return done(new AppError('invalid_forwarded_address', 'X-Forwarded-For is malformed'));
  });

  app.setErrorHandler((error, request, reply) => {
    present(error, request, reply);
    if (request.is404) {
      countUnrouted(request.method, reply.statusCode, reply.elapsedTime);
      logRequest(request, reply);
    }
    return reply;
  });

  /** One line for each request. */
  function logRequest(request: FastifyRequest, reply: FastifyReply): void {
    const { config, url } = request.routeOptions;
    log[config?.quiet ? 'debug' : 'info'](
      {
        requestId: request.id,
        method: request.method,
        // The route, not the URL: URLs contain codes, states and hints.
        route: url ?? NO_ROUTE,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
      },
      'request',
    );
  }

  function setFixedHeaders(request: FastifyRequest, reply: FastifyReply): void {
    reply.header('x-request-id', request.id).headers(headers);
  }

  function setRawHeaders(request: FastifyRequest, reply: FastifyReply): void {
    reply.raw.setHeader('x-request-id', request.id);
    for (const name in headers) reply.raw.setHeader(name, headers[name] as string);
  }

  /** 404, or 405 with the methods that the path supports (RFC 9110 §15.5.6). */
  function unrouted(request: FastifyRequest, reply: FastifyReply): AppError {
    const allowed = routeAt(routes, request)?.methods;
    if (!allowed)
      return new AppError('not_found', isBelow(basePath, request.url) ? 'there is nothing here' : elsewhere);
    reply.header('allow', [...allowed].sort().join(', '));
    return new AppError('method_not_allowed', `${request.method} is not possible here`);
  }

  function present(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const appError = toAppError(error);
    if (!EXPECTED.has(appError.status) && appError.status >= 500)
      log.error({ requestId: request.id, error }, 'a request failed');
    const fault = faultOfSender(appError);
    if (fault && !wasLogged(request.routeOptions.url ?? ''))
      log.warn({ requestId: request.id, error }, 'a value was refused where it was used');
    setFixedHeaders(request, reply);
    reply.code(appError.status);
    if (appError instanceof Challenged) reply.headers(appError.headers);
    reply.headers(retryHeaders(appError));
    if (isApi(request)) {
      return reply.type(PROBLEM_TYPE).send(problemOf(appError, { requestId: request.id, issuer: identifier }));
    }
    return sendError(request, reply, {
      status: appError.status,
      error: appError.status === 500 ? 'server_error' : appError.code,
      description: appError.status === 500 ? 'something went wrong' : appError.message,
      requestId: request.id,
    });
  }

  /** True at and below `/api`, where errors are problems (RFC 9457). */
  function isApi(request: FastifyRequest): boolean {
    return isBelow(`${basePath}/api`, pathOf(request));
  }

  function sendError(request: FastifyRequest, reply: FastifyReply, error: PresentedError): FastifyReply {
    if (request.is404 ? routeAt(routes, request)?.oauth : request.routeOptions.config?.oauth) {
      // Errors of the edge come before any client is known, and say nothing about one.
      reply.header('access-control-allow-origin', '*').header('access-control-expose-headers', EXPOSED_HEADERS);
      return reply.send({ error: OAUTH_CODES[error.status] ?? error.error, error_description: error.description });
    }
    if (/\btext\/html\b/.test(request.headers.accept ?? '')) {
      return reply.type('text/html; charset=utf-8').send(options.renderError(error, request));
    }
    return reply.send({ error: error.error, error_description: error.description, request_id: error.requestId });
  }

  return app;
}

/** Any client can cause these lines, so they are limited: the operator should see them without being flooded. */
const LOG_EVERY_MS = 60_000;

/**
 * Errors without a log line of their own: an outage is logged once elsewhere, and an unsupported method is not an error
 * of the server.
 */
const EXPECTED: ReadonlySet<number> = new Set([501, 502, 503]);

/** RFC 6749 §5.2 has few codes. */
const OAUTH_CODES: Readonly<Record<number, string>> = {
  400: 'invalid_request',
  413: 'invalid_request',
  415: 'invalid_request',
  429: 'temporarily_unavailable',
  500: 'server_error',
  503: 'temporarily_unavailable',
};

/** Fastify's own errors (malformed bodies, wrong media types…) are errors of the sender when their status says so. */
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

/** RFC 9110 §15.5.7. The error itself is a problem all the same. */
function refuseUnacceptable(types: readonly string[]) {
  return ({ headers }: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void =>
    accepts(headers.accept, types)
      ? done()
      : done(new AppError('not_acceptable', `Accept: the response is one of ${types.join(', ')}`));
}

/** What a route of the API responds with, unless it says otherwise. */
const API_TYPES: readonly string[] = ['application/json', PROBLEM_TYPE];

const CLIENT_ERRORS: Readonly<Record<number, ErrorCode>> = {
  408: 'request_timeout',
  413: 'request_too_large',
  414: 'uri_too_long',
  415: 'unsupported_media_type',
  429: 'rate_limited',
  431: 'headers_too_large',
};

declare module 'fastify' {
  interface FastifyInstance {
    /** The methods of every path, as it was registered. */
    readonly routeTable: ReadonlyMap<string, { readonly methods: ReadonlySet<string> }>;
    /** The body of this request may arrive for any time: the handler bounds it. */
    allowSlowBody(request: FastifyRequest): void;
  }
  interface FastifyRequest {
    /** Undefined where traces are off. */
    span: RequestSpan | undefined;
  }
  interface FastifyContextConfig {
    /** Errors become RFC 6749 §5.2 JSON instead of a page. */
    oauth?: boolean;
    /** For a path below `/api`: the media types of its responses; default: JSON. A request that accepts none of them is 406. */
    produces?: readonly string[];
    /** For a path below `/api`: the schema of each line of its body, by its title in the description of the API. */
    lines?: string;
    /** Requested often and without much information: logged at debug only. */
    quiet?: boolean;
    /**
     * How the route responds if not through Fastify's reply. `raw`: on the raw response, on which the fixed headers are
     * set beforehand; `own_headers`: with prepared headers, which include the fixed ones.
     */
    responseMode?: 'raw' | 'own_headers';
  }
}
