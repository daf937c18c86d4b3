import type { MediaType, Reference, Response, Schema } from '../../platform/openapi.ts';
import { REMEDIES } from '../steps/refusals.ts';

export const schemaRef = (name: string): Schema & Reference => ({ $ref: `#/components/schemas/${name}` });
const responseRef = (name: string): Reference => ({ $ref: `#/components/responses/${name}` });

/** The error codes of OAuth and OpenID Connect that clients get, each with its meaning. */
export const OAUTH_ERRORS: Readonly<Record<string, string>> = {
  access_denied: 'the person, or a rule of this server, has refused',
  authorization_pending: 'the person has not decided yet: ask again later (RFC 8628 section 3.5)',
  expired_token: 'the device code or the authentication request has expired: begin again',
  insufficient_scope: 'the token does not have the scope that the request needs (RFC 6750 section 3.1)',
  interaction_required: 'prompt=none was sent, but the person has to do something',
  invalid_authorization_details: 'authorization_details are unknown or malformed (RFC 9396 section 5)',
  invalid_binding_message: 'binding_message cannot be shown (CIBA Core section 13)',
  invalid_client: 'the client is unknown, or did not authenticate as it is registered',
  invalid_client_metadata: 'a field of the client metadata is not allowed (RFC 7591 section 3.2.2)',
  invalid_dpop_proof: 'the DPoP proof is not valid (RFC 9449 section 5)',
  invalid_grant: 'the code, token or request is unknown, expired, used or of another client',
  invalid_redirect_uri: 'a redirect URI is not one of the client, or its metadata has one that is not allowed',
  invalid_request: 'a parameter is missing, repeated, malformed or too long: the description names it',
  invalid_request_object: 'the request object is not valid (RFC 9101)',
  invalid_request_uri: 'the request_uri is not valid (RFC 9101, RFC 9126)',
  invalid_scope: 'the client may not have one of the scopes',
  invalid_software_statement: 'the software statement is not valid (RFC 7591)',
  invalid_target: 'the resource server is unknown, or the client may have none of its scopes (RFC 8707)',
  invalid_token: 'the access token is unknown, expired or revoked (RFC 6750 section 3.1)',
  login_required: 'prompt=none was sent, but nobody is signed in',
  consent_required: 'prompt=none was sent, but the person has to consent',
  account_selection_required: 'prompt=none was sent, but the person has to choose an account',
  not_found: 'there is nothing at this path',
  method_not_allowed: 'the path exists, but not for this method',
  request_timeout: 'the request took too long to arrive',
  server_error: 'something went wrong in the server',
  slow_down: 'the client asks too often: wait five seconds longer (RFC 8628 section 3.5)',
  temporarily_unavailable: 'too many requests, or a part of the server is down: see Retry-After',
  unapproved_software_statement: 'the issuer of the software statement is not trusted here (RFC 7591)',
  unauthorized_client: 'the client is not registered for this grant',
  unknown_user_id: 'no person is known by the hint (CIBA Core section 13)',
  unmet_authentication_requirements: 'the sign-in cannot be as strong as the request demands',
  unsupported_grant_type: 'the grant is not offered',
  unsupported_response_mode: 'the response mode is not offered',
  unsupported_response_type: 'the response type is not offered',
  unsupported_token_type: 'tokens of this type cannot be revoked (RFC 7009 section 2.2.1)',
  use_dpop_nonce: 'make the DPoP proof again with the nonce of the header DPoP-Nonce (RFC 9449 section 8)',
};

const CODES = Object.entries(OAUTH_ERRORS)
  .map(([code, meaning]) => `- \`${code}\`: ${meaning}`)
  .join('\n');

export const ERROR_SCHEMA: Schema = {
  type: 'object',
  description: `An error (RFC 6749 section 5.2). Programs compare \`error\`; the other members are for people.\n\n${CODES}`,
  properties: {
    error: { type: 'string', description: 'The code.', pattern: '^[\\x20-\\x21\\x23-\\x5B\\x5D-\\x7E]+$' },
    error_description: { type: 'string', description: 'For developers: what is wrong, and what to do.' },
    scope: {
      type: 'string',
      description: 'With `invalid_scope` and `insufficient_scope`: the scopes that it is about.',
    },
    state: { type: 'string', description: 'The `state` of the request.' },
    request_id: { type: 'string', description: 'The request id, as in the header `X-Request-Id`.' },
  },
  required: ['error'],
};

/** Examples of what Cardea says for these codes. */
function refusals(codes: readonly string[]): NonNullable<MediaType['examples']> {
  const chosen = REMEDIES.filter(({ error }) => codes.includes(error));
  return Object.fromEntries(
    chosen.map(({ error, description }, i) => [
      `${error}_${i + 1}`,
      { value: { error, error_description: description } },
    ]),
  );
}

const errorContent = (...codes: string[]): Record<string, MediaType> => ({
  'application/json': { schema: schemaRef('Error'), examples: refusals(codes) },
});

const RETRY_AFTER = {
  'Retry-After': { description: 'Seconds to wait (RFC 9110 section 10.2.3).', schema: { type: 'integer', minimum: 0 } },
};
const CHALLENGE = {
  'WWW-Authenticate': { description: 'How to authenticate (RFC 9110 section 11.6.1).', schema: { type: 'string' } },
};

const unavailable = {
  error: 'temporarily_unavailable',
  error_description: 'the database is unavailable; try again shortly',
};

export const RESPONSES: Readonly<Record<string, Response>> = {
  Refused: {
    description: 'The request is refused: `error` says why.',
    content: errorContent('invalid_grant', 'invalid_request', 'unsupported_response_type'),
  },
  Unauthenticated: {
    description: 'The client did not authenticate.',
    headers: CHALLENGE,
    content: errorContent('invalid_client'),
  },
  BadToken: {
    description: 'The token is missing, unknown, expired or revoked.',
    headers: CHALLENGE,
    content: {
      'application/json': {
        schema: schemaRef('Error'),
        example: { error: 'invalid_token', error_description: 'invalid token provided' },
      },
    },
  },
  NotFound: {
    description: 'There is nothing at this path.',
    content: {
      'application/json': {
        schema: schemaRef('Error'),
        example: { error: 'not_found', error_description: 'there is nothing here' },
      },
    },
  },
  TooMany: {
    description: 'Too many requests in a short time.',
    headers: RETRY_AFTER,
    content: {
      'application/json': {
        schema: schemaRef('Error'),
        example: {
          error: 'temporarily_unavailable',
          error_description: 'too many requests from this address; wait a minute',
        },
      },
    },
  },
  Unavailable: {
    description: 'A part of the server is down or overloaded.',
    headers: RETRY_AFTER,
    content: { 'application/json': { schema: schemaRef('Error'), example: unavailable } },
  },
  Other: {
    description:
      'Any other error, such as a method that the path does not have (405) or a body that is too large (413).',
    content: {
      'application/json': {
        schema: schemaRef('Error'),
        example: { error: 'invalid_request', error_description: 'the request could not be understood' },
      },
    },
  },
  ErrorPage: {
    description: 'A page that shows the error, where the client cannot be told it by a redirect.',
    content: {
      'text/html': { schema: { type: 'string' } },
      'application/json': { schema: schemaRef('Error'), example: unavailable },
    },
  },
};

const EDGE = { '429': responseRef('TooMany'), '503': responseRef('Unavailable'), default: responseRef('Other') };

/** What endpoints respond with that authenticate a client. */
export const CLIENT_ERRORS = { '400': responseRef('Refused'), '401': responseRef('Unauthenticated'), ...EDGE };

/** What endpoints respond with that are called with an access token. */
export const TOKEN_ERRORS = {
  '400': responseRef('Refused'),
  '401': responseRef('BadToken'),
  '403': responseRef('BadToken'),
  ...EDGE,
};

/** What endpoints respond with that a browser is sent to. */
export const PAGE_ERRORS = { default: responseRef('ErrorPage') };

/** What documents respond with. */
export const DOCUMENT_ERRORS = { '503': responseRef('Unavailable'), default: responseRef('Other') };

export const NOT_FOUND = { '404': responseRef('NotFound') };

export const PAGE: Response = {
  description: 'A page.',
  content: { 'text/html': { schema: { type: 'string' } } },
};

export const REDIRECT: Response = {
  description: 'To the page that is next, or back to the client.',
  headers: { Location: { description: 'Where to.', schema: { type: 'string', format: 'uri-reference' } } },
  content: { 'text/html': { schema: { type: 'string' } } },
};

export function json(description: string, schema: Schema, example: unknown, headers?: Response['headers']): Response {
  return {
    description,
    ...(headers === undefined ? {} : { headers }),
    content: { 'application/json': { schema, example } },
  };
}
