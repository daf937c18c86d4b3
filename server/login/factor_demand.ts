import type { Account } from '../accounts/account.ts';
import { ACR, acrOf, requiredAcr, type SecondFactorPolicy } from '../accounts/assurance.ts';
import type { Login, Visit } from './interactions.ts';

/**
 * The step that a sign-in still needs for its second factor.
 *
 * A person who has one always uses it, except in a trusted browser; a request or an app that requires two factors gets
 * two even there. A person who has none sets one up where the operator or the app requires it; where only the request
 * asks for it (`acr_values` is voluntary, OpenID Connect Core §3.1.2.1) they may decline.
 */
export function missingFactor(
  visit: Visit,
  login: Login,
  account: Account,
  policy: SecondFactorPolicy,
): 'second-factor' | 'enrol' | undefined {
  if (acrOf(login.amr) === ACR.twoFactors) return undefined;
  const { client, acrValues: values } = visit;
  const needsTwoFactors = requiredAcr({ client, request: { values } }) === ACR.twoFactors;
  if (account.secondFactors.length > 0) return login.device.trusted && !needsTwoFactors ? undefined : 'second-factor';
  if (mustEnrol(visit, account, policy)) return 'enrol';
  return needsTwoFactors && !login.declinedEnrolment ? 'enrol' : undefined;
}

/** The sign-in cannot end without a second factor, so the person cannot decline to set one up. */
export function mustEnrol({ client }: Visit, account: Account, policy: SecondFactorPolicy): boolean {
  return requiredAcr({ account, client, policy }) === ACR.twoFactors;
}
