import { linkGone } from '../../accounts/links.ts';
import { checkProfile } from '../../accounts/profile.ts';
import { AppError } from '../../platform/errors.ts';
import { textField } from '../../platform/forms.ts';
import { shareOfAddress } from '../../platform/limits.ts';
import { originOf } from '../../platform/request_origin.ts';
import { again } from '../../views/form_pages.ts';
import { setPasswordPage } from '../link_page.ts';

/** A person who has followed the link of a sign-up sets name and password, which makes the account. */
export default setPasswordPage({
  purpose: 'sign_up',

  async run({ options, link, consume, locale, request }, fields) {
    const { email } = link.payload;
    if (email === undefined) throw linkGone();
    const profile = profileOf({ email, emailVerified: true, name: textField(fields, 'name'), locale });
    if (!profile) return again({ nameFailed: true });
    const password = textField(fields, 'new_password');
    const passwordHash = await options.passwordChange.hashFirst(profile, password, [shareOfAddress(request.ip)]);
    await options.accounts.create({ ...profile, passwordHash }, [consume], (account) =>
      options.personEvents.entry(account, 'users.sign_up', originOf(request)),
    );
    return undefined;
  },
});

function profileOf(input: Parameters<typeof checkProfile>[0]) {
  try {
    return checkProfile(input);
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}
