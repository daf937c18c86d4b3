import type { Example, PathItem, Schema } from '../../platform/openapi.ts';
import { CIBA_GRANT } from '../ciba.ts';
import { DEVICE_GRANT } from '../device_flow.ts';
import { ACCESS_TOKEN_TYPE, TOKEN_EXCHANGE } from '../exchange_terms.ts';
import { ROUTES } from '../routes.ts';
import {
  CLIENT,
  CLIENT_AUTHENTICATION,
  CLIENT_SECURITY,
  EXAMPLE,
  exampleOf,
  formOf,
  type ParameterName,
} from './parameters.ts';
import { CLIENT_ERRORS, schemaRef } from './responses.ts';

interface Grant {
  readonly title: string;
  readonly required: readonly ParameterName[];
  readonly optional: readonly ParameterName[];
  /** What the example has besides the required parameters. */
  readonly shown: readonly ParameterName[];
}

/** The parameters of each grant type at the token endpoint; `implicit` has no request there. */
export const GRANTS: Readonly<Record<string, Grant>> = {
  authorization_code: {
    title: 'Redeem a code (RFC 6749 section 4.1.3)',
    required: ['code'],
    optional: ['redirect_uri', 'code_verifier', 'resource'],
    shown: ['client_id', 'redirect_uri', 'code_verifier'],
  },
  refresh_token: {
    title: 'Refresh (RFC 6749 section 6)',
    required: ['refresh_token'],
    optional: ['scope', 'resource'],
    shown: ['client_id'],
  },
  client_credentials: {
    title: 'A token of the client itself (RFC 6749 section 4.4)',
    required: [],
    optional: ['scope', 'resource'],
    shown: ['client_id', 'client_secret', 'resource'],
  },
  [DEVICE_GRANT]: {
    title: 'The tokens of a device (RFC 8628 section 3.4)',
    required: ['device_code'],
    optional: ['resource'],
    shown: ['client_id'],
  },
  [CIBA_GRANT]: {
    title: 'The tokens of a backchannel authentication request (CIBA Core section 10.1)',
    required: ['auth_req_id'],
    optional: ['resource'],
    shown: ['client_id', 'client_secret'],
  },
  [TOKEN_EXCHANGE]: {
    title: 'Exchange an access token for one at the next service (RFC 8693)',
    required: ['subject_token', 'subject_token_type'],
    optional: ['actor_token', 'actor_token_type', 'requested_token_type', 'scope', 'resource', 'audience'],
    shown: ['client_id', 'client_secret', 'resource'],
  },
};

const SHORT_NAMES: Readonly<Record<string, string>> = {
  [DEVICE_GRANT]: 'device_code',
  [CIBA_GRANT]: 'ciba',
  [TOKEN_EXCHANGE]: 'token_exchange',
};

function schemaOf([grant, { title, required, optional }]: readonly [string, Grant]): Schema {
  const form = formOf([...CLIENT, ...required, ...optional], required) as { properties: object; required?: string[] };
  return {
    ...form,
    title,
    properties: { grant_type: { type: 'string', const: grant }, ...form.properties },
    required: ['grant_type', ...(form.required ?? [])],
  };
}

const requests: Readonly<Record<string, Example>> = Object.fromEntries(
  Object.entries(GRANTS).map(([grant, { title, required, shown }]) => [
    SHORT_NAMES[grant] ?? grant,
    { summary: title, value: { grant_type: grant, ...exampleOf(...required, ...shown) } },
  ]),
);

const tokens = { access_token: EXAMPLE.accessToken, token_type: 'Bearer', expires_in: 3600 };

const responses: Readonly<Record<string, Example>> = {
  authorization_code: {
    summary: 'With the scopes openid and offline_access',
    value: { ...tokens, scope: 'openid offline_access', id_token: EXAMPLE.jwt, refresh_token: EXAMPLE.refreshToken },
  },
  client_credentials: {
    summary: 'For a resource server',
    value: { ...tokens, access_token: EXAMPLE.jwt, scope: 'orders:read' },
  },
  token_exchange: {
    summary: 'Of a token exchange',
    value: { ...tokens, access_token: EXAMPLE.jwt, scope: 'orders:read', issued_token_type: ACCESS_TOKEN_TYPE },
  },
};

export const TOKEN_PATHS: Readonly<Record<string, PathItem>> = {
  [ROUTES.token]: {
    post: {
      operationId: 'token',
      tags: ['tokens'],
      summary: 'Get tokens',
      description: `One form for each grant type. ${CLIENT_AUTHENTICATION} With a \`DPoP\` header the tokens are bound to its key (RFC 9449).`,
      security: CLIENT_SECURITY,
      parameters: [
        {
          name: 'DPoP',
          in: 'header',
          description: 'A proof of the key that the tokens are bound to (RFC 9449 section 4).',
          schema: { type: 'string' },
          example: EXAMPLE.jwt,
        },
      ],
      requestBody: {
        required: true,
        content: {
          'application/x-www-form-urlencoded': {
            schema: { oneOf: Object.entries(GRANTS).map(schemaOf) },
            examples: requests,
          },
        },
      },
      responses: {
        '200': {
          description: 'The tokens.',
          headers: {
            'Cache-Control': { description: 'Always `no-store`.', schema: { type: 'string' } },
            'DPoP-Nonce': {
              description: 'The nonce of the next proof (RFC 9449 section 8).',
              schema: { type: 'string' },
            },
          },
          content: { 'application/json': { schema: schemaRef('TokenResponse'), examples: responses } },
        },
        ...CLIENT_ERRORS,
      },
    },
  },
};
