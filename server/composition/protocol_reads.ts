import { claimsOf } from '../accounts/claims.ts';
import type { Departed } from '../accounts/departed.ts';
import type { Accounts } from '../accounts/store.ts';
import { isOwnSubject, subjectOf } from '../accounts/subjects.ts';
import type { ConfigurationOptions } from '../oidc/configuration.ts';
import type { ExchangeParts } from '../oidc/token_exchange.ts';
import type { Units } from '../records/unit.ts';
import type { ClientServices } from './clients.ts';
import type { RequestAccounts } from './request_accounts.ts';

/* Reads of clients and accounts for the protocol. After a failed read, the request's unit of work cannot commit. */

type ClientReads = Pick<
  ConfigurationOptions,
  | 'findResourceServer'
  | 'resourceScopes'
  | 'resourcesWithScopes'
  | 'registeredScope'
  | 'registeredDetails'
  | 'mayIntrospect'
  | 'isFirstParty'
  | 'isRegistered'
  | 'claimMapping'
> &
  Pick<ExchangeParts, 'exchangePolicy'>;

/** The current permissions of clients. @param detailsTypes that the operator offers (RFC 9396) */
export function createClientReads(
  clients: ClientServices,
  units: Pick<Units, 'current'>,
  detailsTypes: readonly string[],
): ClientReads {
  const read = <T>(value: Promise<T>) => units.current().trackRead(value);
  const find = (id: string) => read(clients.find(id));
  return {
    isRegistered: async (id) => (await find(id))?.kind === 'operator',
    isFirstParty: async (id) => (await find(id))?.firstParty ?? false,
    claimMapping: async (id) => (await find(id))?.claimMapping ?? [],
    exchangePolicy: async (id) => (await find(id))?.tokenExchange ?? null,
    async registeredDetails(id) {
      const registered = (await find(id))?.metadata.authorization_details_types ?? [];
      return registered.filter((type) => detailsTypes.includes(type));
    },
    findResourceServer: (identifier) => read(clients.findResourceServer(identifier)),
    resourceScopes: (id, identifier) => read(clients.resourceScopes(id, identifier)),
    resourcesWithScopes: (id, scopes) => read(clients.resourcesWithScopes(id, scopes)),
    registeredScope: (id) => read(clients.registeredScope(id)),
    mayIntrospect: (id, audiences) => read(clients.mayIntrospect(id, audiences)),
  };
}

type AccountReads = Pick<ConfigurationOptions, 'findAccount' | 'publicSubjectOf' | 'accountOf'>;

export function createAccountReads(
  requestAccounts: RequestAccounts,
  {
    accounts,
    departed,
  }: { readonly accounts: Pick<Accounts, 'findBySubject'>; readonly departed: Pick<Departed, 'subjectOf'> },
  units: Pick<Units, 'current'>,
): AccountReads {
  return {
    async findAccount(id) {
      const account = await requestAccounts.find(id);
      if (account?.standing !== 'active') return undefined;
      return { accountId: account.id, claims: () => claimsOf(account) };
    },
    async publicSubjectOf(accountId) {
      const account = await requestAccounts.find(accountId);
      if (account) return subjectOf(account);
      // A logout token of somebody who was deleted since.
      return (await units.current().trackRead(departed.subjectOf(accountId))) ?? accountId;
    },
    async accountOf(publicSubject) {
      if (isOwnSubject(publicSubject)) return publicSubject;
      return (await units.current().trackRead(accounts.findBySubject(publicSubject)))?.id;
    },
  };
}
