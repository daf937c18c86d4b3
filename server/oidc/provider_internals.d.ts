/**
 * What the provider's own grants are made of, and its package does not declare: a grant of ours that bound tokens to keys
 * in another way than they do would be a way round them.
 */
declare module 'oidc-provider/lib/helpers/grants.js' {
  import type { X509Certificate } from 'node:crypto';
  import type {
    AccessToken,
    Account,
    Grant,
    KoaContextWithOIDC,
    Provider,
    ResourceServerInstance,
  } from 'oidc-provider';

  interface DpopProof {
    /** RFC 7638 */
    readonly thumbprint: string;
    readonly jti: string;
  }

  /** RFC 9449 §4.3. @returns undefined without a proof. @throws InvalidDpopProof, UseDpopNonce */
  export function validateDpop(provider: Provider, ctx: KoaContextWithOIDC): Promise<DpopProof | undefined>;
  /** RFC 9449 §11.1. @throws InvalidGrant */
  export function checkDpopReplay(
    provider: Provider,
    ctx: KoaContextWithOIDC,
    proof: DpopProof | undefined,
    clientId: string,
  ): Promise<void>;
  /** @throws InvalidGrant without a proof, for a client that has to have one */
  export function checkDpopRequired(provider: Provider, ctx: KoaContextWithOIDC, proof: DpopProof | undefined): void;
  /** @returns the certificate of a client whose tokens are bound to one. @throws InvalidGrant without */
  export function checkMtlsCert(provider: Provider, ctx: KoaContextWithOIDC): string | X509Certificate | undefined;
  /** RFC 8707 §2. @throws InvalidTarget */
  export function resolveRequestedResources(
    provider: Provider,
    ctx: KoaContextWithOIDC,
  ): Promise<ResourceServerInstance[]>;

  /** What tokens are issued for: a code or the like. */
  type GrantSource = InstanceType<Provider['BackchannelAuthenticationRequest']>;

  export function findAccount(
    provider: Provider,
    ctx: KoaContextWithOIDC,
    accountId: string,
    source: GrantSource,
  ): Promise<Account | undefined>;
  /** Scope and audience of the token. @throws InvalidTarget */
  export function resolveAndApplyResource(
    provider: Provider,
    ctx: KoaContextWithOIDC,
    source: GrantSource,
    token: AccessToken,
    grant: Grant,
  ): Promise<unknown>;
  /** RFC 9396 §6 */
  export function applyAuthorizationDetails(
    provider: Provider,
    ctx: KoaContextWithOIDC,
    token: AccessToken,
    source: GrantSource,
  ): Promise<void>;
  export function shouldIssueRefreshToken(
    provider: Provider,
    ctx: KoaContextWithOIDC,
    source: GrantSource,
  ): Promise<boolean>;
  /** RFC 6749 §5.1 */
  export function buildTokenResponse(
    provider: Provider,
    parts: {
      readonly accessToken: string;
      readonly authorizationDetails?: unknown;
      readonly expiresIn: number;
      readonly idToken: string;
      readonly refreshToken: string | undefined;
      readonly scope: string | undefined;
      readonly tokenType: string;
    },
  ): Record<string, unknown>;
}

/** What has to hold of the claims of a JWT. */
declare module 'oidc-provider/lib/helpers/jwt.js' {
  export function assertPayload(
    payload: unknown,
    options: {
      readonly ignoreExpiration?: boolean;
      readonly audience?: string;
      readonly issuer?: string;
      readonly subject?: boolean;
    },
  ): void;
}

/** A provider's own state. */
declare module 'oidc-provider/lib/helpers/weak_cache.js' {
  import type { KoaContextWithOIDC, Provider } from 'oidc-provider';

  type Send = (
    ctx: KoaContextWithOIDC,
    redirectUri: string,
    answer: Readonly<Record<string, string>>,
  ) => void | Promise<void>;

  export default function instance(provider: Provider): { readonly responseModes: Map<string, Send> };
}

/** The request that is being served, as the provider's models ask for it. */
declare module 'oidc-provider/lib/helpers/als.js' {
  import type { AsyncLocalStorage } from 'node:async_hooks';
  import type { KoaContextWithOIDC } from 'oidc-provider';

  const storage: AsyncLocalStorage<KoaContextWithOIDC>;
  export default storage;
}

/** Of the claims that a request asks for by name, those that are granted. */
declare module 'oidc-provider/lib/helpers/filter_claims.js' {
  import type { ClaimsParameter, Grant } from 'oidc-provider';

  export default function filterClaims(
    claims: ClaimsParameter | undefined,
    target: 'id_token' | 'userinfo',
    grant: Grant,
  ): Record<string, ClaimsParameter[keyof ClaimsParameter] & object>;
}
