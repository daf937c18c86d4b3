import { METADATA_PROPERTIES } from '../../clients/metadata_schema.ts';
import { SELF_REGISTERED_FIELDS } from '../../clients/self_registration.ts';
import { GRANT_TYPES, RESPONSE_TYPES, SIGNING_ALGS, SUBJECT_TYPES, wordsOf } from '../../clients/vocabulary.ts';
import type { Schema } from '../../platform/openapi.ts';
import { CLAIMS } from '../configuration.ts';
import { ERROR_SCHEMA } from './responses.ts';

const text = (description: string): Schema => ({ type: 'string', description });
const uri = (description: string): Schema => ({ type: 'string', format: 'uri', description });
const seconds = (description: string): Schema => ({ type: 'integer', description });
const texts = (description: string): Schema => ({ type: 'array', items: { type: 'string' }, description });
const flag = (description: string): Schema => ({ type: 'boolean', description });
const object = (description: string): Schema => ({ type: 'object', description, additionalProperties: true });

const DETAILS: Schema = {
  type: 'array',
  description: 'What was granted in detail (RFC 9396).',
  items: { type: 'object', properties: { type: { type: 'string' } }, required: ['type'], additionalProperties: true },
};
const TOKEN_TYPE: Schema = {
  type: 'string',
  enum: ['Bearer', 'DPoP'],
  description: 'How the access token is presented.',
};

const FLAGS = new Set(['email_verified', 'phone_number_verified']);

function claimSchema(name: string): Schema {
  if (FLAGS.has(name)) return flag('OpenID Connect Core section 5.1.');
  if (name === 'groups' || name === 'roles' || name === 'amr') return texts(`The ${name} of the person.`);
  if (name === 'updated_at') return seconds('When the profile was last changed, in seconds since 1970.');
  if (name === 'address') return object('The postal address (OpenID Connect Core section 5.1.1).');
  return text('OpenID Connect Core section 5.1.');
}

/** The claims of all scopes (OpenID Connect Core §5.4). */
const CLAIM_PROPERTIES = Object.fromEntries(
  Object.values(CLAIMS)
    .flat()
    .map((name) => [name, claimSchema(name)]),
);

const REGISTERED = {
  ...METADATA_PROPERTIES,
  scope: text('Separated by spaces: the most that the client may request.'),
};

const own = ([field]: readonly [string, unknown]) => (SELF_REGISTERED_FIELDS as readonly string[]).includes(field);

const NAME_FIELDS = {
  client_name: text('The name that people see.'),
  software_statement: text('A signed JWT with claims about the client (RFC 7591 section 2.3).'),
};

const ENDPOINTS = [
  ...['authorization', 'token', 'userinfo', 'introspection', 'revocation', 'end_session', 'registration'],
  ...['device_authorization', 'pushed_authorization_request', 'backchannel_authentication'],
];

/** Members of the metadata that are true or false; all other `*_supported` are lists. */
const METADATA_FLAGS = [
  'authorization_response_iss_parameter_supported',
  'backchannel_logout_session_supported',
  'backchannel_logout_supported',
  'backchannel_user_code_parameter_supported',
  'claims_parameter_supported',
  'client_id_metadata_document_supported',
  'request_parameter_supported',
  'request_uri_parameter_supported',
  'require_pushed_authorization_requests',
  'require_signed_request_object',
  'tls_client_certificate_bound_access_tokens',
];

const OF_RESPONSES = ['id_token', 'userinfo', 'authorization', 'introspection'];

const METADATA_LISTS = [
  ...['acr_values', 'authorization_details_types', 'claim_types', 'claims', 'code_challenge_methods', 'response_modes'],
  ...['scopes', 'ui_locales', 'dpop_signing_alg_values', 'request_object_signing_alg_values'],
  ...['token_endpoint_auth_methods', 'token_endpoint_auth_signing_alg_values', 'backchannel_token_delivery_modes'],
  'backchannel_authentication_request_signing_alg_values',
  ...OF_RESPONSES.flatMap((one) => [
    `${one}_signing_alg_values`,
    `${one}_encryption_alg_values`,
    `${one}_encryption_enc_values`,
  ]),
].map((name) => `${name}_supported`);

const METADATA_WORDS: Readonly<Record<string, readonly string[]>> = {
  grant_types_supported: wordsOf(GRANT_TYPES),
  response_types_supported: wordsOf(RESPONSE_TYPES),
  subject_types_supported: SUBJECT_TYPES,
};

const METADATA: Schema = {
  type: 'object',
  description:
    'The metadata of the server (OpenID Connect Discovery section 3, RFC 8414 section 2). What is switched off is absent.',
  properties: {
    issuer: uri('The issuer, byte for byte as in tokens.'),
    jwks_uri: uri('The public keys.'),
    ...Object.fromEntries(
      ENDPOINTS.map((name) => [`${name}_endpoint`, uri(`The ${name.replaceAll('_', ' ')} endpoint.`)]),
    ),
    mtls_endpoint_aliases: object('Endpoints for clients with a certificate (RFC 8705 section 5).'),
    ...Object.fromEntries(METADATA_FLAGS.map((name) => [name, flag('True or false.')])),
    ...Object.fromEntries(METADATA_LISTS.map((name) => [name, texts('What is supported.')])),
    ...Object.fromEntries(
      Object.entries(METADATA_WORDS).map(([name, words]) => [
        name,
        { type: 'array', items: { type: 'string', enum: words }, description: 'What is supported.' },
      ]),
    ),
  },
  required: ['issuer', 'authorization_endpoint', 'token_endpoint', 'jwks_uri', 'response_types_supported'],
};

const KEY: Schema = {
  type: 'object',
  description: 'A public key (RFC 7517 section 4).',
  properties: {
    kty: text('The kind of key.'),
    use: text('What the key is for.'),
    alg: { type: 'string', enum: SIGNING_ALGS, description: 'The algorithm.' },
    kid: text('The id of the key, as in the header of tokens.'),
    n: text('Modulus (RSA).'),
    e: text('Exponent (RSA).'),
    crv: text('Curve.'),
    x: text('Coordinate.'),
    y: text('Coordinate.'),
  },
  required: ['kty', 'use', 'alg', 'kid'],
};

/** The schemas that more than one operation uses, or that a program wants by name. */
export const SCHEMAS: Readonly<Record<string, Schema>> = {
  Error: ERROR_SCHEMA,
  TokenResponse: {
    type: 'object',
    description: 'RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3.',
    properties: {
      access_token: text('The access token: opaque, or a JWT for a resource server (RFC 9068).'),
      token_type: TOKEN_TYPE,
      expires_in: seconds('Seconds until the access token expires.'),
      scope: text('The granted scopes, separated by spaces.'),
      id_token: text('Who signed in, and how; with the scope `openid`.'),
      refresh_token: text('Replaces the one that was presented.'),
      authorization_details: DETAILS,
      issued_token_type: text('With token exchange: the type of the token (RFC 8693 section 2.2.1).'),
      auth_req_id: text('With backchannel authentication in the mode `push`.'),
    },
    required: ['access_token', 'token_type', 'expires_in'],
  },
  Introspection: {
    type: 'object',
    description:
      'RFC 7662 section 2.2; tokens that the client may not ask about are not active. Mapped claims are further members.',
    properties: {
      active: flag('The token can be used.'),
      client_id: text('The client that the token was issued to.'),
      scope: text('The scopes of the token, separated by spaces.'),
      sub: text('The person, or the client itself.'),
      iss: uri('The issuer.'),
      aud: { type: ['string', 'array'], items: { type: 'string' }, description: 'Whom the token is for.' },
      exp: seconds('When the token expires, in seconds since 1970.'),
      iat: seconds('When it was issued.'),
      jti: text('The id of the token.'),
      token_type: { type: 'string', description: 'How it is presented; absent for refresh tokens.' },
      cnf: object('What the token is bound to: `jkt` (RFC 9449) or `x5t#S256` (RFC 8705).'),
      auth_time: seconds('When the person signed in.'),
      acr: text('How strong the sign-in was.'),
      amr: texts('By which means the person signed in (RFC 8176).'),
      act: object('Who acts for the person (RFC 8693 section 4.1).'),
      authorization_details: DETAILS,
    },
    required: ['active'],
    additionalProperties: true,
  },
  Userinfo: {
    type: 'object',
    description: 'The claims of granted scopes (OpenID Connect Core section 5.3.2). Mapped claims are further members.',
    properties: CLAIM_PROPERTIES,
    required: ['sub'],
    additionalProperties: true,
  },
  PushedRequest: {
    type: 'object',
    description: 'RFC 9126 section 2.2.',
    properties: {
      request_uri: text('For the authorization endpoint.'),
      expires_in: seconds('Seconds in which it can be used.'),
    },
    required: ['request_uri', 'expires_in'],
  },
  DeviceAuthorization: {
    type: 'object',
    description: 'RFC 8628 section 3.2.',
    properties: {
      device_code: text('For the token endpoint.'),
      user_code: text('What the person types.'),
      verification_uri: uri('Where the person types it.'),
      verification_uri_complete: uri('The same with the code, for a QR code.'),
      expires_in: seconds('Seconds until both codes expire.'),
      interval: seconds('Seconds between two token requests; 5 when absent.'),
    },
    required: ['device_code', 'user_code', 'verification_uri', 'expires_in'],
  },
  BackchannelAuthentication: {
    type: 'object',
    description: 'CIBA Core section 7.3.',
    properties: {
      auth_req_id: text('For the token endpoint.'),
      expires_in: seconds('Seconds in which the person can decide.'),
      interval: seconds('Seconds between two token requests; 5 when absent.'),
    },
    required: ['auth_req_id', 'expires_in'],
  },
  ClientMetadata: {
    type: 'object',
    description: 'RFC 7591 section 2. Unknown fields are ignored.',
    properties: { ...NAME_FIELDS, ...Object.fromEntries(Object.entries(METADATA_PROPERTIES).filter(own)) },
  },
  RegisteredClient: {
    type: 'object',
    description: 'RFC 7591 section 3.2.1, RFC 7592 section 3.',
    properties: {
      client_id: text('The id of the client.'),
      client_id_issued_at: seconds('In seconds since 1970.'),
      client_secret: text('The secret, in the response to a registration alone.'),
      client_secret_expires_at: seconds('0: it does not expire.'),
      registration_access_token: text('The token that manages the registration.'),
      registration_client_uri: uri('Where the registration is managed.'),
      ...NAME_FIELDS,
      ...REGISTERED,
    },
    required: ['client_id', 'registration_access_token', 'registration_client_uri'],
  },
  ServerMetadata: METADATA,
  ResourceMetadata: {
    type: 'object',
    description: 'RFC 9728 section 2.',
    properties: {
      resource: uri('The resource server, as the parameter `resource` names it.'),
      authorization_servers: texts('Where tokens for it come from.'),
      scopes_supported: texts('The scopes of its operations.'),
      bearer_methods_supported: texts('Where the token is sent.'),
      resource_name: text('A name for people.'),
      tls_client_certificate_bound_access_tokens: flag('Tokens may be bound to a certificate (RFC 8705).'),
      dpop_signing_alg_values_supported: texts('The algorithms of DPoP proofs.'),
      dpop_bound_access_tokens_required: flag('Tokens must be bound to a DPoP key.'),
    },
    required: ['resource', 'authorization_servers'],
  },
  JsonWebKeySet: {
    type: 'object',
    description: 'RFC 7517 section 5.',
    properties: { keys: { type: 'array', items: KEY } },
    required: ['keys'],
  },
  Health: {
    type: 'object',
    properties: { status: { type: 'string', const: 'ok' } },
    required: ['status'],
  },
  ApiVersion: {
    type: 'object',
    properties: {
      version: { type: 'string', description: 'The part of the path that names it.' },
      openapi: uri('Its description (OpenAPI 3.1).'),
      documentation: uri('The same for people.'),
      resource_metadata: uri('Where access tokens for it come from (RFC 9728).'),
    },
    required: ['version', 'openapi', 'documentation', 'resource_metadata'],
  },
  PasskeyEndpoints: {
    type: 'object',
    description: 'W3C "A Well-Known URL for Relying Party Passkey Endpoints".',
    properties: { enroll: uri('Where a passkey is added.'), manage: uri('Where passkeys are managed.') },
    required: ['enroll', 'manage'],
  },
};
