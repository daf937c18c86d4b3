/**
 * What the provider's own grants are made of, and its package does not declare: a grant of ours that bound tokens to keys
 * in another way than they do would be a way round them.
 */
declare module 'oidc-provider/lib/helpers/grants.js' {
  import type { X509Certificate } from 'node:crypto';
  import type { KoaContextWithOIDC, Provider, ResourceServerInstance } from 'oidc-provider';

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
}
