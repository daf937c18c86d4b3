import type { Account } from '../accounts/account.ts';
import { requiredAcr, type SecondFactorPolicy, type StoredRequiredAcr } from '../accounts/assurance.ts';
import type { Client } from '../clients/client.ts';

export function createRequiredAcr(parts: {
  readonly policy: SecondFactorPolicy;
  findAccount(id: string): Promise<Account | undefined>;
  findClient(id: string): Promise<Client | undefined>;
}): StoredRequiredAcr {
  const { policy, findAccount, findClient } = parts;
  return async ({ clientId, accountId, storedClient, ...facts }) => {
    const [account, client] = await Promise.all([findAccount(accountId), storedClient ?? findClient(clientId)]);
    return requiredAcr({ ...facts, policy, account, client });
  };
}
