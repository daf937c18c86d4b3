import { acrOf } from '../accounts/assurance.ts';
import { missingFactor } from './factor_demand.ts';
import type { InteractionResult, Progress, Visit } from './interactions.ts';
import type { LoginParts } from './step.ts';

export type StepName =
  | 'select-account'
  | 'password'
  | 'second-factor'
  | 'enrol'
  | 'unusable'
  | 'new-password'
  | 'texts'
  | 'consent'
  | 'done';

/**
 * The next step, decided from stored state alone. Steps never call each other and none has a URL of its own, so none can
 * be skipped.
 */
export async function nextStep(
  visit: Visit,
  parts: Pick<LoginParts, 'findAccount' | 'secondFactorPolicy' | 'texts'>,
  progress: Progress = visit.progress,
): Promise<StepName> {
  if (mustSelect(visit, progress)) return 'select-account';
  const accountId = accountIn(visit, progress);
  if (accountId === undefined) return 'password';
  const account = await parts.findAccount(accountId);
  if (progress.login) {
    const missing = account && missingFactor(visit, progress.login, account, parts.secondFactorPolicy);
    if (missing === 'second-factor') return missing;
    if (account && account.standing !== 'active') return 'unusable';
    if (missing) return missing;
  }
  if (progress.login?.passwordExpired) return 'new-password';
  if (account && (await parts.texts.missing(account)).length > 0) return 'texts';
  if (progress.consent === undefined && (await mustConsent(visit, accountId))) return 'consent';
  return 'done';
}

/** The account that the visit is for: that of the sign-in, or that of the session when no new sign-in is needed. */
export function accountIn(visit: Visit, progress: Progress = visit.progress): string | undefined {
  const { prompt, signedIn } = visit;
  if (progress.login) return progress.login.accountId;
  const mustSignIn = prompt === 'login' || progress.select_account?.another === true;
  return mustSignIn ? undefined : signedIn;
}

/** The progress as a result for the authorization request. */
export function interactionResultOf(
  visit: Visit,
  { login, ...progress }: Progress = visit.progress,
): InteractionResult {
  const selection = visit.requestedPrompts.has('select_account') ? { select_account: { another: false } } : {};
  return { ...selection, ...progress, ...(login ? { login: { ...login, acr: acrOf(login.amr) } } : {}) };
}

function mustSelect({ requestedPrompts, signedIn }: Visit, progress: Progress): boolean {
  return (
    requestedPrompts.has('select_account') &&
    signedIn !== undefined &&
    progress.select_account === undefined &&
    progress.login === undefined
  );
}

async function mustConsent(visit: Visit, accountId: string): Promise<boolean> {
  if (visit.requestedPrompts.has('consent') || visit.prompt === 'consent') return true;
  return !visit.client.firstParty && (await visit.mustAsk(accountId));
}
