import type { Account } from '../accounts/account.ts';
import { requiredAcr, type SecondFactorPolicy, type SignInFacts } from '../accounts/assurance.ts';
import type { Client } from '../clients/store.ts';
import type { Acr } from '../platform/acr.ts';

/** `requiredAcr` of accounts/assurance.ts for an app and a person as they are stored now. */
export type RequiredAcr = (
  facts: { readonly clientId: string; readonly accountId: string } & Pick<SignInFacts, 'request' | 'trusted'>,
) => Promise<Acr>;

export function createRequiredAcr(parts: {
  readonly policy: SecondFactorPolicy;
  findAccount(id: string): Promise<Account | undefined>;
  findClient(id: string): Promise<Client | undefined>;
}): RequiredAcr {
  const { policy, findAccount, findClient } = parts;
  return async ({ clientId, accountId, ...facts }) => {
    const [account, client] = await Promise.all([findAccount(accountId), findClient(clientId)]);
    return requiredAcr({ ...facts, policy, account, client });
  };
}
