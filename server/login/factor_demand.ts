import type { Account } from '../accounts/account.ts';
import type { SecondFactorPolicy } from '../accounts/second_factors.ts';
import { ACR, acrOf, asksForTwoFactors } from './assurance.ts';
import type { Login, Visit } from './interactions.ts';

/**
 * Whether a sign-in needs a second factor before it may end, and whether the person has one to show.
 *
 * Who has one shows it, always, but on a browser that they trust; an app that asks for two factors gets two, whatever
 * was trusted. Who has none sets one up where the operator or the app insists; where the app merely asks
 * (`acr_values` is voluntary, OpenID Connect Core §3.1.2.1), they may go on without, and the app is told so.
 */
export function missingFactor(
  visit: Visit,
  login: Login,
  account: Account,
  policy: SecondFactorPolicy,
): 'second-factor' | 'enrol' | undefined {
  if (acrOf(login.amr) === ACR.twoFactors) return undefined;
  const isAsked = visit.client.secondFactorRequired || asksForTwoFactors(visit.acrValues);
  if (account.secondFactors.length > 0) return login.device.trusted && !isAsked ? undefined : 'second-factor';
  if (mustEnrol(visit, account, policy)) return 'enrol';
  return isAsked && !login.declinedEnrolment ? 'enrol' : undefined;
}

/** Whether there is no going on without a second factor. */
export function mustEnrol({ client }: Visit, account: Account, policy: SecondFactorPolicy): boolean {
  return client.secondFactorRequired || policy.isRequired(account);
}
