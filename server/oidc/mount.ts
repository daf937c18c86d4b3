import type { FastifyInstance } from 'fastify';
import { isPreflight } from '../platform/cors.ts';
import { type Document, mountDocument } from '../platform/documents.ts';
import type { Issuer } from '../platform/issuer.ts';
import type { Units } from '../records/unit.ts';
import { ENDPOINTS } from './endpoints.ts';
import { pinned } from './pinned_request.ts';
import { mountPostedRequests, type PostedRequestParts } from './posted_requests.ts';
import { ROUTES } from './routes.ts';
import type { Serving } from './serving.ts';

export interface MountOptions {
  readonly issuer: Issuer;
  readonly units: Units;
  readonly serving: Serving;
}

/** OpenID Connect Discovery §4, and RFC 8414 §3. */
const METADATA = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'];

/**
 * The provider's endpoints as ordinary Fastify routes, so that hooks and limits apply to them. (`@fastify/middie`,
 * which the provider's documentation shows, skips route-level limits and matches paths in its own way.)
 */
export async function mountProvider(app: FastifyInstance, parts: PostedRequestParts): Promise<void> {
  const { issuer, units, serving } = parts;
  // The provider reads the bodies. The form's media type is named because Fastify finds an exact name without parsing it.
  app.removeAllContentTypeParsers();
  for (const type of ['application/x-www-form-urlencoded', '*'])
    app.addContentTypeParser(type, (_request, _payload, done) => done(null));

  for (const { methods, path, caller } of Object.values(ENDPOINTS)) {
    if (path === undefined) continue;
    app.route({
      method: [...methods],
      url: path,
      // A HEAD that the provider handled as a GET would use up codes and start interactions.
      exposeHeadRoute: false,
      config: { oauth: caller === 'client', responseMode: 'raw' },
      handler(request, reply) {
        if (request.method === 'OPTIONS' && !isPreflight(request)) {
          // RFC 9110 §9.3.7; the provider responds to preflights alone.
          return reply.code(204).header('allow', methods.join(', ')).send();
        }
        reply.hijack();
        return units.run(() => serving.current().handle(pinned(request, issuer), reply.raw));
      },
    });
  }

  await app.register(async (forms) => mountPostedRequests(forms, parts));

  mountDocument(app, ROUTES.jwks, () => serving.current().jwks);
  for (const url of METADATA) mountDocument(app, url, () => serving.current().discovery);
}

/** The metadata of the admin API (RFC 9728), at the root of the host or below the issuer's path. */
export function mountResourceMetadata(app: FastifyInstance, url: string, document: Document): void {
  mountDocument(app, url, () => document);
}

/**
 * The metadata at the root of the host. OpenID Connect Discovery §4 appends its well-known path to the issuer, RFC 8414 §3.1
 * inserts it before the issuer's path; clients do either with both (§5).
 */
export function mountMetadataAtRoot(app: FastifyInstance, { issuer, serving }: Omit<MountOptions, 'units'>): void {
  for (const url of METADATA) mountDocument(app, url + issuer.basePath, () => serving.current().discovery);
}
