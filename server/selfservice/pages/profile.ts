import type { Account, Address, Profile } from '../../accounts/account.ts';
import { invalidInput } from '../../platform/errors.ts';
import { type Fields, textField } from '../../platform/forms.ts';
import { isTimeZone } from '../../views/dates.ts';
import type { NameUnder } from '../../views/views.ts';
import { accountPage, done } from '../page.ts';

/** Inputs, by OpenID Connect claim, and the member of the account that each is about. */
const FIELDS = {
  name: 'name',
  given_name: 'givenName',
  middle_name: 'middleName',
  family_name: 'familyName',
  nickname: 'nickname',
  locale: 'locale',
  zoneinfo: 'zoneinfo',
} as const satisfies Record<string, keyof Account>;

type FieldName = keyof typeof FIELDS;

/** What has a page of its own. */
type Elsewhere = 'email' | 'emailVerified' | 'username';
type Other =
  | Exclude<keyof Profile, (typeof FIELDS)[FieldName] | Elsewhere | 'phoneNumberVerified'>
  | 'groups'
  | 'roles';

/**
 * What operators set, and correct when a person asks for it (GDPR Art. 16), by the name of its label. The type makes sure that
 * nothing which is stored of a person is missing.
 */
const OTHERS = {
  profile: 'profile',
  picture: 'picture',
  website: 'website',
  gender: 'gender',
  birthdate: 'birthdate',
  phoneNumber: 'phone_number',
  address: 'address',
  groups: 'groups',
  roles: 'roles',
} as const satisfies Record<Other, NameUnder<'account.profile.other'>>;

interface OtherView {
  readonly name: (typeof OTHERS)[Other];
  readonly text: string;
}
type Values = Readonly<Record<FieldName, string>>;

interface ProfileData {
  readonly values: Values;
  readonly others: readonly OtherView[];
  /** To choose from. */
  readonly languages: readonly { readonly tag: string; readonly name: string }[];
  readonly zones: readonly string[];
}

/** Names, language and time zone. What identifies a person has pages of its own. */
export default accountPage<ProfileData>({
  name: 'profile',
  guard: 'signed_in',

  show({ parts, account }, refused) {
    const values = valuesOf((name) => (refused ? typed(refused.fields, name) : (account[FIELDS[name]] ?? '')));
    return {
      values,
      others: othersOf(account),
      languages: languages(parts.views.locales, values.locale),
      zones: Intl.supportedValuesOf('timeZone'),
    };
  },

  async submit({ parts, account, origin }, fields) {
    const values = valuesOf((name) => typed(fields, name));
    checkZone(values.zoneinfo);
    const changes = NAMES.map((name) => [FIELDS[name], values[name] === '' ? undefined : values[name]] as const);
    const changed = NAMES.filter((name) => values[name] !== (account[FIELDS[name]] ?? ''));
    // The names of the fields alone: their values are personal.
    const about = { changes: Object.fromEntries(changed.map((name) => [name, {}])) };
    await parts.accounts.update(account, Object.fromEntries(changes), [
      parts.personEvents.entry(account, 'profile.update', origin, about),
    ]);
    return done('profile', 'profile');
  },
});

const NAMES = Object.keys(FIELDS) as FieldName[];

function valuesOf(value: (name: FieldName) => string): Values {
  return Object.fromEntries(NAMES.map((name) => [name, value(name)])) as Values;
}

function othersOf(account: Account): OtherView[] {
  return (Object.entries(OTHERS) as [Other, OtherView['name']][]).flatMap(([member, name]) => {
    const text = textOf(account[member]);
    return text === '' ? [] : [{ name, text }];
  });
}

function textOf(value: string | readonly string[] | Address | undefined): string {
  if (value === undefined || typeof value === 'string') return value ?? '';
  const parts: readonly string[] = Array.isArray(value) ? value : Object.values(value);
  return parts.join(', ');
}

function typed(fields: Fields, name: FieldName): string {
  return textField(fields, name).trim();
}

function checkZone(zone: string): void {
  if (zone !== '' && !isTimeZone(zone)) throw invalidInput('zoneinfo', 'must be a time zone such as Europe/Paris');
}

/** The languages of the pages, and the person's own when it is another one, each by its own name. */
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
