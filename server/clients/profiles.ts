import { invalidInput } from '../platform/errors.ts';
import type { ClientMetadata } from './metadata_fields.ts';
import {
  type AuthMethod,
  DELIVERY_MODES,
  type DeliveryMode,
  type IdTokenClaims,
  type PkceSetting,
  PROFILE_NAMES,
  type ProfileName,
  type ResponseTypeName,
  rowOf,
  SIGNING_ALGS,
  type SigningAlg,
  TOKEN_TYPS,
  type TokenTyp,
} from './vocabulary.ts';

/** The rules of a profile. `server/oidc/profiles.ts` applies them. */
export interface Profile {
  /** Response types that clients may use. */
  readonly responseTypes: readonly ResponseTypeName[];
  readonly responseModes: readonly string[];
  /**
   * Who must use PKCE (RFC 7636): everybody, for any setting of a client; public clients, and the others unless a nonce
   * protects the code; or public clients alone.
   */
  readonly pkce: 'everybody' | 'unless a nonce protects the code' | 'public clients';
  /** Client authentication methods; undefined: all, including none. */
  readonly authMethods: readonly string[] | undefined;
  /** Values of `aud` in client assertions: this server's issuer alone, or also the URLs of its endpoints. */
  readonly assertionAudiences: 'issuer' | 'issuer and endpoints';
  /** Algorithms of all signatures, of the server and of clients. */
  readonly signingAlgs: readonly SigningAlg[];
  /** Authorization requests are pushed (RFC 9126). */
  readonly pushed: boolean;
  /** Access tokens are bound to a key (RFC 9449) or a certificate (RFC 8705). */
  readonly senderConstrained: boolean;
  /** Maximum lifetime of an authorization code, in seconds; undefined: as configured. */
  readonly codeSeconds: number | undefined;
  /** Claims in ID tokens of clients for which the operator has not decided. */
  readonly idTokenClaims: IdTokenClaims;
  /** Types of access tokens for resource servers. The first takes the place of another that a resource server has. */
  readonly tokenTyps: readonly TokenTyp[];
  /** A refresh token is replaced when it is used. */
  readonly rotatesRefreshTokens: boolean;
  /** Delivery modes of backchannel authentication (CIBA). */
  readonly deliveryModes: readonly DeliveryMode[];
  /** Backchannel authentication requests must be signed. */
  readonly signsBackchannelRequests: boolean;
  /** Maximum lifetime of a signed request, in seconds, which it must contain; undefined: no limit. */
  readonly requestObjectSeconds: number | undefined;
}

const QUERY_MODES = ['query', 'form_post', 'jwt', 'query.jwt', 'form_post.jwt'];
const ALL_MODES = [...QUERY_MODES, 'fragment', 'fragment.jwt'];

export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  /** Features that the certification profiles of OpenID Connect need in addition to OAuth 2.1. */
  oidc: {
    responseTypes: ['code', 'id_token', 'id_token token', 'code id_token', 'code token', 'code id_token token'],
    responseModes: ALL_MODES,
    pkce: 'public clients',
    authMethods: undefined,
    assertionAudiences: 'issuer and endpoints',
    signingAlgs: SIGNING_ALGS,
    pushed: false,
    senderConstrained: false,
    codeSeconds: undefined,
    idTokenClaims: 'full',
    tokenTyps: TOKEN_TYPS,
    rotatesRefreshTokens: true,
    deliveryModes: DELIVERY_MODES,
    signsBackchannelRequests: false,
    requestObjectSeconds: undefined,
  },
  /** draft-ietf-oauth-v2-1, RFC 9700 */
  oauth21: {
    responseTypes: ['code'],
    responseModes: ALL_MODES,
    pkce: 'unless a nonce protects the code',
    authMethods: undefined,
    assertionAudiences: 'issuer and endpoints',
    signingAlgs: SIGNING_ALGS,
    pushed: false,
    senderConstrained: false,
    codeSeconds: undefined,
    idTokenClaims: 'full',
    tokenTyps: TOKEN_TYPS,
    rotatesRefreshTokens: true,
    deliveryModes: DELIVERY_MODES,
    signsBackchannelRequests: false,
    requestObjectSeconds: undefined,
  },
  /** FAPI 2.0 Security Profile §5.3.2, §5.4; rules for clients that sign requests are from Message Signing §5.3. */
  fapi2: {
    responseTypes: ['code'],
    responseModes: QUERY_MODES,
    pkce: 'everybody',
    authMethods: ['private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth'],
    assertionAudiences: 'issuer',
    signingAlgs: ['PS256', 'ES256', 'EdDSA'],
    pushed: true,
    senderConstrained: true,
    codeSeconds: 60,
    idTokenClaims: 'minimal',
    // RFC 8725 §3.11: explicit typing
    tokenTyps: ['at+jwt'],
    // They are bound to the client's authentication, so rotation would only cause lost responses.
    rotatesRefreshTokens: false,
    // FAPI-CIBA §5.2.2: pushed tokens are not bound to a key.
    deliveryModes: ['poll', 'ping'],
    signsBackchannelRequests: true,
    requestObjectSeconds: 3_600,
  },
};

export function stricterOf(a: ProfileName, b: ProfileName): ProfileName {
  return PROFILE_NAMES.indexOf(a) > PROFILE_NAMES.indexOf(b) ? a : b;
}

/** The profile and the algorithms that this server supports. */
export interface ServerPolicy {
  readonly profile: ProfileName;
  /** Algorithms that it has keys for. */
  readonly signingAlgs: readonly SigningAlg[];
}

export const DEFAULT_SERVER_POLICY: ServerPolicy = { profile: 'oauth21', signingAlgs: ['RS256', 'PS256'] };

/** An RSA key is used with both (RFC 7518 §3.3, §3.5). */
export function signingAlgsOf(rings: readonly string[]): SigningAlg[] {
  return rings.flatMap((ring) => (ring === 'RS256' ? ['RS256', 'PS256'] : [ring])) as SigningAlg[];
}

/** The profile that applies to a client: its own, if that is stricter than the server's. */
export function profileOf(client: Pick<ClientMetadata, 'profile'>, { profile }: ServerPolicy): ProfileName {
  return stricterOf(client.profile ?? profile, profile);
}

/** The requests of a client that need PKCE. */
export type NeededPkce = 'always' | 'without_nonce' | 'never';

/**
 * When a client must use PKCE, by its profile and the operator's setting. A nonce in the ID token also protects the code of a
 * confidential client (draft-ietf-oauth-v2-1 §7.5.1, RFC 9700 §2.1.1).
 */
export function neededPkce(
  client: { readonly pkce?: PkceSetting | undefined; readonly token_endpoint_auth_method: AuthMethod },
  profile: ProfileName,
): NeededPkce {
  const { pkce = 'auto', token_endpoint_auth_method: method } = client;
  const rule = PROFILES[profile].pkce;
  if (rule === 'everybody' || rowOf.authentication(method).isPublic || pkce === 'required') return 'always';
  return rule === 'unless a nonce protects the code' && pkce === 'auto' ? 'without_nonce' : 'never';
}

const CLIENT_ALG_FIELDS = [
  'token_endpoint_auth_signing_alg',
  'request_object_signing_alg',
  'backchannel_authentication_request_signing_alg',
] as const;
const SIGNED_RESPONSES = ['id_token', 'userinfo', 'introspection', 'authorization'] as const;

interface ProfileViolation {
  readonly field: keyof ClientMetadata;
  readonly why: string;
}

/** The first conflict of a client with its profile, if there is one. */
export function profileViolation(client: ClientMetadata, serverPolicy: ServerPolicy): ProfileViolation | undefined {
  const name = profileOf(client, serverPolicy);
  const { authMethods, signingAlgs, deliveryModes, signsBackchannelRequests } = PROFILES[name];
  const method = client.token_endpoint_auth_method;
  if (authMethods && !authMethods.includes(method)) {
    return {
      field: 'token_endpoint_auth_method',
      why: `must be one of ${authMethods.join(', ')} in the profile ${name}`,
    };
  }
  const mode = client.backchannel_token_delivery_mode;
  if (mode !== undefined && !deliveryModes.includes(mode)) {
    const field = 'backchannel_token_delivery_mode';
    return { field, why: `must be one of ${deliveryModes.join(', ')} in the profile ${name}` };
  }
  const isCiba = client.grant_types.includes('urn:openid:params:grant-type:ciba');
  if (signsBackchannelRequests && isCiba && client.backchannel_authentication_request_signing_alg === undefined) {
    return { field: 'backchannel_authentication_request_signing_alg', why: `is needed in the profile ${name}` };
  }
  const clientFields = CLIENT_ALG_FIELDS.map((field) => [field, signingAlgs] as const);
  const possible = signingAlgs.filter((alg) => serverPolicy.signingAlgs.includes(alg));
  const serverFields = SIGNED_RESPONSES.map((what) => [`${what}_signed_response_alg`, possible] as const);
  const wrong = [...clientFields, ...serverFields].find(([field, allowed]) => {
    const alg = client[field];
    return alg !== undefined && !allowed.includes(alg);
  });
  return (
    wrong && { field: wrong[0], why: `must be one of ${wrong[1].join(', ')} on this server, in the profile ${name}` }
  );
}

/**
 * Checks new metadata against the server's profile. Existing clients that conflict with a profile that became stricter
 * are limited by `applyProfile` instead.
 * @throws AppError 400 `invalid_input` with the field
 */
export function checkServerPolicy(client: ClientMetadata, serverPolicy: ServerPolicy): void {
  const name = profileOf(client, serverPolicy);
  if (client.profile !== undefined && client.profile !== name) {
    throw invalidInput('profile', `must not be laxer than the server's, which is ${serverPolicy.profile}`);
  }
  const { responseTypes, pkce } = PROFILES[name];
  if (client.pkce === 'off' && pkce === 'everybody') {
    throw invalidInput('pkce', `must not be off in the profile ${name}, where every app uses PKCE`);
  }
  const other = client.response_types.find((type) => !responseTypes.includes(type));
  if (other) throw invalidInput('response_types', `must not contain "${other}" in the profile ${name}`);
  const violation = profileViolation(client, serverPolicy);
  if (violation) throw invalidInput(violation.field, violation.why);
}

/** The metadata of a client, limited by its profile and with the profile's requirements. */
export function applyProfile(
  client: ClientMetadata,
  serverPolicy: ServerPolicy,
): ClientMetadata & { readonly profile: ProfileName } {
  const name = profileOf(client, serverPolicy);
  const profile = PROFILES[name];
  const response_types = client.response_types.filter((type) => profile.responseTypes.includes(type));
  const alg = serverPolicy.signingAlgs.find((one) => profile.signingAlgs.includes(one));
  return {
    ...(alg && { id_token_signed_response_alg: alg }),
    ...(alg && { introspection_signed_response_alg: alg }),
    ...(alg && { authorization_signed_response_alg: alg }),
    id_token_claims: profile.idTokenClaims,
    ...client,
    profile: name,
    response_types,
    grant_types: client.grant_types.filter(
      (type) => type !== 'implicit' || response_types.some((one) => one !== 'code'),
    ),
    ...(profile.pushed && { require_pushed_authorization_requests: true }),
    ...(profile.senderConstrained &&
      !client.tls_client_certificate_bound_access_tokens && { dpop_bound_access_tokens: true }),
  };
}
