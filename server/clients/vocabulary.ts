/**
 * The values of client metadata (RFC 7591 §2), each with its properties. A new grant, response type or authentication
 * method is a row here.
 */

interface Grant {
  /** It ends with a redirect to the client. */
  readonly redirects?: true;
  /** The client must authenticate. */
  readonly confidential?: true;
  /** Its response may contain a refresh token. */
  readonly refreshes?: true;
  /** The grant is a default of clients without `grant_types`. */
  readonly byDefault?: true;
}

export const GRANT_TYPES = {
  authorization_code: { redirects: true, refreshes: true, byDefault: true },
  // OpenID Connect Dynamic Client Registration §2: for all tokens in redirects
  implicit: { redirects: true },
  refresh_token: { byDefault: true },
  // RFC 8628 §3.4
  'urn:ietf:params:oauth:grant-type:device_code': { refreshes: true },
  // OpenID Connect Client-Initiated Backchannel Authentication Core 1.0 §4
  'urn:openid:params:grant-type:ciba': { confidential: true, refreshes: true },
  // RFC 6749 §4.4
  client_credentials: { confidential: true, byDefault: true },
  // RFC 8693: needs a policy of the operator, see token_exchange.ts
  'urn:ietf:params:oauth:grant-type:token-exchange': { confidential: true },
} as const satisfies Record<string, Grant>;
export type GrantType = keyof typeof GRANT_TYPES;

interface ResponseType {
  /** The grants that it needs, each of which needs it or another response type. */
  readonly grants: readonly GrantType[];
  readonly byDefault?: true;
}

/** OAuth 2.0 Multiple Response Type Encoding Practices §3, §5. Without `token` alone, which is no sign-in. */
export const RESPONSE_TYPES = {
  code: { grants: ['authorization_code'], byDefault: true },
  id_token: { grants: ['implicit'] },
  'id_token token': { grants: ['implicit'] },
  'code id_token': { grants: ['authorization_code', 'implicit'] },
  'code token': { grants: ['authorization_code', 'implicit'] },
  'code id_token token': { grants: ['authorization_code', 'implicit'] },
} as const satisfies Record<string, ResponseType>;
export type ResponseTypeName = keyof typeof RESPONSE_TYPES;

interface Authentication {
  /** A shared secret. Only its hash is stored, so it cannot be a key: no HS256, no `dir`. */
  readonly secret?: true;
  /** The client authenticates with one of its keys. */
  readonly keys?: true;
  /** The client authenticates with a certificate that an authority has issued for an agreed name. */
  readonly authority?: true;
  /** No authentication. */
  readonly isPublic?: true;
}

export const AUTH_METHODS = {
  client_secret_basic: { secret: true },
  client_secret_post: { secret: true },
  private_key_jwt: { keys: true },
  // RFC 8705 §2
  tls_client_auth: { authority: true },
  self_signed_tls_client_auth: { keys: true },
  none: { isPublic: true },
} as const satisfies Record<string, Authentication>;
export type AuthMethod = keyof typeof AUTH_METHODS;

/** How a client gets the result of a backchannel authentication request (CIBA Core §5). */
export const DELIVERY_MODES = ['poll', 'ping', 'push'] as const;
export type DeliveryMode = (typeof DELIVERY_MODES)[number];

export const APPLICATION_TYPES = ['web', 'native'] as const;
export const SUBJECT_TYPES = ['public', 'pairwise'] as const;

/** RFC 7518 §3.1, RFC 8037 §3.1: only with key pairs, see `secret` above. */
export const SIGNING_ALGS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;
export type SigningAlg = (typeof SIGNING_ALGS)[number];

/** RFC 7518 §4.1: for the client's public key. */
export const ENCRYPTION_ALGS = ['RSA-OAEP', 'RSA-OAEP-256', 'ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A256KW'] as const;

/** RFC 7518 §5.1 */
export const ENCRYPTION_ENCS = ['A128CBC-HS256', 'A256CBC-HS512', 'A128GCM', 'A256GCM'] as const;

/** When a client must use PKCE (RFC 7636): always, as its profile says, or never. */
export const PKCE_SETTINGS = ['required', 'auto', 'off'] as const;
export type PkceSetting = (typeof PKCE_SETTINGS)[number];

/** The content of an ID token of the token endpoint: the claims of granted scopes, or only who signed in and how. */
export const ID_TOKEN_CLAIMS = ['full', 'minimal'] as const;
export type IdTokenClaims = (typeof ID_TOKEN_CLAIMS)[number];

/**
 * The `typ` header of access tokens for a resource server: the one of RFC 9068 §2.1, by which no other JWT is taken for an
 * access token, or the general one, because some libraries refuse the first.
 */
export const TOKEN_TYPS = ['at+jwt', 'JWT'] as const;
export type TokenTyp = (typeof TOKEN_TYPS)[number];

/** From the least to the most strict, see server/oidc/profiles.ts. */
export const PROFILE_NAMES = ['oidc', 'oauth21', 'fapi2'] as const;
export type ProfileName = (typeof PROFILE_NAMES)[number];

/** The values of a table, in its order. */
export function wordsOf<T extends object>(table: T): (keyof T & string)[] {
  return Object.keys(table) as (keyof T & string)[];
}

export const rowOf: {
  grant(type: GrantType): Grant;
  response(type: ResponseTypeName): ResponseType;
  authentication(method: AuthMethod): Authentication;
} = {
  grant: (type) => GRANT_TYPES[type],
  response: (type) => RESPONSE_TYPES[type],
  authentication: (method) => AUTH_METHODS[method],
};
