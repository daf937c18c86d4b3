import type { FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** What its person wants to be spoken to in, the best first, separated by spaces; empty while nothing is known. */
    languages: string;
  }
}

/** What the URL asks for (`ui_locales`, as in OpenID Connect Core §3.1.2.1), then what is known of the person. */
export function preferredLanguages(request: FastifyRequest): string {
  const query = request.query as { ui_locales?: unknown } | undefined; // there is none when the URL was unreadable
  return typeof query?.ui_locales === 'string' ? `${query.ui_locales} ${request.languages}` : request.languages;
}

/**
 * The URL of a page that knows nothing of the person, for it to go on in the same language.
 * @param ownLocale what the browser asks for by itself
 */
export function inLanguage(path: string, locale: string, ownLocale: string): string {
  return locale === ownLocale ? path : `${path}?ui_locales=${encodeURIComponent(locale)}`;
}
