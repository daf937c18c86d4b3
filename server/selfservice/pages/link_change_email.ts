import { originOf } from '../../platform/request_origin.ts';
import { confirmPage } from '../link_page.ts';

/** Gives an account the address that the link was mailed to. */
export default confirmPage({
  purpose: 'change_email',
  forOwner: true,
  async run({ account, options, consume, request, email }) {
    const details = options.origin(request);
    await options.accounts.update(account, { email, emailVerified: true }, [
      consume,
      options.links.endAllOf(account.id),
      ...options.personEvents.record(account, 'email_changed', originOf(request)),
      options.mails.enqueue(
        { kind: 'email_changed', accountId: account.id, previous: account.email, details },
        account,
      ),
    ]);
  },
});
