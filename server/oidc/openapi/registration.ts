import type { Operation, PathItem, RequestBody } from '../../platform/openapi.ts';
import { PATHS } from '../../views/paths.ts';
import { EXAMPLE } from './parameters.ts';
import { json, schemaRef, TOKEN_ERRORS } from './responses.ts';

const tags = ['registration'];

const metadata = {
  client_name: 'Harbour Notes',
  redirect_uris: [EXAMPLE.redirectUri],
  grant_types: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_method: 'client_secret_basic',
};

const registered = {
  client_id: EXAMPLE.client,
  client_id_issued_at: 1790000000,
  client_secret_expires_at: 0,
  registration_access_token: 'this.is.an.access.token.value.ffx83',
  registration_client_uri: `https://id.example.com${PATHS.registration}/${EXAMPLE.client}`,
  ...metadata,
  response_types: ['code'],
  scope: 'openid profile email',
};

const body: RequestBody = {
  required: true,
  content: { 'application/json': { schema: schemaRef('ClientMetadata'), example: metadata } },
};

const managed: Pick<Operation, 'tags' | 'security' | 'parameters'> = {
  tags,
  security: [{ bearer: [] }],
  parameters: [
    {
      name: 'client_id',
      in: 'path',
      required: true,
      description: 'The client.',
      schema: { type: 'string' },
      example: EXAMPLE.client,
    },
  ],
};

/** Dynamic client registration (RFC 7591) and its management (RFC 7592). */
export const REGISTRATION_PATHS: Readonly<Record<string, PathItem>> = {
  [PATHS.registration]: {
    post: {
      operationId: 'registerClient',
      tags,
      summary: 'Register a client (RFC 7591)',
      description: 'With an initial access token, unless `CARDEA_REGISTRATION` is `open`.',
      security: [{ bearer: [] }, {}],
      requestBody: body,
      responses: {
        '201': json('The client is registered.', schemaRef('RegisteredClient'), {
          ...registered,
          client_secret: EXAMPLE.secret,
        }),
        ...TOKEN_ERRORS,
      },
    },
  },
  [`${PATHS.registration}/:client_id`]: {
    get: {
      ...managed,
      operationId: 'readClient',
      summary: 'Read a registration (RFC 7592 section 2.1)',
      responses: { '200': json('The client.', schemaRef('RegisteredClient'), registered), ...TOKEN_ERRORS },
    },
    put: {
      ...managed,
      operationId: 'replaceClient',
      summary: 'Replace a registration (RFC 7592 section 2.2)',
      description: 'Fields that are left out are removed.',
      requestBody: body,
      responses: {
        '200': json('The client as it is now.', schemaRef('RegisteredClient'), registered),
        ...TOKEN_ERRORS,
      },
    },
    delete: {
      ...managed,
      operationId: 'deleteClient',
      summary: 'End a registration (RFC 7592 section 2.3)',
      responses: { '204': { description: 'The client is gone.' }, ...TOKEN_ERRORS },
    },
  },
};
