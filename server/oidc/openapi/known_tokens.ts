import type { PathItem } from '../../platform/openapi.ts';
import { ROUTES } from '../routes.ts';
import { CLIENT, CLIENT_AUTHENTICATION, CLIENT_SECURITY, EXAMPLE, exampleOf, formOf } from './parameters.ts';
import { CLIENT_ERRORS, schemaRef, TOKEN_ERRORS } from './responses.ts';

const tags = ['tokens'];

const FORM = 'application/x-www-form-urlencoded';

/** With an access token, which a script of any origin can present as well. */
export const TOKEN_SECURITY = [{ bearer: [] }, { dpop: [] }] as const;

const JWT = { schema: { type: 'string', description: 'A signed or encrypted JWT.' }, example: EXAMPLE.jwt };

const CLAIMS_RESPONSE = {
  '200': {
    description: 'The claims; as a JWT for a client that has registered `userinfo_signed_response_alg`.',
    content: {
      'application/json': {
        schema: schemaRef('Userinfo'),
        example: {
          sub: '0197f3c2-9d1e-7b44-a1c0-5d2f0c1e8a77',
          name: 'Ada Lovelace',
          email: 'ada@example.com',
          email_verified: true,
        },
      },
      'application/jwt': JWT,
    },
  },
  ...TOKEN_ERRORS,
};

/** What is done with tokens that a client has already. */
export const KNOWN_TOKEN_PATHS: Readonly<Record<string, PathItem>> = {
  [ROUTES.introspection]: {
    post: {
      operationId: 'introspect',
      tags,
      summary: 'Ask about a token (RFC 7662)',
      description: `For the client that a token was issued to, and for a resource server that it is for. ${CLIENT_AUTHENTICATION}`,
      security: CLIENT_SECURITY,
      requestBody: {
        required: true,
        content: {
          [FORM]: { schema: formOf([...CLIENT, 'token', 'token_type_hint'], ['token']), example: exampleOf('token') },
        },
      },
      responses: {
        '200': {
          description:
            'What is known about the token; as a JWT with `Accept: application/token-introspection+jwt` (RFC 9701).',
          content: {
            'application/json': {
              schema: schemaRef('Introspection'),
              examples: {
                active: {
                  value: {
                    active: true,
                    client_id: EXAMPLE.client,
                    sub: '0197f3c2-9d1e-7b44-a1c0-5d2f0c1e8a77',
                    scope: 'openid profile',
                    exp: 1790003600,
                    iat: 1790000000,
                    iss: 'https://id.example.com',
                    token_type: 'Bearer',
                  },
                },
                inactive: { value: { active: false } },
              },
            },
            'application/token-introspection+jwt': JWT,
          },
        },
        ...CLIENT_ERRORS,
      },
    },
  },
  [ROUTES.revocation]: {
    post: {
      operationId: 'revoke',
      tags,
      summary: 'Revoke a token (RFC 7009)',
      description: `A refresh token ends with all tokens of its grant. Unknown tokens are no error. ${CLIENT_AUTHENTICATION}`,
      security: CLIENT_SECURITY,
      requestBody: {
        required: true,
        content: {
          [FORM]: {
            schema: formOf([...CLIENT, 'token', 'token_type_hint'], ['token']),
            example: exampleOf('client_id', 'token'),
          },
        },
      },
      responses: { '200': { description: 'The token is revoked, or was unknown.' }, ...CLIENT_ERRORS },
    },
  },
  [ROUTES.userinfo]: {
    get: {
      operationId: 'userinfo',
      tags,
      summary: 'The claims of the person (OpenID Connect Core section 5.3)',
      security: TOKEN_SECURITY,
      responses: CLAIMS_RESPONSE,
    },
    post: {
      operationId: 'userinfoByForm',
      tags,
      summary: 'The claims of the person, by POST',
      description: 'The token is in the `Authorization` header or in the form (RFC 6750 section 2.2), not in both.',
      security: [...TOKEN_SECURITY, {}],
      requestBody: {
        content: { [FORM]: { schema: formOf(['access_token']), example: exampleOf('access_token') } },
      },
      responses: CLAIMS_RESPONSE,
    },
  },
};
