/**
 * The words that client metadata is made of (RFC 7591 §2), each with what follows from it. Whoever adds a grant, a
 * response type or a way to authenticate adds a row here.
 */

interface Grant {
  /** It ends with a redirect to the client. */
  readonly redirects?: true;
  /** The client must prove who it is. */
  readonly confidential?: true;
  /** Its answer may hold a refresh token. */
  readonly refreshes?: true;
  /** What a client has that does not say which grants it wants. */
  readonly byDefault?: true;
}

export const GRANT_TYPES = {
  authorization_code: { redirects: true, refreshes: true, byDefault: true },
  // OpenID Connect Dynamic Client Registration §2: what stands for every token that comes by a redirect
  implicit: { redirects: true },
  refresh_token: { byDefault: true },
  // RFC 8628 §3.4
  'urn:ietf:params:oauth:grant-type:device_code': { refreshes: true },
  // OpenID Connect Client-Initiated Backchannel Authentication Core 1.0 §4
  'urn:openid:params:grant-type:ciba': { confidential: true, refreshes: true },
  // RFC 6749 §4.4
  client_credentials: { confidential: true, byDefault: true },
  // RFC 8693: useless without the operator's policy, see token_exchange.ts
  'urn:ietf:params:oauth:grant-type:token-exchange': { confidential: true },
} as const satisfies Record<string, Grant>;
export type GrantType = keyof typeof GRANT_TYPES;

interface ResponseType {
  /** The grants that it needs, and that need it or another like it. */
  readonly grants: readonly GrantType[];
  readonly byDefault?: true;
}

/** OAuth 2.0 Multiple Response Type Encoding Practices §3, §5. Bare `token` is not among them: nobody is signed in by it. */
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
  /** What the client and we share. Only its hash is kept, so nothing can be keyed with it: no HS256, no `dir`. */
  readonly secret?: true;
  /** What proves the client is one of its keys. */
  readonly keys?: true;
  /** What proves the client is a certificate that an authority has issued for a name that is agreed upon. */
  readonly authority?: true;
  /** Nothing proves it. */
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

/** How a client gets to know what came of a backchannel authentication request (CIBA Core §5). */
export const DELIVERY_MODES = ['poll', 'ping', 'push'] as const;
export type DeliveryMode = (typeof DELIVERY_MODES)[number];

export const APPLICATION_TYPES = ['web', 'native'] as const;
export const SUBJECT_TYPES = ['public', 'pairwise'] as const;

/** RFC 7518 §3.1, RFC 8037 §3.1: with key pairs alone, see `secret` above. */
export const SIGNING_ALGS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;
export type SigningAlg = (typeof SIGNING_ALGS)[number];

/** RFC 7518 §4.1: for the client's public key. */
export const ENCRYPTION_ALGS = ['RSA-OAEP', 'RSA-OAEP-256', 'ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A256KW'] as const;

/** RFC 7518 §5.1 */
export const ENCRYPTION_ENCS = ['A128CBC-HS256', 'A256CBC-HS512', 'A128GCM', 'A256GCM'] as const;

/** Weakest first: what a client may be held to, see server/oidc/profiles.ts. */
export const PROFILE_NAMES = ['oidc', 'oauth21', 'fapi2'] as const;
export type ProfileName = (typeof PROFILE_NAMES)[number];

/** The words of a table, in its order. */
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
