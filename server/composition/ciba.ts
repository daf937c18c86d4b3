import type { CibaParts } from '../oidc/ciba.ts';
import type { AccountServices } from './accounts.ts';
import type { ClientServices } from './clients.ts';
import type { Infrastructure } from './infrastructure.ts';
import type { RecordServices } from './records.ts';
import type { RequestAccounts } from './request_accounts.ts';

export function createCibaParts(
  { limits, mailer }: Infrastructure,
  { accounts, mails }: Pick<AccountServices, 'accounts' | 'mails'>,
  clients: Pick<ClientServices, 'find'>,
  { units, waitingRequests }: Pick<RecordServices, 'units' | 'waitingRequests'>,
  requestAccounts: Pick<RequestAccounts, 'find'>,
): CibaParts {
  return {
    units,
    waiting: waitingRequests,
    hintLimit: limits['unknown-hints'].client,
    findPerson: accounts.findByIdentifier,
    async notify(accountId, clientId) {
      const app = mailer ? await clients.find(clientId) : undefined;
      if (!app) return [];
      // A client that registered itself has chosen its name: only a name that an operator has given gets into a mail.
      const details = app.kind === 'operator' ? { app: app.name } : {};
      const account = await requestAccounts.find(accountId);
      return [mails.enqueue({ kind: 'request_waiting', accountId, source: clientId, details }, account)];
    },
  };
}
