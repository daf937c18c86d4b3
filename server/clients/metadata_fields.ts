import { ACR_VALUES } from '../platform/acr.ts';
import { CERTIFICATE_SUBJECTS } from './certificate_subjects.ts';
import { checkJwks } from './jwks.ts';
import { flag, listOf, oneOf, type Reader, reader, redirectUri, scope, seconds, text, webUri } from './readers.ts';
import {
  APPLICATION_TYPES,
  AUTH_METHODS,
  DELIVERY_MODES,
  ENCRYPTION_ALGS,
  ENCRYPTION_ENCS,
  GRANT_TYPES,
  ID_TOKEN_CLAIMS,
  PKCE_SETTINGS,
  PROFILE_NAMES,
  RESPONSE_TYPES,
  SIGNING_ALGS,
  SUBJECT_TYPES,
  wordsOf,
} from './vocabulary.ts';

/** Fields that all clients have. */
export const COMPLETED = {
  redirect_uris: listOf(redirectUri),
  post_logout_redirect_uris: listOf(redirectUri),
  grant_types: listOf(oneOf(wordsOf(GRANT_TYPES))),
  response_types: listOf(oneOf(wordsOf(RESPONSE_TYPES))),
  token_endpoint_auth_method: oneOf(wordsOf(AUTH_METHODS)),
  application_type: oneOf(APPLICATION_TYPES),
  /** Separated by spaces; the maximum that the client may request. */
  scope,
};

/** RFC 7517 §5 */
const JWKS_SCHEMA = {
  type: 'object',
  properties: { keys: { type: 'array', items: { type: 'object' } } },
  required: ['keys'],
};

const signingAlg = oneOf(SIGNING_ALGS);
const encryptionAlg = oneOf(ENCRYPTION_ALGS);
const encryptionEnc = oneOf(ENCRYPTION_ENCS);

/** Optional fields. A new field is a row here; rules that combine fields are in metadata_rules.ts. */
export const OPTIONAL = {
  jwks: reader(JWKS_SCHEMA, (_field, value) => checkJwks(value)),
  jwks_uri: webUri,
  client_uri: webUri,
  logo_uri: webUri,
  policy_uri: webUri,
  tos_uri: webUri,
  /** Not in RFC 7591: the profile of the client, if it is stricter than the server's. */
  profile: oneOf(PROFILE_NAMES),
  /** Not in RFC 7591: the operator's decision, `auto` when it is absent. */
  pkce: oneOf(PKCE_SETTINGS),
  /** Not in RFC 7591: the operator's decision; absent: as the profile says. */
  id_token_claims: oneOf(ID_TOKEN_CLAIMS),
  token_endpoint_auth_signing_alg: signingAlg,
  // OpenID Connect Dynamic Client Registration §2
  subject_type: oneOf(SUBJECT_TYPES),
  sector_identifier_uri: webUri,
  default_max_age: seconds,
  require_auth_time: flag,
  default_acr_values: listOf(oneOf(ACR_VALUES)),
  initiate_login_uri: webUri,
  id_token_signed_response_alg: signingAlg,
  id_token_encrypted_response_alg: encryptionAlg,
  id_token_encrypted_response_enc: encryptionEnc,
  userinfo_signed_response_alg: signingAlg,
  userinfo_encrypted_response_alg: encryptionAlg,
  userinfo_encrypted_response_enc: encryptionEnc,
  // RFC 9701 §6
  introspection_signed_response_alg: signingAlg,
  introspection_encrypted_response_alg: encryptionAlg,
  introspection_encrypted_response_enc: encryptionEnc,
  // JARM §3
  authorization_signed_response_alg: signingAlg,
  authorization_encrypted_response_alg: encryptionAlg,
  authorization_encrypted_response_enc: encryptionEnc,
  // RFC 9101 §10.5
  request_object_signing_alg: signingAlg,
  require_signed_request_object: flag,
  // RFC 9396 §10
  authorization_details_types: listOf(text),
  // OpenID Connect Back-Channel Logout 1.0 §2.2
  backchannel_logout_uri: webUri,
  backchannel_logout_session_required: flag,
  // CIBA Core 1.0 §4
  backchannel_token_delivery_mode: oneOf(DELIVERY_MODES),
  backchannel_client_notification_endpoint: webUri,
  backchannel_authentication_request_signing_alg: signingAlg,
  // RFC 8705 §2.1.2, §3.4
  ...CERTIFICATE_SUBJECTS,
  tls_client_certificate_bound_access_tokens: flag,
  // RFC 9449 §5.2
  dpop_bound_access_tokens: flag,
  // RFC 9126 §6
  require_pushed_authorization_requests: flag,
};

type Read<Table extends Record<string, Reader<unknown>>> = { readonly [Name in keyof Table]: ReturnType<Table[Name]> };

/** Client metadata in the names of RFC 7591 §2, with all defaults. */
export type ClientMetadata = Read<typeof COMPLETED> & Partial<Read<typeof OPTIONAL>>;

/** Unchecked metadata. */
export type MetadataInput = { readonly [Name in keyof ClientMetadata]?: unknown };
