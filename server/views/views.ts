import { pathBelow } from '../platform/issuer.ts';
import { type Asset, loadAssets } from './assets.ts';
import { Html } from './html.ts';
import { type ComposedMail, createMailComposer, type MailData, type MailName } from './mails.ts';
import { createTranslator, type Locale, locales, negotiate } from './messages.ts';
import { personalDocument } from './personal_data.ts';
import * as present from './presenters.ts';
import { compileTemplates, type TemplatePrinter, type TemplateScope } from './templates.ts';
import { titleOf, type View } from './view.ts';

export type * from './account_parts.ts';
export { APPS_COUNTED } from './account_parts.ts';
export { isAccountDone } from './account_presenters.ts';
export type * from './app.ts';
export type { Asset } from './assets.ts';
export type * from './error_page.ts';
export type { ComposedMail, MailData, MailName } from './mails.ts';
export type { Locale, MessageKey, NameUnder } from './messages.ts';
export type * from './parts.ts';
export type { JsonObject } from './presenters.ts';
export type * from './provider_pages.ts';
export type { View } from './view.ts';

export interface Views {
  /**
   * A whole HTML document. Needs no script and no inline one or style, so it works under
   * `default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'`.
   * Send it as `text/html; charset=utf-8`.
   */
  render<Data>(view: View<Data>, data: NoInfer<Data>, locale: Locale): string;
  /** The data of a person as a document of its own, which needs no other file and no network. @param zone IANA time zone */
  personalData(data: Readonly<Record<string, unknown>>, locale: Locale, zone?: string): string;
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

/** The same for all servers of a process. */
let ownTemplates: TemplatePrinter | undefined;

/**
 * Reads and compiles everything once; throws when a template doesn't compile. Nothing is read after that.
 * @param basePath the issuer's path: templates print each URL by `at`, which puts it before the paths of this server
 */
export function createViews(basePath = ''): Views {
  const assets = loadAssets();
  ownTemplates ??= compileTemplates();
  const print = ownTemplates;
  const at = (path: string) => pathBelow(basePath, path);
  const translators = new Map(locales.map((locale) => [locale, createTranslator(locale)]));
  const mark = new Html(assets.mark);

  return {
    render(view, data, locale) {
      const translator = translators.get(locale) ?? createTranslator(locale);
      const scopeOf = (content: unknown, shell: unknown): TemplateScope => ({
        data: content,
        t: translator.t,
        rich: translator.rich,
        translator,
        present,
        shell,
        at,
        partial: (name: string, values: unknown) => print(`partials/${name}`, scopeOf(values, shell)),
      });
      const shell = {
        layout: view.layout,
        title: titleOf(view, data, translator.t),
        note: translator.t(view.note ?? 'brand.tagline'),
        stylesheet: assets.stylesheet,
        scripts: assets.scripts,
        icon: assets.icon,
        mark,
      };
      const body = print(view.template, scopeOf(data, shell));
      return print('partials/document', scopeOf(data, { ...shell, body })).markup;
    },
    personalData(data, locale, zone) {
      const translator = translators.get(locale) ?? createTranslator(locale);
      const scopeOf = (content: unknown): TemplateScope => ({
        data: content,
        t: translator.t,
        rich: translator.rich,
        translator,
        present,
        shell: {},
        at,
        partial: (name: string, values: unknown) => print(`partials/${name}`, scopeOf(values)),
      });
      return print('partials/personal-data', scopeOf(personalDocument(data, translator, zone))).markup;
    },
    mail: createMailComposer(print),
    assets: assets.files,
    locales,
    negotiate: (preferred, acceptLanguage) => negotiate(preferred, acceptLanguage),
  };
}
