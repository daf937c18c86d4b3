import { type AccountDone, APPS_COUNTED, type BrowserView, type PlaceView } from './account_parts.ts';
import { dateFormat } from './dates.ts';
import { isMessageKey, namesUnder, type Translator } from './messages.ts';
import { accountPath } from './paths.ts';

/** The navigation: a page with a label `account.nav.<page>` is in it, in the order of the English catalogue. */
export const accountNav = namesUnder('account.nav').map((section) => ({ section, href: accountPath(section) }));

export function isAccountDone(text: unknown): text is AccountDone {
  return typeof text === 'string' && isMessageKey(`account.done.${text}`);
}

/** A number that is counted no further than `APPS_COUNTED`. */
export function countText(count: number): string {
  return count > APPS_COUNTED ? `${APPS_COUNTED}+` : String(count);
}

export function browserText({ browser, system }: BrowserView, { t }: Translator): string {
  if (browser !== undefined && system !== undefined) return t('account.browser.both', { browser, system });
  return browser ?? system ?? t('account.browser.unknown');
}

export function placeText({ kind, network }: PlaceView, { t }: Translator): string {
  if (kind === 'here') return t('account.place.here', { network });
  return kind === 'private' ? t('account.place.private', { network }) : network;
}

/** A point in time in the person's time zone or in UTC, always with the zone's name. */
export function moment(at: Date, { locale }: Translator, zone = 'UTC'): { iso: string; text: string } {
  const format = dateFormat(locale, zone, 'moment');
  const name = dateFormat(locale, zone, 'zone')
    .formatToParts(at)
    .find(({ type }) => type === 'timeZoneName');
  return { iso: at.toISOString(), text: `${format.format(at)} ${name?.value ?? zone}` };
}

export function day(at: Date, { locale }: Translator, zone = 'UTC'): { iso: string; text: string } {
  return { iso: at.toISOString(), text: dateFormat(locale, zone, 'day').format(at) };
}
