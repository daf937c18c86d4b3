import { invalidInput } from '../platform/errors.ts';
import { SUBJECT_FIELDS } from './certificate_subjects.ts';
import type { ClientMetadata } from './metadata_fields.ts';
import { keySetProblem } from './needed_keys.ts';
import { kindOfUri } from './uris.ts';
import { type GrantType, rowOf } from './vocabulary.ts';

/** Rules about combinations of fields: the field to change, the message, and when the rule is broken. */
type Rule = readonly [field: keyof ClientMetadata, why: string, isBroken: (client: ClientMetadata) => boolean];

const CIBA = 'urn:openid:params:grant-type:ciba';

const authentication = (client: ClientMetadata) => rowOf.authentication(client.token_endpoint_auth_method);
const has = (client: ClientMetadata, grant: GrantType) => client.grant_types.includes(grant);
const hasKeys = (client: ClientMetadata) => client.jwks !== undefined || client.jwks_uri !== undefined;
const subjectsOf = (client: ClientMetadata) => SUBJECT_FIELDS.filter((field) => client[field] !== undefined);
const isPairwiseCiba = (client: ClientMetadata) => client.subject_type === 'pairwise' && has(client, CIBA);
const isNotified = ({ backchannel_token_delivery_mode: mode }: ClientMetadata) => mode === 'ping' || mode === 'push';
const needsRedirect = (client: ClientMetadata) => client.grant_types.some((type) => rowOf.grant(type).redirects);
const redirects = (client: ClientMetadata) => [...client.redirect_uris, ...client.post_logout_redirect_uris];

const RULES: readonly Rule[] = [
  ['grant_types', 'must not be empty', (client) => client.grant_types.length === 0],
  [
    'grant_types',
    'a public client cannot use a grant that the client alone begins or vouches for (RFC 6749 section 4.4, CIBA Core section 4)',
    (client) =>
      authentication(client).isPublic === true && client.grant_types.some((type) => rowOf.grant(type).confidential),
  ],
  [
    'redirect_uris',
    'authorization_code and implicit need one',
    (client) => needsRedirect(client) && client.redirect_uris.length === 0,
  ],
  [
    'grant_types',
    'refresh_token needs a grant that has refresh tokens, such as authorization_code',
    (client) => has(client, 'refresh_token') && !client.grant_types.some((type) => rowOf.grant(type).refreshes),
  ],
  // RFC 7591 §2.1: the two lists must be consistent
  [
    'response_types',
    'must only contain those of these grant_types (RFC 7591 section 2.1)',
    (client) => client.response_types.some((type) => rowOf.response(type).grants.some((one) => !has(client, one))),
  ],
  ...(['authorization_code', 'implicit'] as const).map(
    (grant): Rule => [
      'response_types',
      `must contain one for the grant ${grant} (RFC 7591 section 2.1)`,
      (client) =>
        has(client, grant) && !client.response_types.some((type) => rowOf.response(type).grants.includes(grant)),
    ],
  ),
  [
    'pkce',
    'must not be off for a public client: PKCE is all that protects its codes (RFC 9700 section 2.1.1)',
    (client) => client.pkce === 'off' && authentication(client).isPublic === true,
  ],
  // OpenID Connect Dynamic Client Registration §2: the redirect URIs of each application type
  [
    'application_type',
    'must be native for a redirect to a private-use scheme',
    (client) => client.application_type === 'web' && redirects(client).some((uri) => kindOfUri(uri) === 'private-use'),
  ],
  [
    'redirect_uris',
    'a native client redirects to a loopback address by http (RFC 8252 section 7.3)',
    (client) =>
      client.application_type === 'native' && redirects(client).some((uri) => kindOfUri(uri) === 'loopback-https'),
  ],
  [
    'redirect_uris',
    'a web client with the implicit grant redirects by https, and not to localhost',
    (client) =>
      client.application_type === 'web' &&
      has(client, 'implicit') &&
      client.redirect_uris.some((uri) => kindOfUri(uri) !== 'web'),
  ],
  [
    'jwks',
    'must not be given together with jwks_uri (RFC 7591 section 2)',
    (client) => client.jwks !== undefined && client.jwks_uri !== undefined,
  ],
  [
    'jwks',
    'this token_endpoint_auth_method needs jwks or jwks_uri',
    (client) => authentication(client).keys === true && !hasKeys(client),
  ],
  [
    'token_endpoint_auth_signing_alg',
    'is for private_key_jwt alone',
    (client) =>
      client.token_endpoint_auth_signing_alg !== undefined && client.token_endpoint_auth_method !== 'private_key_jwt',
  ],
  [
    'jwks',
    'request objects are signed with a key in jwks or jwks_uri (RFC 9101 section 6.2)',
    (client) =>
      (client.request_object_signing_alg !== undefined || client.require_signed_request_object === true) &&
      !hasKeys(client),
  ],
  ...(['id_token', 'userinfo', 'introspection', 'authorization'] as const).flatMap((what): Rule[] => [
    [
      `${what}_encrypted_response_enc`,
      `needs ${what}_encrypted_response_alg`,
      (client) =>
        client[`${what}_encrypted_response_enc`] !== undefined &&
        client[`${what}_encrypted_response_alg`] === undefined,
    ],
    [
      'jwks',
      'answers are encrypted to a key in jwks or jwks_uri',
      (client) => client[`${what}_encrypted_response_alg`] !== undefined && !hasKeys(client),
    ],
  ]),
  [
    'tls_client_auth_subject_dn',
    'tls_client_auth needs one name, here or as tls_client_auth_san_* (RFC 8705 section 2.1.2)',
    (client) => authentication(client).authority === true && subjectsOf(client).length !== 1,
  ],
  ...SUBJECT_FIELDS.map(
    (field): Rule => [
      field,
      'is for tls_client_auth alone',
      (client) => client[field] !== undefined && authentication(client).authority !== true,
    ],
  ),
  [
    'jwks',
    'self_signed_tls_client_auth needs a key with its certificate in x5c (RFC 8705 section 2.2.2)',
    ({ token_endpoint_auth_method: method, jwks }) =>
      method === 'self_signed_tls_client_auth' && jwks !== undefined && !jwks.keys.some((key) => 'x5c' in key),
  ],
  [
    'dpop_bound_access_tokens',
    'a token is bound in one way alone: not together with tls_client_certificate_bound_access_tokens',
    (client) => client.dpop_bound_access_tokens === true && client.tls_client_certificate_bound_access_tokens === true,
  ],
  ...(['dpop_bound_access_tokens', 'tls_client_certificate_bound_access_tokens'] as const).map(
    (field): Rule => [
      field,
      'a token that comes by a redirect cannot be bound: not with a response type that has one',
      (client) => client[field] === true && client.response_types.some((type) => type.split(' ').includes('token')),
    ],
  ),
  // Encrypting needs only a public key: without a signature inside, the recipient cannot know the sender.
  [
    'userinfo_signed_response_alg',
    'is needed for userinfo_encrypted_response_alg',
    (client) =>
      client.userinfo_encrypted_response_alg !== undefined && client.userinfo_signed_response_alg === undefined,
  ],
  [
    'initiate_login_uri',
    'must be https (OpenID Connect Core section 4)',
    (client) => client.initiate_login_uri !== undefined && !client.initiate_login_uri.startsWith('https:'),
  ],
  [
    'backchannel_logout_session_required',
    'needs backchannel_logout_uri',
    (client) => client.backchannel_logout_session_required === true && client.backchannel_logout_uri === undefined,
  ],
  [
    'subject_type',
    'a pairwise client that redirects to several hosts needs sector_identifier_uri (OpenID Connect Core section 8.1)',
    (client) =>
      client.subject_type === 'pairwise' &&
      client.sector_identifier_uri === undefined &&
      new Set(client.redirect_uris.map((uri) => new URL(uri).host)).size > 1,
  ],
  [
    'sector_identifier_uri',
    'must be https (OpenID Connect Core section 8.1)',
    (client) => client.sector_identifier_uri !== undefined && !client.sector_identifier_uri.startsWith('https:'),
  ],
  [
    'backchannel_token_delivery_mode',
    'is needed for the grant urn:openid:params:grant-type:ciba: poll, ping or push (CIBA Core section 4)',
    (client) => has(client, CIBA) && client.backchannel_token_delivery_mode === undefined,
  ],
  [
    'backchannel_client_notification_endpoint',
    'is needed to ping or push (CIBA Core section 4)',
    (client) => isNotified(client) && client.backchannel_client_notification_endpoint === undefined,
  ],
  [
    'backchannel_token_delivery_mode',
    'pushed tokens cannot be bound to a key, as the request has none: use poll or ping',
    (client) =>
      client.backchannel_token_delivery_mode === 'push' &&
      (client.dpop_bound_access_tokens === true || client.tls_client_certificate_bound_access_tokens === true),
  ],
  [
    'jwks',
    'requests are signed with a key in jwks or jwks_uri (CIBA Core section 7.1.1)',
    (client) => client.backchannel_authentication_request_signing_alg !== undefined && !hasKeys(client),
  ],
  // CIBA Core §4: the sector of a client without redirect URIs is the host of its keys.
  [
    'jwks_uri',
    'a pairwise client with the grant urn:openid:params:grant-type:ciba proves itself by a key that it publishes there',
    (client) => isPairwiseCiba(client) && (client.jwks_uri === undefined || authentication(client).keys !== true),
  ],
  [
    'sector_identifier_uri',
    'a pairwise client with the grant urn:openid:params:grant-type:ciba that also redirects needs one',
    (client) =>
      isPairwiseCiba(client) && client.response_types.length > 0 && client.sector_identifier_uri === undefined,
  ],
  [
    'subject_type',
    'a client of devices cannot be pairwise: it needs no redirect URI, so it has no sector',
    (client) => client.subject_type === 'pairwise' && has(client, 'urn:ietf:params:oauth:grant-type:device_code'),
  ],
];

/** @throws AppError 400 `invalid_input` with the field of the first broken rule */
export function checkRules(client: ClientMetadata): void {
  const broken = RULES.find(([, , isBroken]) => isBroken(client));
  if (broken) throw invalidInput(broken[0], broken[1]);
  const missing = client.jwks && keySetProblem(client, client.jwks.keys);
  if (missing !== undefined) throw invalidInput('jwks', missing);
}
