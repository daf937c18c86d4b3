import { originOf } from '../../platform/request_origin.ts';
import { confirmPage } from '../link_page.ts';

/** Confirms the address of an account. */
export default confirmPage({
  purpose: 'verify_email',
  forOwner: true,
  async run({ account, options, consume, request }) {
    const events = options.personEvents.record(account, 'email_verified', originOf(request));
    await options.accounts.update(account, { emailVerified: true }, [consume, ...events]);
  },
});
