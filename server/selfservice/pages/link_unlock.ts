import { originOf } from '../../platform/request_origin.ts';
import { confirmPage } from '../link_page.ts';

/** Unlocks the password of an account after too many wrong guesses. */
export default confirmPage({
  purpose: 'unlock',
  forOwner: false,
  async run({ account, options, consume, request }) {
    const details = options.origin(request);
    await options.transact([
      consume,
      options.unlockPassword(account.id),
      ...options.personEvents.record(account, 'unlocked', originOf(request)),
      options.mails.enqueue({ kind: 'unlocked', accountId: account.id, details }, account),
    ]);
  },
});
