import { again } from '../../views/form_pages.ts';
import { noticesOf } from '../notices.ts';
import { accountPage, done } from '../page.ts';
import { showCodes } from '../recovery_codes.ts';

/**
 * The second factors: an authenticator app, passkeys, and recovery codes for when neither is at hand. `action` is
 * `remove` (the authenticator app) or `renew` (the codes).
 */
export default accountPage<{ hasTotp: boolean; passkeys: number; recoveryCodes: number }>({
  name: 'second-factor',
  guard: 'fresh_sign_in',

  async show({ parts, account }) {
    const [passkeys, recoveryCodes] = await Promise.all([
      parts.passkeys.list(account),
      parts.recoveryCodes.remaining(account),
    ]);
    return { hasTotp: account.secondFactors.includes('totp'), passkeys: passkeys.length, recoveryCodes };
  },

  async submit(context, fields) {
    const { parts, account } = context;
    if (fields.action === 'renew') {
      // Recovery codes replace a second factor; without one they would be a factor by themselves.
      if (account.secondFactors.length === 0) return again();
      const notices = noticesOf(context, 'recovery_codes_renewed', 'recovery_codes_renewed');
      return showCodes(context, await parts.recoveryCodes.generate(account, notices));
    }
    if (account.secondFactors.includes('totp')) {
      await parts.totp.remove(account, noticesOf(context, 'totp_removed', 'factor_removed', { factor: 'totp' }));
    }
    return done('totp_removed', 'second-factor');
  },
});
