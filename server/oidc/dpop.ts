/** RFC 9449 §5.1: asymmetric algorithms alone. */
export const PROOF_ALGS = ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256'] as const;

/** RFC 9449 §5 */
export const INVALID_PROOF = 'invalid_dpop_proof';

export interface DpopOptions {
  /** 32 bytes each, the same on all nodes and after a restart: the first makes nonces, and those of all are accepted. */
  readonly nonceSecrets: readonly Buffer[];
  /** Demands a nonce of this server in each proof (RFC 9449 §8), so that no proof can be made in advance. */
  readonly nonceRequired: boolean;
}

/** The provider verifies proofs; that each is used once is decided by the database (steps/proof.ts). */
export function dpopFeature({ nonceSecrets: [nonceSecret], nonceRequired }: DpopOptions) {
  return { enabled: true, nonceSecret, requireNonce: () => nonceRequired, allowReplay: true };
}

/** RFC 9449 §7.1: how a resource refuses a proof. */
export function challengeForProof(description: string): string {
  return `DPoP error="${INVALID_PROOF}", error_description="${description}", algs="${PROOF_ALGS.join(' ')}"`;
}
