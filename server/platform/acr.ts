/** The authentication context classes that a sign-in can have here, weakest first (OpenID Connect Core §2 `acr`). */
export const ACR_VALUES = ['urn:cardea:acr:1fa', 'urn:cardea:acr:2fa'] as const;
export type Acr = (typeof ACR_VALUES)[number];
