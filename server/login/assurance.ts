/** Authentication context classes that Cardea can honestly claim, weakest first (OpenID Connect Core §2 `acr`). */
export const ACR = { oneFactor: 'urn:cardea:acr:1fa', twoFactors: 'urn:cardea:acr:2fa' } as const;

/** What the methods that have succeeded (RFC 8176) are worth together. */
export function acrOf(amr: readonly string[]): string {
  return amr.includes('mfa') ? ACR.twoFactors : ACR.oneFactor;
}
