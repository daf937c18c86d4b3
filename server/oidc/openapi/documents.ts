import { API_PATH } from '../../operations/api_resource.ts';
import { HEALTH_PATHS } from '../../platform/issuer.ts';
import type { PathItem, Response } from '../../platform/openapi.ts';
import { PROBLEMS_PATH } from '../../platform/problems.ts';
import { PATHS } from '../../views/paths.ts';
import { RESOURCE_METADATA_PATH } from '../api_resource_metadata.ts';
import { ROUTES } from '../routes.ts';
import { STATUS_LISTS_PATH } from '../status_lists.ts';
import { EXAMPLE } from './parameters.ts';
import { DOCUMENT_ERRORS, json, NOT_FOUND, PAGE, REDIRECT, schemaRef } from './responses.ts';

const CACHED: Response['headers'] = {
  ETag: { description: 'Send it as `If-None-Match` to get 304 (RFC 9110 section 13.1.2).', schema: { type: 'string' } },
  'Cache-Control': { description: 'How long it may be kept.', schema: { type: 'string' } },
};

const NOT_MODIFIED = { '304': { description: 'Unchanged since the `ETag` of `If-None-Match`.', headers: CACHED } };

const metadata = {
  issuer: 'https://id.example.com',
  authorization_endpoint: 'https://id.example.com/authorize',
  token_endpoint: 'https://id.example.com/token',
  jwks_uri: 'https://id.example.com/.well-known/jwks.json',
  response_types_supported: ['code'],
  code_challenge_methods_supported: ['S256'],
};

function metadataItem(operationId: string, summary: string): PathItem {
  return {
    get: {
      operationId,
      tags: ['documents'],
      summary,
      responses: {
        '200': json('The metadata.', schemaRef('ServerMetadata'), metadata, CACHED),
        ...NOT_MODIFIED,
        ...DOCUMENT_ERRORS,
      },
    },
  };
}

function health(operationId: string, summary: string, description: string): PathItem {
  return {
    get: {
      operationId,
      tags: ['operation'],
      summary,
      description,
      responses: { '200': json('It is.', schemaRef('Health'), { status: 'ok' }), ...DOCUMENT_ERRORS },
    },
  };
}

/** What anyone may read: metadata, keys, status lists, health, and these descriptions. */
export const DOCUMENT_PATHS: Readonly<Record<string, PathItem>> = {
  [PATHS.discovery]: metadataItem('openidConfiguration', 'The metadata (OpenID Connect Discovery section 4)'),
  '/.well-known/oauth-authorization-server': metadataItem('oauthMetadata', 'The metadata (RFC 8414 section 3)'),
  [RESOURCE_METADATA_PATH]: {
    get: {
      operationId: 'apiResourceMetadata',
      tags: ['documents'],
      summary: 'The metadata of the admin API (RFC 9728)',
      responses: {
        '200': json(
          'The metadata.',
          schemaRef('ResourceMetadata'),
          {
            resource: 'https://id.example.com/api/v1',
            authorization_servers: ['https://id.example.com'],
            scopes_supported: ['cardea:users:read'],
          },
          CACHED,
        ),
        ...NOT_MODIFIED,
        ...DOCUMENT_ERRORS,
      },
    },
  },
  [ROUTES.jwks]: {
    get: {
      operationId: 'jwks',
      tags: ['documents'],
      summary: 'The public keys that tokens are verified with (RFC 7517)',
      responses: {
        '200': {
          description: 'The keys; keep them as long as `Cache-Control` says, and ask again for an unknown `kid`.',
          headers: CACHED,
          content: {
            'application/jwk-set+json': {
              schema: schemaRef('JsonWebKeySet'),
              example: {
                keys: [
                  {
                    kty: 'RSA',
                    use: 'sig',
                    alg: 'RS256',
                    kid: 'Qx3k1ZkT0m0d',
                    n: '0vx7agoebGcQSuuPiLJXZptN9nndrQ',
                    e: 'AQAB',
                  },
                ],
              },
            },
          },
        },
        ...NOT_MODIFIED,
        ...DOCUMENT_ERRORS,
      },
    },
  },
  [`${STATUS_LISTS_PATH}/:id`]: {
    get: {
      operationId: 'statusList',
      tags: ['documents'],
      summary: 'Which JWT access tokens have ended (draft-ietf-oauth-status-list section 8)',
      description: 'The claim `status` of a token names its list. Only with `CARDEA_TOKEN_STATUS_LIST`.',
      parameters: [
        { name: 'id', in: 'path', required: true, description: 'The list.', schema: { type: 'string' }, example: '7' },
      ],
      responses: {
        '200': {
          description: 'The list, as a signed JWT.',
          headers: CACHED,
          content: { 'application/statuslist+jwt': { schema: { type: 'string' }, example: EXAMPLE.jwt } },
        },
        ...NOT_MODIFIED,
        ...NOT_FOUND,
        ...DOCUMENT_ERRORS,
      },
    },
  },
  '/.well-known/change-password': {
    get: {
      operationId: 'changePassword',
      tags: ['documents'],
      summary: 'Where a person changes the password (W3C "A Well-Known URL for Changing Passwords")',
      responses: { '303': REDIRECT, ...DOCUMENT_ERRORS },
    },
  },
  '/.well-known/passkey-endpoints': {
    get: {
      operationId: 'passkeyEndpoints',
      tags: ['documents'],
      summary: 'Where a person manages passkeys',
      responses: {
        '200': json('The pages.', schemaRef('PasskeyEndpoints'), {
          enroll: 'https://id.example.com/account/passkeys',
          manage: 'https://id.example.com/account/passkeys',
        }),
        ...DOCUMENT_ERRORS,
      },
    },
  },
  [HEALTH_PATHS.alive]: health(
    'alive',
    'The process runs',
    'It says nothing about the database, so that an outage restarts nothing.',
  ),
  [HEALTH_PATHS.ready]: health(
    'ready',
    'The server can sign people in',
    'For load balancers: 503 while the database is not reachable.',
  ),
  [API_PATH]: {
    get: {
      operationId: 'apiVersion',
      tags: ['operation'],
      summary: 'Where the admin API is described',
      description: 'It needs no token, and is the same for everybody.',
      responses: {
        '200': json(
          'The version, and what to read.',
          schemaRef('ApiVersion'),
          {
            version: 'v1',
            openapi: 'https://id.example.com/api/v1/openapi.json',
            documentation: 'https://id.example.com/api/docs',
            resource_metadata: 'https://id.example.com/.well-known/oauth-protected-resource/api/v1',
          },
          CACHED,
        ),
        ...NOT_MODIFIED,
        ...DOCUMENT_ERRORS,
      },
    },
  },
  [PATHS.openapi]: {
    get: {
      operationId: 'oauthDescription',
      tags: ['operation'],
      summary: 'This description (OpenAPI 3.1)',
      responses: {
        '200': {
          description: 'The document.',
          headers: CACHED,
          content: {
            'application/json': {
              schema: {
                type: 'object',
                properties: { openapi: { type: 'string' } },
                required: ['openapi'],
                additionalProperties: true,
              },
              example: { openapi: '3.1.1', info: { title: 'Cardea', version: '1.0.0' }, paths: {} },
            },
          },
        },
        ...NOT_MODIFIED,
        ...DOCUMENT_ERRORS,
      },
    },
  },
  [PATHS.configurationSchema]: {
    get: {
      operationId: 'configurationSchema',
      tags: ['operation'],
      summary: 'The JSON Schema of a configuration file',
      description: 'Editors complete and check a file by it: see `cardea config plan`.',
      responses: {
        '200': {
          description: 'The schema (draft 2020-12).',
          headers: CACHED,
          content: {
            'application/json': {
              schema: {
                type: 'object',
                properties: { $schema: { type: 'string' } },
                required: ['$schema'],
                additionalProperties: true,
              },
              example: { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' },
            },
          },
        },
        ...NOT_MODIFIED,
        ...DOCUMENT_ERRORS,
      },
    },
  },
  [PATHS.apiDocs]: {
    get: {
      operationId: 'apiReference',
      tags: ['operation'],
      summary: 'A page that shows the descriptions',
      responses: { '200': PAGE, ...DOCUMENT_ERRORS },
    },
  },
  [PROBLEMS_PATH]: {
    get: {
      operationId: 'problems',
      tags: ['operation'],
      summary: 'A page of all error codes',
      responses: { '200': PAGE, ...DOCUMENT_ERRORS },
    },
  },
  [`${PROBLEMS_PATH}/:code`]: {
    get: {
      operationId: 'problem',
      tags: ['operation'],
      summary: 'What an error of the admin API means, and what to do',
      description: 'The `type` of a problem (RFC 9457) is its URL.',
      parameters: [
        {
          name: 'code',
          in: 'path',
          required: true,
          description: 'The error code.',
          schema: { type: 'string' },
          example: 'invalid_input',
        },
      ],
      responses: { '200': PAGE, ...NOT_FOUND, ...DOCUMENT_ERRORS },
    },
  },
};
