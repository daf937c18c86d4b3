import type { FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** The person's preferred languages, best first, separated by spaces; empty when unknown. */
    languages: string;
  }
}

/** The languages of the URL (`ui_locales`, as in OpenID Connect Core §3.1.2.1), then those of the account. */
export function preferredLanguages(request: FastifyRequest): string {
  const query = request.query as { ui_locales?: unknown } | undefined; // undefined when the URL could not be parsed
  return typeof query?.ui_locales === 'string' ? `${query.ui_locales} ${request.languages}` : request.languages;
}

/**
 * The URL of a page that does not know the account, so that it continues in the same language.
 * @param ownLocale the language that the browser prefers
 */
export function inLanguage(path: string, locale: string, ownLocale: string): string {
  return locale === ownLocale ? path : `${path}?ui_locales=${encodeURIComponent(locale)}`;
}
