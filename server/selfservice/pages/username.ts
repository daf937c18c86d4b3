import { isReserved } from '../../accounts/identifiers.ts';
import { AppError } from '../../platform/errors.ts';
import { type Fields, textField } from '../../platform/forms.ts';
import { noticesOf } from '../notices.ts';
import { accountPage, done, type PageContext } from '../page.ts';

/** Input `username`; empty removes it. */
export default accountPage<{ typed: string }>({
  name: 'username',
  guard: 'fresh_sign_in',

  show: ({ account }, refused) => ({ typed: refused ? typedName(refused.fields) : (account.username ?? '') }),

  async submit(context, fields) {
    const { parts, account } = context;
    const typed = typedName(fields);
    // Without a change there is nothing to notify of.
    if (typed !== (account.username ?? '')) {
      if (typed !== '') await assertAvailable(context, typed);
      const notices = noticesOf(context, 'username_changed', 'username_changed');
      await parts.accounts.update(account, { username: typed === '' ? undefined : typed }, notices);
    }
    return done('username', 'username');
  },
});

function typedName(fields: Fields): string {
  return textField(fields, 'username').trim();
}

/**
 * The response to a username that is taken reveals that an account has it. So each account may try only a few names in a
 * day, counted before the look-up, and reserved names get the same response.
 */
async function assertAvailable({ parts, account }: PageContext, typed: string): Promise<void> {
  await parts.usernameLimit.consume(account.id);
  if (isReserved(typed)) throw new AppError('identifier_taken', 'it is reserved', { field: 'username' });
}
