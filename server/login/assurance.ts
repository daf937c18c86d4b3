import { ACR_VALUES } from '../clients/vocabulary.ts';

const [oneFactor, twoFactors] = ACR_VALUES;

/** What they are worth here. */
export const ACR = { oneFactor, twoFactors } as const;

/** What the methods that have succeeded (RFC 8176) are worth together. */
export function acrOf(amr: readonly string[]): string {
  return amr.includes('mfa') ? ACR.twoFactors : ACR.oneFactor;
}

/** Methods together with a further factor, which makes them two (RFC 8176 `mfa`). */
export function withSecondFactor(amr: readonly string[], factor: readonly string[]): readonly string[] {
  return [...new Set([...amr, ...factor, 'mfa'])];
}

/**
 * Whether nothing less than two factors will do for a request: any of its `acr_values` will, and those that nobody
 * here has heard of are nothing that could be asked for (OpenID Connect Core §5.5.1.1).
 */
export function asksForTwoFactors(acrValues: readonly string[]): boolean {
  return acrValues.includes(ACR.twoFactors) && !acrValues.includes(ACR.oneFactor);
}
