import { ACR_VALUES, type Acr } from '../platform/acr.ts';
import type { Account } from './account.ts';
import { normaliseName } from './profile.ts';

/*
 * How strong a sign-in has to be, and how strong one was. Every place that asks for a second factor, or refuses a
 * sign-in that lacks one, decides by these functions.
 */

const [oneFactor, twoFactors] = ACR_VALUES;
export const ACR = { oneFactor, twoFactors } as const;

/** From whom the operator requires a second factor; an app or a request may require one as well. */
export interface SecondFactorPolicy {
  isRequired(account: Pick<Account, 'groups'>): boolean;
  /** On a trusted browser a person may leave out the second factor that they have. */
  readonly allowsTrustedBrowsers: boolean;
}

/** @param settings `groups`: their members need a second factor, when not everybody does */
export function createSecondFactorPolicy(settings: {
  readonly required: boolean;
  readonly groups: readonly string[];
  readonly trustDeviceSeconds: number;
}): SecondFactorPolicy {
  const groups = new Set(settings.groups.map(normaliseName));
  return {
    isRequired: (account) => settings.required || account.groups.some((group) => groups.has(group)),
    allowsTrustedBrowsers: settings.trustDeviceSeconds > 0,
  };
}

/** The facts that decide how strong a sign-in has to be. A fact that is left out requires nothing. */
export interface SignInFacts {
  readonly account?: Pick<Account, 'groups' | 'secondFactors'> | undefined;
  readonly policy?: Pick<SecondFactorPolicy, 'isRequired'>;
  readonly client?: { readonly secondFactorRequired: boolean } | undefined;
  /** The acr values that the request asks for, any of which is enough (OpenID Connect Core §5.5.1.1). */
  readonly request?: { readonly values: readonly string[] } | undefined;
  /** The browser is, or may be, trusted: then the operator's policy is met by having a second factor. */
  readonly trusted?: boolean;
}

/** The weakest sign-in that is enough. */
export function requiredAcr({ account, policy, client, request, trusted = false }: SignInFacts): Acr {
  const isMetByTrust = trusted && account !== undefined && account.secondFactors.length > 0;
  const isRequiredByPolicy = account !== undefined && policy?.isRequired(account) === true && !isMetByTrust;
  if (client?.secondFactorRequired || isRequiredByPolicy) return ACR.twoFactors;
  return weakestOf(request?.values ?? []) ?? ACR.oneFactor;
}

/** `requiredAcr` for an app and a person as they are stored now. `storedClient`: the app, when it was read already. */
export type StoredRequiredAcr = (
  facts: {
    readonly clientId: string;
    readonly accountId: string;
    readonly storedClient?: SignInFacts['client'];
  } & Pick<SignInFacts, 'request' | 'trusted'>,
) => Promise<Acr>;

/** The strongest sign-in that the person is able to do, which the account pages require. */
export function strongestAcr({ secondFactors }: Pick<Account, 'secondFactors'>): Acr {
  return secondFactors.length > 0 ? ACR.twoFactors : ACR.oneFactor;
}

/** The weakest of the requested values that exist here; undefined when none of them does. */
export function weakestOf(values: readonly string[]): Acr | undefined {
  return ACR_VALUES.find((acr) => values.includes(acr));
}

/** @param acr of a sign-in; an unknown one counts as one factor */
export function isEnough(acr: string | undefined, required: Acr): boolean {
  return required === ACR.oneFactor || acr === required;
}

/** The acr of a sign-in by the methods that succeeded (RFC 8176). */
export function acrOf(amr: readonly string[]): Acr {
  return amr.includes('mfa') ? ACR.twoFactors : ACR.oneFactor;
}

/** Adds the methods of a further factor, which makes the sign-in multi-factor (RFC 8176 `mfa`). */
export function withSecondFactor(amr: readonly string[], factor: readonly string[]): readonly string[] {
  return [...new Set([...amr, ...factor, 'mfa'])];
}
