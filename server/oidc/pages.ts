import { type ErrorOut, errors, type KoaContextWithOIDC } from 'oidc-provider';
import { CONTENT_SECURITY_POLICY } from '../platform/http.ts';
import { inLanguage } from '../platform/languages.ts';
import type { ClientView, Locale, Views } from '../views/views.ts';
import { ROUTES } from './routes.ts';
import { replaceSelfSubmitting } from './self_submitting.ts';

/** The pages that the provider itself asks for. */
export interface Pages {
  error(ctx: KoaContextWithOIDC, out: ErrorOut, error?: unknown): void;
  logout(ctx: KoaContextWithOIDC): Promise<void>;
  loggedOut(ctx: KoaContextWithOIDC): void;
  /** Puts a page of ours in the place of one that the provider makes by itself. */
  sendOn(ctx: KoaContextWithOIDC): void;
}

/** @param languageOf what is known of a person's language: a BCP 47 tag */
export function createPages(
  views: Views,
  languageOf: (accountId: string) => Promise<string | undefined> = async () => undefined,
): Pages {
  const localeOf = createLocaleOf(views);

  return {
    sendOn: (ctx) => replaceSelfSubmitting(ctx, { views, policy: CONTENT_SECURITY_POLICY, localeOf, clientOf }),

    error(ctx, out, error) {
      ctx.type = 'html';
      ctx.body = views.render(
        'error',
        {
          status: ctx.status,
          // To the person a sign-in that is gone is no mistake of the app's, whatever OAuth calls it.
          error: error instanceof errors.SessionNotFound ? 'interaction_expired' : out.error,
          ...(out.error_description ? { description: out.error_description } : {}),
          requestId: String(ctx.res.getHeader('x-request-id') ?? ''),
        },
        localeOf(ctx),
      );
    },
    async logout(ctx) {
      // The provider has put the secret of its form into the session (shared/xsrf.js).
      const secret = String(ctx.oidc.session?.state?.secret);
      const client = clientOf(ctx);
      const { accountId } = ctx.oidc.session ?? {};
      const locale = localeOf(ctx, accountId === undefined ? undefined : await languageOf(accountId));
      // The page that follows no longer knows whose browser it is.
      const ownLocale = views.negotiate(undefined, ctx.get('accept-language'));
      const action = inLanguage(`${ROUTES.end_session}/confirm`, locale, ownLocale);
      ctx.body = views.render('logout', { action, xsrf: secret, ...(client ? { client } : {}) }, locale);
    },
    loggedOut(ctx) {
      const client = clientOf(ctx);
      ctx.type = 'html';
      ctx.body = views.render('logged-out', client ? { client } : {}, localeOf(ctx));
    },
  };
}

/** The language of a page: what the request asks for, then the person's own, then the browser's. */
export function createLocaleOf(views: Views): (ctx: KoaContextWithOIDC, personal?: string) => Locale {
  return (ctx, personal = '') => {
    const resumed = ctx.oidc?.entities.Interaction?.params as { ui_locales?: unknown } | undefined;
    const asked = ctx.oidc?.params?.ui_locales ?? resumed?.ui_locales ?? ctx.query.ui_locales;
    return views.negotiate(typeof asked === 'string' ? `${asked} ${personal}` : personal, ctx.get('accept-language'));
  };
}

/** The app that the request is about, as people see it. */
export function clientOf({ oidc: { client } }: KoaContextWithOIDC): ClientView | undefined {
  return (
    client && { name: client.clientName ?? client.clientId, ...(client.clientUri ? { uri: client.clientUri } : {}) }
  );
}
