import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance, RouteShorthandOptions } from 'fastify';
import { adminDocument } from '../admin/description.ts';
import { jsonSchema } from '../configuration/file.ts';
import { resourceMetadataUrl } from '../oidc/api_resource_metadata.ts';
import { oauthDocument } from '../oidc/openapi/document.ts';
import { API_PATH } from '../operations/api_resource.ts';
import { type Described, referenceRoutes } from '../reference/routes.ts';
import { siteRoutes } from '../reference/site.ts';
import { PATHS } from '../views/paths.ts';
import type { Infrastructure } from './infrastructure.ts';

export interface ReferenceParts {
  readonly infrastructure: Infrastructure;
  readonly version: string;
  /** The server whose routes the description of the endpoints has. */
  readonly http: Pick<FastifyInstance, 'hasRoute'>;
  /** Limits on reading pages. */
  readonly readLimit: RouteShorthandOptions['config'];
}

/** The descriptions of the HTTP interfaces, and what shows them. */
export async function mountReference(site: FastifyInstance, parts: ReferenceParts): Promise<void> {
  const { infrastructure, version, http, readLimit } = parts;
  const { config, views, secure } = infrastructure;
  const { issuer } = config;
  const documents: readonly Described[] = [
    {
      name: 'admin',
      title: 'Admin API',
      path: `${API_PATH}/openapi.json`,
      read: () => adminDocument({ issuer, version }),
    },
    {
      name: 'oauth',
      title: 'OAuth and OpenID Connect',
      path: PATHS.openapi,
      read: async () =>
        oauthDocument({
          issuer: issuer.identifier,
          version,
          has: (method, path) => http.hasRoute({ method: METHOD_NAMES[method], url: issuer.path(path) }),
        }),
    },
  ];
  const files = [
    // Who tries the URL of the API finds out what to read.
    {
      path: API_PATH,
      read: () => ({
        version: 'v1',
        openapi: issuer.url(`${API_PATH}/openapi.json`),
        documentation: issuer.url(PATHS.apiDocs),
        resource_metadata: resourceMetadataUrl(issuer),
      }),
    },
    {
      path: PATHS.configurationSchema,
      read: () => jsonSchema(issuer.url(PATHS.configurationSchema)),
    },
  ];
  await site.register(referenceRoutes, { views, documents, files, secure });
  await site.register(siteRoutes, {
    folder: fileURLToPath(new URL('../../ops/site/built', import.meta.url)),
    readme: readFileSync(new URL('../../README.md', import.meta.url), 'utf8'),
    readLimit,
  });
}

const METHOD_NAMES = { get: 'GET', post: 'POST', put: 'PUT', patch: 'PATCH', delete: 'DELETE' } as const;
