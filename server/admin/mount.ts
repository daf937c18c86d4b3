import { createRequire } from 'node:module';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { API_PATH } from '../operations/api_resource.ts';
import type { Call, InputOf, Operation, Schemas } from '../operations/operation.ts';
import type { Runner } from '../operations/run.ts';
import { AppError, invalidInput, invalidParameter } from '../platform/errors.ts';
import { sendFile } from '../platform/forms.ts';
import type { Issuer } from '../platform/issuer.ts';
import type { Logger } from '../platform/log.ts';
import { PROBLEM_TYPE } from '../platform/problems.ts';
import { type CallerOptions, type Callers, challengeDenied, createCallers } from './callers.ts';
import { allowOrigins, preflightHandler } from './cross_origin.ts';
import { DEPRECATED, type Deprecations, deprecationHeaders } from './deprecation.ts';
import {
  answersEtag,
  dryRunAsked,
  etagOf,
  idempotencyKeyOf,
  ifMatchOf,
  isFresh,
  originOf,
  preconditionOf,
} from './headers.ts';
import { CONTROLS, controlsOf, inQuery, operationQuery, pickFields } from './query.ts';
import { ROUTES, type Route } from './routes.ts';
import { acceptLines, createStreamHandlers, LINES_TYPE, STREAM_LIMITS, type StreamLimits } from './streams.ts';

export interface AdminOptions extends CallerOptions {
  readonly issuer: Pick<Issuer, 'path'>;
  readonly runner: Runner;
  readonly log: Pick<Logger, 'error'>;
  /** Default: all. */
  readonly routes?: readonly Route[];
  /** The origins whose scripts may call it; default: none. */
  readonly origins?: readonly string[];
  /** Default: those of this version. */
  readonly deprecated?: Deprecations;
  readonly streams?: StreamLimits;
}

// Loaded by the first response, since it has hundreds of modules, and most processes answer none.
const require = createRequire(import.meta.url);

type Output = Readonly<Record<string, unknown>>;

/** The HTTP API for operators: a thin face of `operations/`. */
export async function mountAdmin(app: FastifyInstance, options: AdminOptions): Promise<void> {
  app.removeAllContentTypeParsers();
  // RFC 7396 has a media type of its own, which few tools send.
  const parseJson = app.getDefaultJsonParser('error', 'error');
  for (const type of ['application/json', 'application/merge-patch+json']) {
    app.addContentTypeParser<string>(type, { parseAs: 'string' }, (request, body, done) => {
      // Many programs send the type with every POST. Where a body is needed, the schema says so.
      if (body === '') done(null, undefined);
      else void parseJson(request, body, (error, value) => done(error && notJson(error), value));
    });
  }
  app.addContentTypeParser('*', (_request, _body, done) => done(new AppError('unsupported_media_type', NOT_READ)));
  // The runner validates: once, and in the same way for the command line.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  const { routes = ROUTES, origins = [] } = options;
  allowOrigins(app, origins);
  const callers = createCallers(options);
  const stopping = new AbortController();
  app.addHook('preClose', (done) => {
    stopping.abort();
    done();
  });
  const shared = { options, callers, stopping: stopping.signal };
  for (const route of routes) mountRoute(app, route, shared);
  await mountStreams(app, routes, shared);
  if (origins.length > 0) mountPreflights(app, routes);
}

/** Programs such as curl send the type of a form unless they are told otherwise. */
const PATCH_TYPES = 'application/merge-patch+json, application/json';
const NOT_READ = 'Content-Type: must be application/json, also application/merge-patch+json for PATCH';

const notJson = (cause: Error) => new AppError('invalid_request', 'the body cannot be read as JSON', { cause });

function mountPreflights(app: FastifyInstance, routes: readonly Route[]): void {
  for (const path of new Set(routes.map((route) => route.path))) {
    const methods = routes.filter((route) => route.path === path).map(({ method }) => method);
    app.options(API_PATH + path, preflightHandler(methods));
  }
}

/** The parts that all routes share. */
function commonOf({ operation, method, path }: Route, { deprecated = DEPRECATED }: AdminOptions, callers: Callers) {
  const deprecation = Object.hasOwn(deprecated, operation.name) ? deprecated[operation.name] : undefined;
  return {
    method,
    url: `${API_PATH}${path}`,
    exposeHeadRoute: method === 'GET' && operation.kind === 'read',
    async onRequest(request: FastifyRequest, reply: FastifyReply) {
      if (method === 'PATCH') reply.header('accept-patch', PATCH_TYPES); // RFC 5789 §2.2
      if (deprecation) reply.headers(deprecationHeaders(deprecation));
      await callers.identify(request, reply);
    },
  };
}

interface Shared {
  readonly options: AdminOptions;
  readonly callers: Callers;
  /** Aborted when the server stops. */
  readonly stopping: AbortSignal;
}

async function mountStreams(
  app: FastifyInstance,
  routes: readonly Route[],
  { options, callers, stopping }: Shared,
): Promise<void> {
  const { runner, log, streams: limits = STREAM_LIMITS } = options;
  const handlerOf = createStreamHandlers({ runner, log, callers, limits, stopping });
  await app.register(async (streams) => {
    acceptLines(streams);
    for (const route of routes) {
      if (route.operation.kind !== 'stream') continue;
      streams.route({
        ...commonOf(route, options, callers),
        config: { produces: [LINES_TYPE, PROBLEM_TYPE], ...linesOf(route.operation) },
        handler: handlerOf(route.operation),
      });
    }
  });
}

function linesOf({ schemas }: Operation): { readonly lines?: string } {
  const { title } = (schemas.body ?? {}) as { readonly title?: string };
  return title === undefined ? {} : { lines: title };
}

function mountRoute(app: FastifyInstance, route: Route, { options, callers, stopping }: Shared): void {
  const { issuer, runner } = options;
  const { operation, method, location } = route;
  if (operation.kind === 'stream') return;
  const changes = operation.kind === 'change';
  const precondition = preconditionOf(route);
  const placed = (error: unknown) => (operation.schemas.body ? error : inQuery(error));
  const picked = (request: FastifyRequest, shown: Output) => {
    try {
      return pickFields(operation.schemas.output, shown, fieldsIn(method === 'GET' ? request.query : request.body));
    } catch (error) {
      throw placed(error);
    }
  };
  app.route({
    ...commonOf(route, options, callers),
    async handler(request, reply) {
      const actor = callers.callerOf(request);
      const query = request.query as Readonly<Record<string, unknown>>;
      const { dryRun, force } = changes ? controlsOf(query) : { dryRun: false, force: false };
      const asks = dryRun || (changes && dryRunAsked(request.headers.prefer));
      const ifMatch = changes ? ifMatchOf(request.headers['if-match'], precondition) : undefined;
      const call: Call = {
        actor,
        actorNow: actor.again,
        stopping,
        requestId: request.id,
        from: originOf(request, actor.owner),
        dryRun: asks,
        force,
        ifMatch,
        idempotencyKey: method === 'POST' ? idempotencyKeyOf(request.headers['idempotency-key']) : undefined,
      };
      if (route.file && request.headers['idempotency-key'] !== undefined)
        throw invalidParameter('Idempotency-Key', 'is not possible here: the file would be stored');
      const output = (await runner
        .run(operation, inputOf(operation.schemas, request, query), call)
        .catch(challengeDenied(reply, actor, operation))
        .catch((error: unknown) => {
          throw placed(error);
        })) as Output;
      if (asks) reply.header('preference-applied', 'handling=dry-run');
      const etag = answersEtag(route) ? etagOf(output) : undefined;
      if (etag !== undefined) reply.header('etag', etag);
      if (!changes && isFresh(request.headers['if-none-match'], etag)) return reply.code(304).send();
      if (typeof output.next === 'string' && method === 'GET')
        addLink(reply, `<${nextPage(request, output.next)}>; rel="next"`);
      if (location) reply.code(201).header('location', issuer.path(API_PATH + location(output)));
      if (route.file) {
        const { member, name, type } = route.file;
        return sendFile(reply, { name, type, body: Buffer.from(String(output[member]), 'base64') });
      }
      const { Clean } = require('typebox/value') as typeof import('typebox/value');
      const shown = Clean(operation.schemas.output, structuredClone(output)) as Output;
      return reply.type('application/json; charset=utf-8').send(JSON.stringify(picked(request, shown)));
    },
  });
}

function inputOf(
  schemas: Schemas,
  request: FastifyRequest,
  query: Readonly<Record<string, unknown>>,
): InputOf<Schemas> {
  return {
    params: schemas.params ? request.params : undefined,
    query: operationQuery(schemas.query, query, CONTROLS),
    body: schemas.body ? request.body : withoutBody(request.body),
  } as InputOf<Schemas>;
}

const fieldsIn = (asked: unknown): unknown => (asked as { readonly fields?: unknown } | undefined)?.fields;

/** Refuses a value that would be ignored, as it refuses an unknown member. @throws AppError 400 */
function withoutBody(body: unknown): undefined {
  const [name] = typeof body === 'object' && body !== null ? Object.keys(body) : ['body'];
  if (body === undefined || name === undefined) return undefined;
  throw invalidInput(name.slice(0, 100), 'is not known here: this operation has no body');
}

/** Beside the links that the response has already (RFC 8288 §3). */
function addLink(reply: FastifyReply, link: string): void {
  const before = reply.getHeader('link');
  reply.header('link', before === undefined ? link : `${before}, ${link}`);
}

/** The URL of this request with the cursor of the next page (RFC 8288). */
function nextPage({ url }: FastifyRequest, cursor: string): string {
  const [path = '', query = ''] = url.split('?', 2);
  const parameters = new URLSearchParams(query);
  parameters.set('cursor', cursor);
  return `${path}?${parameters}`;
}
