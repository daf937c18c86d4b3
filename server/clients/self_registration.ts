import { invalidInput } from '../platform/errors.ts';
import { type ClientMetadata, checkMetadata, DEFAULT_SCOPE, type MetadataInput } from './metadata.ts';
import { checkServerPolicy, DEFAULT_SERVER_POLICY, type ServerPolicy } from './profiles.ts';
import { applyPolicy, hostOf, type RegistrationPolicy } from './registration_policy.ts';
import { withoutReserved } from './scopes.ts';
import { checkName } from './store.ts';
import { kindOfUri } from './uris.ts';

/** What somebody who is not the operator says that a client is to be. */
export interface SelfDescription {
  readonly name: string;
  readonly metadata: ClientMetadata;
  /** It named no scope, and nobody else did for it. */
  readonly openScope: boolean;
  /** Where it sends people back to; undefined when nowhere. */
  readonly host: string | undefined;
}

/**
 * What a client may say of itself. Not all there is: what a client is trusted with is for the operator to say, so
 * whatever is added to the metadata is not among these unless somebody has thought about it.
 */
const FIELDS = [
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
 * What people read as the client's word, and where we are to call it. Not where it is told of backchannel authentication
 * requests: it need not redirect anywhere, and nobody gets that grant without a token of the operator's that says so.
 */
const PLACES = ['client_uri', 'logo_uri', 'policy_uri', 'tos_uri', 'backchannel_logout_uri'] as const;

/**
 * Reads it, and holds it to a policy. What is not known is ignored (RFC 7591 §2), and so are places at hosts that the
 * client does not send people back to: an impostor would name those of whom it plays (§5).
 * @param body as it came, a JSON object
 * @param options.terms what this server can do for a client
 * @param options.ownHost a host that is known to be the client's
 * @throws AppError 400 `invalid_input` with the field
 */
export function readSelfDescription(
  body: Readonly<Record<string, unknown>>,
  policy: RegistrationPolicy,
  options: { readonly serverPolicy?: ServerPolicy; readonly ownHost?: string } = {},
): SelfDescription {
  const { serverPolicy = DEFAULT_SERVER_POLICY, ownHost } = options;
  const given: Record<string, unknown> = Object.fromEntries(
    FIELDS.filter((field) => Object.hasOwn(body, field) && body[field] !== null).map((field) => [field, body[field]]),
  );
  const checked = checkMetadata({
    ...given,
    // RFC 7591 §2
    grant_types: given.grant_types ?? ['authorization_code'],
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
    openScope: given.scope === undefined && policy.scopes === undefined,
    host,
  };
}

/** Everything that may be set, as it is for a client that says nothing: what an update leaves out is gone (RFC 7592 §2.2). */
export function completeUpdate(metadata: ClientMetadata): MetadataInput {
  return { ...Object.fromEntries(FIELDS.map((field) => [field, undefined])), ...metadata };
}

/** An app that only ever listens on the device that it runs on may use any port there (RFC 8252 §7.3). */
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

/**
 * The host that people are shown of a client that nobody at the operator's knows: what it calls itself proves nothing,
 * where it sends them does. @returns undefined when that is not one host on the web
 */
export function provenHost(metadata: ClientMetadata): string | undefined {
  const { redirect_uris: uris } = metadata;
  const hosts = new Set(uris.map((uri) => (kindOfUri(uri) === 'web' ? new URL(uri).origin : '')));
  const [only] = hosts;
  return hosts.size === 1 && only !== '' ? only : undefined;
}
