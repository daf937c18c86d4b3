import { AUTH_METHODS, RESPONSE_TYPES, wordsOf } from '../../clients/vocabulary.ts';
import { ACR_VALUES } from '../../platform/acr.ts';
import type { Parameter, Schema } from '../../platform/openapi.ts';
import { SCOPES } from '../configuration.ts';
import { limitOf } from '../parameter_limits.ts';

interface Described {
  readonly description: string;
  readonly example: unknown;
  /** Default: a text. */
  readonly schema?: Schema;
}

const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
export const EXAMPLE = {
  client: 's6BhdRkqt3',
  secret: 'a-secret-that-only-this-client-knows',
  redirectUri: 'https://rp.example.com/callback',
  code: 'SplxlOBeZQQYbYS6WxSbIA',
  refreshToken: 'tGzv3JOkF0XG5Qx2TlKWIA',
  accessToken: 'mF_9.B5f-4.1JqM',
  jwt: 'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tIn0.c2lnbmF0dXJl',
  requestUri: 'urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c',
} as const;

/** The parameters of requests, once for all endpoints. */
const PARAMETERS = {
  access_token: { description: 'The access token, in a form (RFC 6750 section 2.2).', example: EXAMPLE.accessToken },
  acr_values: {
    description: `How strong the sign-in must be; the first is the weakest: ${ACR_VALUES.join(', ')}.`,
    example: ACR_VALUES[1],
  },
  actor_token: { description: 'The access token of the one who acts for the person (RFC 8693).', example: EXAMPLE.jwt },
  actor_token_type: {
    description: 'The type of `actor_token`.',
    example: 'urn:ietf:params:oauth:token-type:access_token',
  },
  audience: {
    description: 'The resource server, by a name of other products; only with `CARDEA_AUDIENCE_PARAMETER`.',
    example: 'https://api.example.com',
  },
  auth_req_id: { description: 'From the backchannel authentication response.', example: '1c266114-a1be-4252-8ad1' },
  authorization_details: {
    description: 'What is asked for in detail, as a JSON array (RFC 9396).',
    example: '[{"type":"payment","to":"Harbour Notes","amount":12}]',
  },
  binding_message: {
    description: 'A text of up to 64 characters that both sides show (CIBA Core section 7.1).',
    example: 'Order 42',
  },
  claims: {
    description: 'Single claims, as a JSON object (OpenID Connect Core section 5.5).',
    example: '{"id_token":{"email":{"essential":true}}}',
  },
  claims_locales: { description: 'Languages of claims, the best first.', example: 'de en' },
  client_id: { description: 'The client.', example: EXAMPLE.client },
  client_assertion: { description: 'A JWT that the client has signed (RFC 7523).', example: EXAMPLE.jwt },
  client_assertion_type: {
    description: 'The kind of `client_assertion`.',
    schema: { type: 'string', const: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' },
    example: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  },
  client_notification_token: {
    description: 'What Cardea sends with its notification (CIBA Core section 7.1).',
    example: '8d67dc78-7faa-4d41-aabd-67707b374255',
  },
  client_secret: { description: 'The secret of the client, for `client_secret_post`.', example: EXAMPLE.secret },
  code: { description: 'The code of the authorization response; it works once.', example: EXAMPLE.code },
  code_challenge: {
    description: 'The SHA-256 of `code_verifier` in base64url (RFC 7636).',
    example: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  },
  code_challenge_method: {
    description: 'How `code_challenge` was made.',
    schema: { type: 'string', const: 'S256' },
    example: 'S256',
  },
  code_verifier: { description: 'The text behind `code_challenge` (RFC 7636).', example: VERIFIER },
  device_code: {
    description: 'From the device authorization response.',
    example: 'GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS',
  },
  dpop_jkt: {
    description: 'The thumbprint of the DPoP key that the code is bound to (RFC 9449 section 10).',
    example: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
  },
  id_token_hint: { description: 'An ID token of this server about the person.', example: EXAMPLE.jwt },
  login_hint: { description: 'The e-mail address or user name of the person.', example: 'ada@example.com' },
  logout_hint: { description: 'Who signs out, where `id_token_hint` is not sent.', example: 'ada@example.com' },
  max_age: {
    description: 'Seconds since the last sign-in after which a new one is needed.',
    schema: { type: 'integer', minimum: 0 },
    example: 3600,
  },
  nonce: { description: 'Comes back in the ID token.', example: 'n-0S6_WzA2Mj' },
  post_logout_redirect_uri: {
    description: 'Where the person goes afterwards; a registered one.',
    schema: { type: 'string', format: 'uri' },
    example: 'https://rp.example.com/signed-out',
  },
  prompt: {
    description: 'Which pages are shown, separated by spaces: `none` alone, `login`, `consent`, `select_account`.',
    example: 'login',
  },
  redirect_uri: {
    description: 'Where the response is sent to; a registered one, character by character.',
    schema: { type: 'string', format: 'uri' },
    example: EXAMPLE.redirectUri,
  },
  refresh_token: {
    description: 'The last refresh token; a new one may come with the response.',
    example: EXAMPLE.refreshToken,
  },
  request: { description: 'A request object: the parameters as a signed JWT (RFC 9101).', example: EXAMPLE.jwt },
  request_uri: { description: 'From the response to a pushed request (RFC 9126).', example: EXAMPLE.requestUri },
  requested_expiry: {
    description: 'Seconds in which the person can decide, at most 600.',
    schema: { type: 'integer', minimum: 1 },
    example: 120,
  },
  requested_token_type: {
    description: 'The type of the new token: an access token alone.',
    example: 'urn:ietf:params:oauth:token-type:access_token',
  },
  resource: {
    description: 'The resource server that the token is for (RFC 8707); it may be repeated.',
    schema: { type: 'string', format: 'uri' },
    example: 'https://api.example.com',
  },
  response_mode: {
    description: 'How the response is sent back.',
    schema: {
      type: 'string',
      enum: ['query', 'fragment', 'form_post', 'jwt', 'query.jwt', 'fragment.jwt', 'form_post.jwt'],
    },
    example: 'query',
  },
  response_type: {
    description: 'What the response contains; anything but `code` needs `CARDEA_PROFILE=oidc`.',
    schema: { type: 'string', enum: wordsOf(RESPONSE_TYPES) },
    example: 'code',
  },
  scope: {
    description: `Separated by spaces: ${SCOPES.join(', ')}, and those of resource servers.`,
    example: 'openid profile email',
  },
  state: { description: 'Comes back unchanged in the response.', example: 'af0ifjsldkj' },
  subject_token: { description: 'The access token that is exchanged (RFC 8693).', example: EXAMPLE.jwt },
  subject_token_type: {
    description: 'The type of `subject_token`.',
    example: 'urn:ietf:params:oauth:token-type:access_token',
  },
  token: { description: 'An access token or a refresh token.', example: EXAMPLE.refreshToken },
  token_type_hint: {
    description: 'What the token is; it is found without it as well.',
    schema: { type: 'string' },
    example: 'refresh_token',
  },
  ui_locales: { description: 'Languages of pages, the best first.', example: 'de en' },
  user_code: { description: 'The code that the device shows.', example: 'WDJB-MJHT' },
} as const satisfies Readonly<Record<string, Described>>;

export type ParameterName = keyof typeof PARAMETERS;

const described: Readonly<Record<ParameterName, Described>> = PARAMETERS;

/** The schema of a parameter. Its limit is one of bytes, so it is none of fewer characters. */
function schemaOf(name: ParameterName): Schema {
  const { schema = { type: 'string' } } = described[name];
  const isFixed = 'const' in schema || 'enum' in schema || schema.type !== 'string';
  return isFixed ? schema : { ...schema, maxLength: limitOf(name) };
}

/** Parameters of a query. */
export function inQuery(names: readonly ParameterName[], required: readonly ParameterName[] = []): Parameter[] {
  return names.map((name) => ({
    name,
    in: 'query',
    description: described[name].description,
    required: required.includes(name),
    schema: schemaOf(name),
    example: described[name].example,
  }));
}

/** The schema of a form. */
export function formOf(names: readonly ParameterName[], required: readonly ParameterName[] = []): Schema {
  return {
    type: 'object',
    properties: Object.fromEntries(
      names.map((name) => [name, { ...schemaOf(name), description: described[name].description }]),
    ),
    ...(required.length > 0 ? { required } : {}),
  };
}

/** An example of a form. */
export function exampleOf(...names: ParameterName[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, described[name].example]));
}

/** How a client authenticates in the form itself; otherwise it does in the header, or by its certificate. */
export const CLIENT: readonly ParameterName[] = [
  'client_id',
  'client_secret',
  'client_assertion_type',
  'client_assertion',
];

export const CLIENT_AUTHENTICATION = `A client authenticates as it is registered (\`token_endpoint_auth_method\`): ${wordsOf(AUTH_METHODS).join(', ')}.`;

/** OpenAPI has no scheme for a secret or an assertion in the form: those requests have no other security. */
export const CLIENT_SECURITY = [{ client_secret_basic: [] }, { client_certificate: [] }, {}] as const;

/** An authorization request (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1). */
export const AUTHORIZATION: readonly ParameterName[] = [
  'response_type',
  'client_id',
  'redirect_uri',
  'scope',
  'state',
  'code_challenge',
  'code_challenge_method',
  'nonce',
  'response_mode',
  'prompt',
  'max_age',
  'acr_values',
  'login_hint',
  'id_token_hint',
  'claims',
  'resource',
  'authorization_details',
  'dpop_jkt',
  'request',
  'ui_locales',
  'claims_locales',
  'audience',
];
