import { confirmPage } from '../link_page.ts';

/** Confirms the address of an account. */
export default confirmPage({
  purpose: 'verify_email',
  forOwner: true,
  async run({ account, options, consume, request }) {
    const event = options.event(account, 'email_verified', options.origin(request));
    await options.accounts.update(account, { emailVerified: true }, [consume, event]);
  },
});
