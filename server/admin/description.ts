import { isDeepStrictEqual } from 'node:util';
import swagger from '@fastify/swagger';
import Fastify, { type FastifySchema } from 'fastify';
import type { TObject } from 'typebox';
import { API_PATH } from '../operations/api_resource.ts';
import { permissionsOf } from '../operations/full_reads.ts';
import { changesSomething } from '../operations/operation.ts';
import { NOUNS, type Noun, scopeOf } from '../operations/permissions.ts';
import { AppError, ERROR_STATUSES, type ErrorCode } from '../platform/errors.ts';
import type { Issuer } from '../platform/issuer.ts';
import { type OpenApi, type Operation, operationsOf, type Response, type Schema } from '../platform/openapi.ts';
import { PROBLEM_TYPE, problemOf } from '../platform/problems.ts';
import { DEPRECATED, type Deprecations } from './deprecation.ts';
import { answersEtag, HEADERS, preconditionOf } from './headers.ts';
import type { CONTROLS } from './query.ts';
import { ROUTES, type Route } from './routes.ts';
import { LINES_TYPE } from './streams.ts';

export interface DescriptionOptions {
  readonly issuer: Pick<Issuer, 'identifier' | 'url'>;
  readonly version: string;
  /** Default: all. */
  readonly routes?: readonly Route[];
  readonly deprecated?: Deprecations;
}

/** The description of the admin API (OpenAPI 3.1), from the schemas by which its operations check what they get. */
export async function adminDocument({
  issuer,
  version,
  routes = ROUTES,
  deprecated = DEPRECATED,
}: DescriptionOptions): Promise<OpenApi> {
  const server = issuer.url(API_PATH);
  const app = Fastify();
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => () => '');
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.1',
      info: { title: 'Cardea: admin API', version, description: DESCRIPTION },
      servers: [{ url: server }],
      tags: tagsOf(routes),
      components: { securitySchemes: SECURITY_SCHEMES },
    },
  });
  for (const route of routes) {
    const { method, path, operation } = route;
    app.route({
      method,
      url: new URL(server).pathname + path,
      exposeHeadRoute: false,
      schema: schemaOf(route, Object.hasOwn(deprecated, operation.name)),
      handler: () => '',
    });
  }
  await app.ready();
  const document = JSON.parse(JSON.stringify(app.swagger())) as OpenApi;
  await app.close();
  return completed(document, routes, issuer.identifier);
}

const DESCRIPTION = `What operators do, over HTTP. The access token is one of this server for the resource \`<issuer>${API_PATH}\`; each operation needs the scope that it names.

Bodies are JSON and have no unknown members. Lists have pages: \`next\` and the header \`Link\` lead to the next one. A change of what has an \`ETag\` needs it as \`If-Match\`, a POST may be repeated with its \`Idempotency-Key\`, and \`dryRun=true\` says what would happen. Errors are problems (RFC 9457), whose \`type\` is a page.`;

const SECURITY_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer', description: 'An access token (RFC 6750 section 2.1).' },
  dpop: { type: 'http', scheme: 'DPoP', description: 'An access token that is bound to a key (RFC 9449).' },
} as const;

const nounOf = ({ operation }: Route): string => operation.name.split('.', 1)[0] ?? '';

function tagsOf(routes: readonly Route[]): { name: string; description: string }[] {
  return [...new Set(routes.map(nounOf))].map((name) => ({ name, description: NOUNS[name as Noun] ?? '' }));
}

const text = { type: 'string' };
const flag = { type: 'boolean' };
const described = (name: keyof typeof HEADERS) => ({ [name]: HEADERS[name] });

const CONTROL_PARAMETERS: Readonly<Record<(typeof CONTROLS)[number], Schema>> = {
  dryRun: { ...flag, description: 'Says what would happen, and changes nothing.' },
  force: { ...flag, description: 'Also changes what the configuration file manages.' },
};

/** What @fastify/swagger makes an operation of. */
function schemaOf(route: Route, deprecated: boolean): FastifySchema {
  const { operation, method, versioned = false, location } = route;
  const { name, summary, description, kind, schemas } = operation;
  const changes = kind === 'change';
  const streams = kind === 'stream';
  const controls = changes
    ? CONTROL_PARAMETERS
    : changesSomething(operation)
      ? { dryRun: CONTROL_PARAMETERS.dryRun }
      : {};
  const scopes = permissionsOf(operation).map(scopeOf);
  const query = schemas.query as TObject | undefined;
  const members: object = (schemas.output as Partial<TObject>).properties ?? {};
  const hasEtag = answersEtag(route) && ('version' in members || 'etag' in members);
  const headers = {
    ...(changes && versioned ? described('If-Match') : {}),
    ...(!changes && versioned ? described('If-None-Match') : {}),
    ...(method === 'POST' && changes ? described('Idempotency-Key') : {}),
    ...(changesSomething(operation) ? described('Prefer') : {}),
  };
  return {
    operationId: name,
    tags: [name.split('.', 1)[0] ?? ''],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(deprecated ? { deprecated } : {}),
    security: [{ bearer: scopes }, { dpop: scopes }],
    ...(schemas.params ? { params: schemas.params } : {}),
    querystring: {
      type: 'object',
      properties: { ...query?.properties, ...controls },
      required: query?.required ?? [],
    },
    headers: {
      type: 'object',
      properties: headers,
      required: changes && preconditionOf(route) === 'needed' ? ['If-Match'] : [],
    },
    ...(schemas.body ? { body: schemas.body, consumes: [typeOf(operation)] } : {}),
    response: {
      [location ? 201 : 200]: {
        description: streams ? 'Lines, each of this form.' : 'Done.',
        headers: {
          ...(hasEtag ? { ETag: { ...text, description: 'For the `If-Match` of a change.' } } : {}),
          ...(location ? { Location: { ...text, description: 'Where it is.' } } : {}),
          ...(schemas.query && 'cursor' in (query?.properties ?? {})
            ? { Link: { ...text, description: 'The next page, as `next` (RFC 8288).' } }
            : {}),
        },
        content: { [answerTypeOf(route)]: { schema: route.file ? FILE : schemas.output } },
      },
    },
  };
}

/** Bytes have no schema of their own in OpenAPI 3.1 (§4.7.14.4). */
const FILE: Schema = { type: 'string', contentMediaType: 'application/zip' };

/** The media type of an answer, which may be a file. */
const answerTypeOf = ({ operation, file }: Route) => file?.type ?? typeOf(operation);

/** The media type of bodies and results. The schema of a stream is that of each line. */
const typeOf = ({ kind }: Pick<Route['operation'], 'kind'>) => (kind === 'stream' ? LINES_TYPE : 'application/json');

/** Examples and errors, which @fastify/swagger does not know, and one place for each schema that has a name. */
function completed(document: OpenApi, routes: readonly Route[], issuer: string): OpenApi {
  const byName = new Map(routes.map((route) => [route.operation.name, route]));
  const schemas: Record<string, Schema> = { Problem: PROBLEM };
  for (const { operation } of operationsOf(document)) {
    const route = byName.get(operation.operationId ?? '');
    if (route) complete(operation, route);
  }
  const paths = hoisted(document.paths, schemas) as OpenApi['paths'];
  return {
    ...document,
    paths,
    components: { ...document.components, schemas: sorted(schemas), responses: errorResponses(issuer) },
  };
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

function complete(operation: Mutable<Operation>, route: Route): void {
  const { input = {}, output } = route.operation.example as {
    input?: { body?: unknown; params?: Readonly<Record<string, unknown>> };
    output: Readonly<Record<string, unknown>>;
  };
  const patches = route.method === 'PATCH';
  const type = typeOf(route.operation);
  operation.parameters = (operation.parameters ?? []).map((one) => {
    // The example of a parameter is the member of that name in the example of the answer, unless the operation has one.
    const example = one.in === 'path' ? (input.params?.[one.name] ?? output[one.name]) : undefined;
    return example === undefined ? one : { ...one, example };
  });
  if (operation.requestBody) {
    const media = { ...operation.requestBody.content[type], example: input.body };
    const types = patches ? [type, 'application/merge-patch+json'] : [type];
    const lines = type === LINES_TYPE ? { description: 'Lines, each of this form.' } : {};
    operation.requestBody = {
      ...lines,
      required: true,
      content: Object.fromEntries(types.map((type) => [type, media])),
    };
  }
  const responses = Object.entries(operation.responses ?? {}).map(([status, response]) => {
    const { content = {}, ...rest } = response as Response;
    const answerType = answerTypeOf(route);
    const media = { ...content[answerType], ...(route.file ? {} : { example: output }) };
    return [status, { ...rest, content: { [answerType]: media } }] as const;
  });
  const unchanged = !route.versioned || route.operation.kind === 'change' ? {} : { '304': NOT_MODIFIED };
  const own = (route.operation.errors ?? []).map((code: ErrorCode) => String(ERROR_STATUSES[code]));
  const errors = ERRORS.filter(({ status, applies }) => applies(route) || own.includes(status)).map(
    ({ status }) => [status, refTo(status)] as const,
  );
  operation.responses = {
    ...Object.fromEntries(responses),
    ...unchanged,
    ...Object.fromEntries(errors),
    default: refTo('default'),
  };
}

const NOT_MODIFIED: Response = { description: 'Unchanged since the ETag of `If-None-Match`.' };

const always = () => true;
const changing = ({ operation }: Route) => operation.kind === 'change';
const stored = (route: Route) => changing(route) && route.method !== 'POST' && route.versioned === true;
/** A body is read of each, also where none belongs. */
const withBody = ({ method }: Route) => method !== 'GET';
const streaming = ({ operation }: Route) => operation.kind === 'stream';

/** Which errors an operation can have: a status, the code of its example, and what it is about. */
const ERRORS: readonly { status: string; code: ErrorCode; description: string; applies(route: Route): boolean }[] = [
  {
    status: '400',
    code: 'invalid_input',
    description: 'A value is not allowed: `errors` names each.',
    applies: always,
  },
  { status: '401', code: 'invalid_token', description: 'The access token is missing or not valid.', applies: always },
  {
    status: '403',
    code: 'insufficient_scope',
    description: 'The token, or who it is of, may not do this.',
    applies: always,
  },
  {
    status: '404',
    code: 'not_found',
    description: 'There is no such thing.',
    // A body can name something as well, such as the client whose tokens are revoked.
    applies: ({ operation: { schemas } }) => schemas.params !== undefined || schemas.body !== undefined,
  },
  { status: '406', code: 'not_acceptable', description: '`Accept` excludes JSON.', applies: always },
  {
    status: '409',
    code: 'conflict',
    description: 'It contradicts what is stored, or a file manages it.',
    applies: changing,
  },
  { status: '412', code: 'precondition_failed', description: 'It was changed since it was read.', applies: changing },
  {
    status: '413',
    code: 'request_too_large',
    description: 'The body is too large.',
    applies: (route) => withBody(route) && !streaming(route),
  },
  { status: '415', code: 'unsupported_media_type', description: 'The body is not JSON.', applies: withBody },
  {
    status: '422',
    code: 'idempotency_key_reused',
    description: 'The `Idempotency-Key` was sent with another request.',
    applies: (route) => route.method === 'POST' && !streaming(route),
  },
  { status: '428', code: 'precondition_required', description: '`If-Match` is missing.', applies: stored },
  { status: '429', code: 'rate_limited', description: 'Too many requests: see `Retry-After`.', applies: always },
  {
    status: '502',
    code: 'backup_storage',
    description: 'Another server that it needs, such as the storage of backups, has refused or failed.',
    // Only the operations that name such an error have it.
    applies: () => false,
  },
  {
    status: '503',
    code: 'temporarily_unavailable',
    description: 'A part of the server is down: see `Retry-After`.',
    applies: always,
  },
  { status: 'default', code: 'server_error', description: 'Any other error.', applies: always },
];

const refTo = (status: string) => ({ $ref: `#/components/responses/Problem_${status}` });

function errorResponses(issuer: string): Record<string, Response> {
  return Object.fromEntries(
    ERRORS.map(({ status, code, description }) => {
      const field = code === 'invalid_input' ? { field: 'name' } : {};
      const error = new AppError(code, description.replaceAll('`', ''), field);
      const example = problemOf(error, { requestId: '0197f3c2-9d1e-7b44-a1c0-5d2f0c1e8a77', issuer });
      return [
        `Problem_${status}`,
        { description, content: { [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' }, example } } },
      ];
    }),
  );
}

const PROBLEM: Schema = {
  type: 'object',
  description: 'RFC 9457 section 3.',
  properties: {
    type: { type: 'string', format: 'uri', description: 'The page of the error code: programs compare it.' },
    title: { type: 'string', description: 'What happened, the same for each error of this type.' },
    status: { type: 'integer', description: 'The status of the response.' },
    detail: { type: 'string', description: 'What happened this time.' },
    errors: {
      type: 'array',
      description: 'Each wrong value.',
      items: {
        type: 'object',
        properties: {
          pointer: { type: 'string', description: 'Its place in the body: a JSON Pointer (RFC 6901).' },
          parameter: { type: 'string', description: 'Or the name of a parameter or a header.' },
          detail: { type: 'string', description: 'What is wrong with it.' },
          rule: { type: 'string', description: 'Of a password: the rule of the policy that it broke.' },
        },
        required: ['detail'],
      },
    },
    request_id: { type: 'string', description: 'What the log of the server calls this request.' },
  },
  required: ['type', 'title', 'status', 'detail', 'request_id'],
};

/** A title that can be the name of a type. */
const NAME = /^[A-Z][A-Za-z]+$/;

/** Schemas that have a name are moved to the components. Two that differ must not share one. */
function hoisted(value: unknown, schemas: Record<string, Schema>): unknown {
  if (Array.isArray(value)) return value.map((one) => hoisted(one, schemas));
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(
    Object.entries(value).map(([key, child]) => [key, key === 'example' ? child : hoisted(child, schemas)]),
  );
  const { title } = copy;
  if (copy.type !== 'object' || typeof title !== 'string' || !NAME.test(title)) return copy;
  schemas[title] ??= copy;
  return isDeepStrictEqual(schemas[title], copy)
    ? { $ref: `#/components/schemas/${title}` }
    : { ...copy, title: undefined };
}

function sorted(schemas: Readonly<Record<string, Schema>>): Record<string, Schema> {
  return Object.fromEntries(Object.entries(schemas).toSorted(([a], [b]) => a.localeCompare(b)));
}
