import type { Accounts } from '../accounts/store.ts';
import { loadServerSecret } from '../platform/server_secrets.ts';
import { createDeliveries } from '../records/deliveries.ts';
import { createPolls } from '../records/polls.ts';
import { createRepeatedForms } from '../records/repeated_forms.ts';
import { createStatusLists } from '../records/status_lists.ts';
import { createUnits } from '../records/units.ts';
import { createUserCodes, USER_CODE_SECRET } from '../records/user_codes.ts';
import { createWaitingRequests } from '../records/waiting_requests.ts';
import type { Infrastructure } from './infrastructure.ts';

/** The unit of work of a request, and the stores beside it. */
export type RecordServices = Awaited<ReturnType<typeof createRecordServices>>;

/** @param accounts a unit reads the account together with the records of a request */
export async function createRecordServices(
  { config, db, sealer, now }: Infrastructure,
  accounts: Pick<Accounts, 'columns' | 'sealerFrom'>,
) {
  const userCodeKey = await loadServerSecret(db, sealer, USER_CODE_SECRET, now);
  return {
    units: createUnits({ db, sealer, now, accountColumns: accounts.columns, lifetimes: config.lifetimes }),
    userCodes: createUserCodes({ db, sealer, key: userCodeKey, now }),
    waitingRequests: createWaitingRequests({ db, sealer, now }),
    repeatedForms: createRepeatedForms({ db, now }),
    deliveries: createDeliveries({ db, sealer, people: accounts, now }),
    polls: createPolls({ db, now }),
    statusLists: config.tokenStatusList ? createStatusLists({ db, now }) : undefined,
  };
}
