import type { Accounts } from '../../server/accounts/store.ts';

/** For queues of a test without accounts: what waits is sealed under the master key. */
export const NO_PEOPLE: Pick<Accounts, 'ownerOf' | 'sealerFrom'> = {
  ownerOf() {
    throw new Error('this test has no accounts');
  },
  sealerFrom() {
    throw new Error('this test has no accounts');
  },
};
