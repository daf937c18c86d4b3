import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import { AppError } from '../platform/errors.ts';
import type { Limits } from '../platform/limits.ts';
import type { Units } from '../records/unit.ts';
import type { ClientCertificates } from './client_certificates.ts';
import { normalizeHeaders, refuseRepeatedAuthorization } from './client_quirks.ts';
import { pinnedHeaders } from './provider.ts';
import { ROUTES } from './routes.ts';
import { type Document, isKnown, type Serving } from './serving.ts';
import { admitUserCode, settleUserCode, type UserCodeLimits } from './user_code_admission.ts';

export interface MountOptions {
  readonly issuer: URL;
  readonly units: Units;
  readonly serving: Serving;
  /** Counts failed client authentications by address. */
  readonly limits: Limits;
  readonly userCodeLimits: UserCodeLimits;
  readonly certificates: ClientCertificates;
  /** @throws AppError 503 when this node may have missed that its key was withdrawn */
  assertCanSign(): void;
}

/** oidc-provider reads bodies up to 56 KiB and calls anything longer a parse error. */
const BODY_LIMIT = 56 * 1024;

const WELL_KNOWN = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'];

/** Method and path of all that the provider serves. */
const MOUNTED: readonly (readonly [HTTPMethods[], string])[] = [
  [['GET'], ROUTES.authorization],
  [['GET'], `${ROUTES.authorization}/:uid`],
  [['POST', 'OPTIONS'], ROUTES.pushed_authorization_request],
  [['POST', 'OPTIONS'], ROUTES.token],
  [['GET', 'POST', 'OPTIONS'], ROUTES.userinfo],
  [['POST', 'OPTIONS'], ROUTES.introspection],
  [['POST', 'OPTIONS'], ROUTES.revocation],
  [['POST', 'OPTIONS'], ROUTES.device_authorization],
  [['POST', 'OPTIONS'], ROUTES.backchannel_authentication],
  [['GET', 'POST'], ROUTES.code_verification],
  [['GET'], `${ROUTES.code_verification}/:uid`],
  [['GET'], ROUTES.end_session],
  [['POST'], `${ROUTES.end_session}/confirm`],
  [['GET'], `${ROUTES.end_session}/success`],
];

/** Endpoints that browsers are sent to, and that must take a form as well. */
const NAVIGATED = [ROUTES.authorization, ROUTES.end_session];

/** Where browsers are. Whatever else there is, clients ask. */
const BROWSED = [...NAVIGATED, ROUTES.code_verification];

/** Endpoints at which a client proves who it is. */
const AUTHENTICATED = new Set<string>([
  ROUTES.pushed_authorization_request,
  ROUTES.token,
  ROUTES.introspection,
  ROUTES.revocation,
  ROUTES.device_authorization,
  ROUTES.backchannel_authentication,
]);

/**
 * The provider's endpoints as ordinary Fastify routes, so that hooks and limits apply to them. (`@fastify/middie`,
 * which the provider's documentation shows, skips route-level limits and matches paths in its own way.)
 */
export async function mountProvider(app: FastifyInstance, options: MountOptions): Promise<void> {
  const { issuer, units, serving, limits } = options;
  // Bodies are the provider's to read. The form is named because a type that is named is looked up, not parsed.
  app.removeAllContentTypeParsers();
  for (const type of ['application/x-www-form-urlencoded', '*'])
    app.addContentTypeParser(type, (_request, _payload, done) => done(null));

  for (const [method, url] of MOUNTED) {
    const guarded = AUTHENTICATED.has(url);
    const forClients = !BROWSED.some((one) => url === one || url.startsWith(`${one}/`));
    app.route({
      method,
      url,
      // A HEAD that the provider took for a GET would use up codes and start interactions.
      exposeHeadRoute: false,
      config: {
        oauth: forClients,
        answered: 'raw',
      },
      onRequest: async (request) => {
        refuseOversized(request);
        if (forClients) refuseRepeatedAuthorization(request.raw);
        options.certificates.readCertificate(request);
        options.assertCanSign();
        if (guarded) await limits.assertAllowed('client-authentication', request.ip);
        if (url === ROUTES.code_verification) await admitUserCode(request, options.userCodeLimits);
      },
      onResponse: async (request, reply) => {
        if (url === ROUTES.code_verification) await settleUserCode(request);
        if (guarded && reply.statusCode === 401) await limits.count('client-authentication', request.ip);
      },
      handler: (request, reply) => {
        if (forClients) normalizeHeaders(request.raw.headers);
        return serve(request, reply);
      },
    });
  }

  await app.register(async (forms) => navigateByForm(forms));

  const config = { oauth: true, quiet: true, answered: 'head' } as const;
  app.get(ROUTES.jwks, { config }, (request, reply) => sendDocument(request, reply, serving.current().jwks));
  for (const url of WELL_KNOWN)
    app.get(url, { config }, (request, reply) => sendDocument(request, reply, serving.current().discovery));

  async function serve(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    if (request.method === 'OPTIONS' && !isPreflight(request)) {
      // RFC 9110 §9.3.7; the provider knows of preflights alone.
      return reply.code(204).header('allow', methodsOf(request.routeOptions.url)).send();
    }
    reply.hijack();
    return units.run(() => serving.current().handle(pinned(request, issuer), reply.raw));
  }
}

/** Node reads 16 KiB of request line and headers together: the rest is for cookies and for what a browser says of itself. */
const TARGET_MAX = 12 * 1024;

/**
 * OpenID Connect Core §3.1.2.1 and RP-Initiated Logout §2 ask for POST as well. Our cookies are SameSite=Lax, which do
 * not come along with another site's form: the browser is sent on to make it a GET, with which they do.
 */
function navigateByForm(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: BODY_LIMIT },
    (_request, body, done) => done(null, body),
  );
  for (const url of NAVIGATED) {
    app.post(url, async (request, reply) => {
      const form = new URLSearchParams(typeof request.body === 'string' ? request.body : '');
      const target = `${url}?${form}`;
      if (target.length > TARGET_MAX) {
        throw new AppError(
          'request_too_large',
          `this form is too long for a URL, which it is made: ${TARGET_MAX} characters; a longer request can be pushed (RFC 9126)`,
        );
      }
      return reply.redirect(target, 303);
    });
  }
}

function isPreflight({ headers }: FastifyRequest): boolean {
  return headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
}

function methodsOf(url: string | undefined): string {
  return MOUNTED.filter(([, path]) => path === url)
    .flatMap(([methods]) => methods)
    .join(', ');
}

/**
 * The request as the provider is to see it: host, scheme and address as we know them, whatever headers it came with.
 * (Design §7: otherwise `Host: evil.test` turns up in discovery and is accepted as an audience.)
 */
export function pinned(request: FastifyRequest, issuer: URL): IncomingMessage {
  const { raw } = request;
  // Before X-Forwarded-For goes: `ip` is worked out anew from the headers whenever it is asked for.
  const address = request.ip;
  // RFC 9112 §3.2.2: a target may name a host, too, and the provider would build its URLs on that one.
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

function refuseOversized(request: FastifyRequest): void {
  const length = Number(request.headers['content-length'] ?? 0);
  if (length > BODY_LIMIT)
    throw new AppError('invalid_request', `the request body is longer than ${BODY_LIMIT} bytes`, { status: 413 });
}

/**
 * Sends what was made once a key set, head included (RFC 9110 §13.1.2 `If-None-Match`): making the same head for each of
 * forty thousand requests a second is most of what they would cost.
 */
function sendDocument(request: FastifyRequest, reply: FastifyReply, document: Document): void {
  reply.hijack();
  const isUnchanged = isKnown(request.headers['if-none-match'], document.etag);
  const head = isUnchanged ? document.unchangedHead : document.head;
  reply.raw.writeHead(isUnchanged ? 304 : 200, ['x-request-id', request.id, ...head]);
  reply.raw.end(isUnchanged ? undefined : document.body);
}
