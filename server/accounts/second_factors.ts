import type { Account } from './account.ts';

/** Who has to show a second factor, as the operator wants it; apps may want more. */
export interface SecondFactorPolicy {
  isRequired(account: Account): boolean;
}

/** @param settings `groups`: those whose members have to, when not everybody has */
export function createSecondFactorPolicy(settings: {
  required: boolean;
  groups: readonly string[];
}): SecondFactorPolicy {
  return {
    isRequired: (account) => settings.required || account.groups.some((group) => settings.groups.includes(group)),
  };
}
