import { invalidInput } from '../platform/errors.ts';
import { checkName } from './client.ts';
import { type ClientMetadata, checkMetadata, DEFAULT_SCOPE, type MetadataInput } from './metadata.ts';
import { checkServerPolicy, DEFAULT_SERVER_POLICY, type ServerPolicy } from './profiles.ts';
import { applyPolicy, hostOf, type RegistrationPolicy, withOffered } from './registration_policy.ts';
import { namesApiScopes, withoutReserved } from './scopes.ts';

/** The metadata of a client that the operator did not write. */
export interface SelfDescription {
  readonly name: string;
  readonly metadata: ClientMetadata;
  /** It may ask for all scopes of resource servers that are open to such clients. */
  readonly openScope: boolean;
  /** The host of its redirect URIs; undefined without one. */
  readonly host: string | undefined;
}

/**
 * Fields that a client may set by itself. Not all fields: the operator decides what a client is trusted with, so a new
 * field is not allowed here by default.
 */
export const SELF_REGISTERED_FIELDS = [
  'redirect_uris',
  'post_logout_redirect_uris',
  'grant_types',
  'response_types',
  'token_endpoint_auth_method',
  'token_endpoint_auth_signing_alg',
  'application_type',
  'scope',
  'jwks',
  'jwks_uri',
  'client_uri',
  'logo_uri',
  'policy_uri',
  'tos_uri',
  'subject_type',
  'sector_identifier_uri',
  'default_max_age',
  'require_auth_time',
  'default_acr_values',
  'initiate_login_uri',
  'id_token_signed_response_alg',
  'id_token_encrypted_response_alg',
  'id_token_encrypted_response_enc',
  'userinfo_signed_response_alg',
  'userinfo_encrypted_response_alg',
  'userinfo_encrypted_response_enc',
  'authorization_signed_response_alg',
  'authorization_encrypted_response_alg',
  'authorization_encrypted_response_enc',
  'request_object_signing_alg',
  'require_signed_request_object',
  'require_pushed_authorization_requests',
  'backchannel_logout_uri',
  'backchannel_logout_session_required',
  'backchannel_token_delivery_mode',
  'backchannel_client_notification_endpoint',
  'backchannel_authentication_request_signing_alg',
  'dpop_bound_access_tokens',
  'tls_client_certificate_bound_access_tokens',
] as const satisfies readonly (keyof ClientMetadata)[];

/**
 * The address that people see as the client's, and one that this server calls: only at its own hosts. (Its other pages
 * are shown as what they are, see shown_origin.ts.) The endpoint for backchannel authentication is not here: such a
 * client needs no redirect URI, and gets that grant only with an initial access token of the operator.
 */
const PLACES = ['client_uri', 'backchannel_logout_uri'] as const;

/**
 * Reads the metadata and applies the policy. Unknown fields and grant types that are not on offer are ignored (RFC 7591
 * §2), and so are the URIs of PLACES on hosts that are not among the redirect URIs: an impostor would use those of the
 * app that it imitates (§5).
 * @param body the JSON object of the request
 * @param options.serverPolicy what this server supports
 * @param options.ownHost a host that certainly belongs to the client
 * @throws AppError 400 `invalid_input` with the field
 */
export function readSelfDescription(
  body: Readonly<Record<string, unknown>>,
  policy: RegistrationPolicy,
  options: { readonly serverPolicy?: ServerPolicy; readonly ownHost?: string } = {},
): SelfDescription {
  const { serverPolicy = DEFAULT_SERVER_POLICY, ownHost } = options;
  const given: Record<string, unknown> = Object.fromEntries(
    SELF_REGISTERED_FIELDS.filter((field) => Object.hasOwn(body, field) && !isLeftOut(field, body[field])).map(
      (field) => [field, body[field]],
    ),
  );
  const checked = checkMetadata({
    // RFC 7591 §2: the default of `grant_types`
    ...withOffered(
      { ...given, grant_types: given.grant_types ?? ['authorization_code'] },
      policy,
      serverPolicy.profile,
    ),
    scope: given.scope ?? policy.scopes?.join(' ') ?? DEFAULT_SCOPE,
    ...(given.application_type === undefined && isOnDevice(given.redirect_uris) ? { application_type: 'native' } : {}),
  } as MetadataInput);
  checkServerPolicy(checked, serverPolicy);
  applyPolicy(checked, policy);
  const hosts = new Set([...checked.redirect_uris.map(hostOf), ...(ownHost ? [ownHost] : [])]);
  const foreign = PLACES.filter((place) => checked[place] !== undefined && !hosts.has(hostOf(checked[place])));
  const metadata = Object.fromEntries(
    Object.entries({ ...checked, scope: withoutReserved(checked.scope, policy.scopes) }).filter(
      ([field]) => !(foreign as string[]).includes(field),
    ),
  ) as ClientMetadata;
  const host = metadata.redirect_uris[0] === undefined ? undefined : hostOf(metadata.redirect_uris[0]);
  return {
    name: checkName(body.client_name ?? ownHost ?? host ?? 'Client', 'client_name'),
    metadata,
    openScope: policy.scopes === undefined && (given.scope === undefined || namesApiScopes(checked.scope)),
    host,
  };
}

/**
 * The values of all fields for a client that sets none: an update removes fields that it leaves out (RFC 7592 §2.2).
 */
export function completeUpdate(metadata: ClientMetadata): MetadataInput {
  return { ...Object.fromEntries(SELF_REGISTERED_FIELDS.map((field) => [field, undefined])), ...metadata };
}

/** RFC 7591 §2: null is as good as nothing; an empty scope is none by RFC 6749 §3.3, and what some agents send. */
function isLeftOut(field: string, value: unknown): boolean {
  return value === null || (field === 'scope' && value === '');
}

/** An app that only listens on its own device may use any port there (RFC 8252 §7.3). */
function isOnDevice(redirects: unknown): boolean {
  if (!Array.isArray(redirects) || redirects.length === 0) return false;
  return redirects.every((uri) => {
    const url = typeof uri === 'string' ? URL.parse(uri) : null;
    return url !== null && url.protocol !== 'https:';
  });
}

/** @throws AppError 400 `invalid_input` */
export function objectOf(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidInput(field, 'must be a JSON object');
  }
  return value as Readonly<Record<string, unknown>>;
}
