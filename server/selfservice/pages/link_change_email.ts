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
      options.event(account, 'email_changed', details),
      options.mails.enqueue(
        { kind: 'email_changed', accountId: account.id, previous: account.email, details },
        account,
      ),
    ]);
  },
});
