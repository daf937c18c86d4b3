import type { AccountPages } from './account_pages.ts';
import { type Asset, loadAssets } from './assets.ts';
import { Html } from './html.ts';
import { type ComposedMail, createMailComposer, type MailData, type MailName } from './mails.ts';
import { createTranslator, type Locale, locales, type MessageKey, negotiate, type Translator } from './messages.ts';
import type { Pages as OtherPages } from './pages.ts';
import * as present from './presenters.ts';
import { compileTemplates, type TemplateScope } from './templates.ts';

export type * from './account_pages.ts';
export { APPS_COUNTED } from './account_pages.ts';
export { isAccountDone } from './account_presenters.ts';
export type { Asset } from './assets.ts';
export type * from './demo_pages.ts';
export type { ComposedMail, MailData, MailName } from './mails.ts';
export type { Locale, MessageKey } from './messages.ts';
export type * from './pages.ts';

export interface Pages extends OtherPages, AccountPages {}
export type PageName = keyof Pages;

export interface Views {
  /**
   * A whole HTML document. Needs no script and no inline one or style, so it works under
   * `default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'`.
   * Send it as `text/html; charset=utf-8`.
   */
  render<P extends PageName>(page: P, data: Pages[P], locale: Locale): string;
  /** A mail in both its forms, which say the same. */
  mail(name: MailName, data: MailData, locale: Locale): ComposedMail;
  /** URL path → file. Names carry their content's hash: serve with `Cache-Control: public, max-age=31536000, immutable`. */
  assets: ReadonlyMap<string, Asset>;
  locales: readonly Locale[];
  /**
   * Chooses the language (RFC 4647 §3.4).
   * @param preferred language tags, the best first, separated by spaces: `ui_locales`, then the account's
   */
  negotiate(preferred?: string, acceptLanguage?: string): Locale;
}

interface Shell<D> {
  /** `door` is one step of a flow, `hall` a page to look around in, `account` a hall with a person's own rooms. */
  layout: 'door' | 'hall' | 'account';
  title(data: D, translator: Translator): string;
  /** A line under the door, where there is something to say. */
  note?: (translator: Translator) => string;
}

const SHELLS: { [P in PageName]: Shell<Pages[P]> } = {
  login: {
    layout: 'door',
    title: (data, { t }) => {
      const page = t(data.reauthenticate ? 'login.again.title' : 'login.title');
      // Read first by a screen reader, so it must tell that the page came back.
      return data.error === undefined ? page : t('title.error', { page });
    },
    note: ({ t }) => t('login.address'),
  },
  'second-factor': {
    layout: 'door',
    title: (data, { t }) => {
      const page = t('second-factor.title');
      return data.error === undefined ? page : t('title.error', { page });
    },
    note: ({ t }) => t('login.address'),
  },
  enrol: {
    layout: 'door',
    title: (data, { t }) => {
      const page = t('enrol.title');
      return data.error === undefined ? page : t('title.error', { page });
    },
  },
  'recovery-codes': { layout: 'door', title: (_, { t }) => t('recovery-codes.title') },
  'new-password': {
    layout: 'door',
    title: ({ newPassword }, { t }) => {
      const page = t('new-password.title');
      return newPassword.failed?.length ? t('title.error', { page }) : page;
    },
    note: ({ t }) => t('login.address'),
  },
  consent: { layout: 'door', title: (_, { t }) => t('consent.title') },
  'select-account': { layout: 'door', title: (_, { t }) => t('select-account.title') },
  'device-code': {
    layout: 'door',
    title: ({ error }, { t }) => {
      const page = t('device-code.title');
      return error === undefined ? page : t('title.error', { page });
    },
    note: ({ t }) => t('login.address'),
  },
  'device-confirm': {
    layout: 'door',
    title: (_, { t }) => t('device-confirm.title'),
    note: ({ t }) => t('login.address'),
  },
  'device-done': { layout: 'door', title: ({ outcome }, { t }) => t(`device-done.${outcome}.title`) },
  logout: { layout: 'door', title: (_, { t }) => t('logout.title') },
  'logged-out': { layout: 'door', title: (_, { t }) => t('logged-out.title') },
  'ask-mail': {
    layout: 'door',
    title: ({ purpose, problem }, { t }) => {
      const page = t(`${purpose}.title`);
      return problem === undefined ? page : t('title.error', { page });
    },
    note: ({ t }) => t('login.address'),
  },
  'mail-sent': { layout: 'door', title: (_, { t }) => t('mail-sent.title') },
  'set-password': {
    layout: 'door',
    title: ({ purpose, newPassword, nameFailed }, { t }) => {
      const page = t(`link.${purpose}.title`);
      return newPassword.failed || nameFailed ? t('title.error', { page }) : page;
    },
    note: ({ t }) => t('login.address'),
  },
  'confirm-link': { layout: 'door', title: ({ purpose }, { t }) => t(`link.${purpose}.title`) },
  'link-done': { layout: 'door', title: ({ purpose }, { t }) => t(`link.${purpose}.done-title`) },
  'link-gone': { layout: 'door', title: (_, { t }) => t('link-gone.title') },
  'link-sign-in': { layout: 'door', title: (_, { t }) => t('link-sign-in.title') },
  'link-cookies': { layout: 'door', title: (_, { t }) => t('link-cookies.title') },
  outbox: { layout: 'hall', title: (_, { t }) => t('outbox.title') },
  'outbox-mail': { layout: 'hall', title: ({ subject }) => subject },
  error: { layout: 'door', title: (_, { t }) => t('error.title') },
  onward: {
    layout: 'door',
    title: ({ purpose }, { t }) => t(purpose === 'switch' ? 'onward.switch.title' : 'onward.app.title'),
  },
  'account/overview': accountShell('account.overview.title'),
  'account/profile': accountShell('account.profile.title'),
  'account/email': accountShell('account.email.title'),
  'account/username': accountShell('account.username.title'),
  'account/password': accountShell('account.password.title'),
  'account/second-factor': accountShell('account.second-factor.title'),
  'account/authenticator': accountShell('account.authenticator.title'),
  'account/recovery-codes': accountShell('recovery-codes.title'),
  'account/passkeys': accountShell('account.passkeys.title'),
  'account/sessions': accountShell('account.sessions.title'),
  'account/devices': accountShell('account.devices.title'),
  'account/apps': accountShell('account.apps.title'),
  'account/requests': accountShell('account.requests.title'),
  'account/events': accountShell('account.events.title'),
  home: { layout: 'hall', title: (_, { t }) => t('home.title') },
  demo: { layout: 'hall', title: (_, { t }) => t('demo.title') },
};

function accountShell(title: MessageKey): Shell<{ problem?: unknown }> {
  return {
    layout: 'account',
    // As of a sign-in that was refused.
    title: ({ problem }, { t }) => (problem === undefined ? t(title) : t('title.error', { page: t(title) })),
  };
}

/** Reads and compiles everything once; throws when a template doesn't compile. Nothing is read after that. */
export function createViews(): Views {
  const assets = loadAssets();
  const print = compileTemplates();
  const translators = new Map(locales.map((locale) => [locale, createTranslator(locale)]));
  const mark = new Html(assets.mark);

  return {
    render(page, data, locale) {
      const translator = translators.get(locale) ?? createTranslator(locale);
      const scopeOf = (content: unknown, shell: unknown): TemplateScope => ({
        data: content,
        t: translator.t,
        rich: translator.rich,
        translator,
        present,
        shell,
        partial: (name: string, values: unknown) => print(`partials/${name}`, scopeOf(values, shell)),
      });
      const { layout, title, note } = SHELLS[page];
      const shell = {
        layout,
        title: translator.t('title.page', { page: title(data, translator) }),
        note: note?.(translator) ?? translator.t('brand.tagline'),
        stylesheet: assets.stylesheet,
        scripts: assets.scripts,
        icon: assets.icon,
        mark,
      };
      const body = print(page, scopeOf(data, shell));
      return print('partials/document', scopeOf(data, { ...shell, body })).markup;
    },
    mail: createMailComposer(print),
    assets: assets.files,
    locales,
    negotiate: (preferred, acceptLanguage) => negotiate(preferred, acceptLanguage),
  };
}
