import type { Account } from '../accounts/account.ts';
import { invalidInput } from '../platform/errors.ts';
import { type Fields, textField } from '../platform/forms.ts';
import { accountPath } from '../views/paths.ts';
import type { FormProblem, ProfileField } from '../views/views.ts';
import { type AccountPage, frameOf, isTimeZone, type PageContext } from './page.ts';
import { problemOf } from './problems.ts';

/** Inputs, by what they are called in a profile. */
const FIELDS = {
  name: 'name',
  given_name: 'givenName',
  middle_name: 'middleName',
  family_name: 'familyName',
  nickname: 'nickname',
  locale: 'locale',
  zoneinfo: 'zoneinfo',
} as const satisfies Record<ProfileField, keyof Account>;

const NAMES = Object.keys(FIELDS) as ProfileField[];
type Values = Record<ProfileField, string>;

/** Names, language and time zone. What identifies a person has pages of its own. */
export const profilePage: AccountPage = {
  path: accountPath('profile'),
  sensitive: false,

  async show(context) {
    return render(
      context,
      valuesOf((name) => context.account[FIELDS[name]] ?? ''),
    );
  },

  async submit(context, fields) {
    const { parts, account } = context;
    const values = typed(fields);
    try {
      checkZone(values.zoneinfo);
      const changes = NAMES.map((name) => [FIELDS[name], values[name] === '' ? undefined : values[name]] as const);
      await parts.accounts.update(account, Object.fromEntries(changes));
    } catch (error) {
      return { kind: 'again', html: render(context, values, problemOf(error)) };
    }
    return { kind: 'done', done: 'profile', to: profilePage.path };
  },
};

function typed(fields: Fields): Values {
  return valuesOf((name) => textField(fields, name).trim());
}

function valuesOf(value: (name: ProfileField) => string): Values {
  return Object.fromEntries(NAMES.map((name) => [name, value(name)])) as Values;
}

function checkZone(zone: string): void {
  if (zone !== '' && !isTimeZone(zone)) throw invalidInput('zoneinfo', 'must be a time zone such as Europe/Paris');
}

function render(context: PageContext, values: Values, problem?: FormProblem): string {
  const { parts, locale } = context;
  return parts.views.render(
    'account/profile',
    {
      frame: frameOf(context, 'profile'),
      values,
      languages: languages(parts.views.locales, values.locale),
      zones: Intl.supportedValuesOf('timeZone'),
      ...(problem ? { problem } : {}),
    },
    locale,
  );
}

/** Those that there are pages in, and the person's own when it is another; each by its own name. */
function languages(shipped: readonly string[], current: string): { tag: string; name: string }[] {
  const tags = current === '' || shipped.includes(current) ? shipped : [...shipped, current];
  return tags.map((tag) => ({ tag, name: languageName(tag) }));
}

function languageName(tag: string): string {
  try {
    const bcp47 = tag.replaceAll('_', '-');
    return new Intl.DisplayNames(bcp47, { type: 'language' }).of(bcp47) ?? tag;
  } catch {
    return tag;
  }
}
