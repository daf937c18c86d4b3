import { type ErrorOut, errors, type KoaContextWithOIDC } from 'oidc-provider';
import { hostOf } from '../clients/registration_policy.ts';
import { CONTENT_SECURITY_POLICY } from '../platform/http.ts';
import { inLanguage } from '../platform/languages.ts';
import { errorView } from '../views/error_page.ts';
import { loggedOutView, logoutView } from '../views/provider_pages.ts';
import type { ClientView, ErrorData, Locale, Views } from '../views/views.ts';
import { withParameters } from './redirects.ts';
import { ROUTES } from './routes.ts';
import { replaceSelfSubmitting } from './self_submitting.ts';

/** The pages that the provider renders through its configuration. */
export interface Pages {
  /** @param link shown in place of a redirect to the client */
  error(ctx: KoaContextWithOIDC, out: ErrorOut, error?: unknown, link?: ClientLink): void;
  logout(ctx: KoaContextWithOIDC): Promise<void>;
  /** The language of the last page of a logout, which knows no account; undefined when it is the browser's. */
  languageAfterLogout(ctx: KoaContextWithOIDC): Promise<string | undefined>;
  loggedOut(ctx: KoaContextWithOIDC): void;
  /** See self_submitting.ts. */
  replaceSelfSubmitting(ctx: KoaContextWithOIDC): void;
}

/** A link to a client that browsers are not redirected to. */
export type ClientLink = NonNullable<ErrorData['elsewhere']>;

/** The parameters of the last page of a logout from which it makes a link to the client, after checking them. */
export const CLIENT_LINK_PARAMETERS = ['client_id', 'post_logout_redirect_uri', 'state'] as const;

/**
 * @param languageOf the language that a person has chosen, as a BCP 47 tag
 * @param isRedirectAllowed see unregistered_clients.ts
 */
export function createPages(
  views: Views,
  languageOf: (accountId: string) => Promise<string | undefined> = async () => undefined,
  isRedirectAllowed: (ctx: KoaContextWithOIDC) => Promise<boolean> = async () => true,
): Pages {
  const localeOf = createLocaleOf(views);

  async function localesOf(ctx: KoaContextWithOIDC): Promise<{ locale: Locale; ownLocale: Locale }> {
    const { accountId } = ctx.oidc.session ?? {};
    const locale = localeOf(ctx, accountId === undefined ? undefined : await languageOf(accountId));
    // The last page has no session, and so would choose the browser's language.
    return { locale, ownLocale: views.negotiate(undefined, ctx.get('accept-language')) };
  }

  return {
    replaceSelfSubmitting: (ctx) =>
      replaceSelfSubmitting(ctx, { views, policy: CONTENT_SECURITY_POLICY, localeOf, clientOf }),

    error(ctx, out, error, link) {
      ctx.type = 'html';
      ctx.body = views.render(
        errorView,
        {
          status: ctx.status,
          // For the person an expired sign-in is no mistake of the app, although OAuth has no other code for it.
          error: error instanceof errors.SessionNotFound ? 'interaction_expired' : out.error,
          ...(out.error_description ? { description: out.error_description } : {}),
          requestId: String(ctx.res.getHeader('x-request-id') ?? ''),
          ...(link ? { elsewhere: link } : {}),
        },
        localeOf(ctx),
      );
    },
    async logout(ctx) {
      // The provider has put the secret of its form into the session (shared/xsrf.js).
      const secret = String(ctx.oidc.session?.state?.secret);
      const client = clientOf(ctx);
      const { locale, ownLocale } = await localesOf(ctx);
      const confirm = inLanguage(`${ROUTES.end_session}/confirm`, locale, ownLocale);
      const action = (await isRedirectAllowed(ctx)) ? confirm : keepClientLink(ctx, confirm);
      ctx.body = views.render(logoutView, { action, xsrf: secret, ...(client ? { client } : {}) }, locale);
    },
    async languageAfterLogout(ctx) {
      const { locale, ownLocale } = await localesOf(ctx);
      return locale === ownLocale ? undefined : locale;
    },
    loggedOut(ctx) {
      const client = clientOf(ctx);
      ctx.type = 'html';
      const link = linkAfterLogout(ctx);
      const data = { ...(client ? { client } : {}), ...(link ? { elsewhere: link } : {}) };
      ctx.body = views.render(loggedOutView, data, localeOf(ctx));
    },
  };
}

/** Replaces the redirect after signing out by a link on the last page. */
function keepClientLink({ oidc }: KoaContextWithOIDC, action: string): string {
  const url = new URL(action, oidc.issuer);
  if (oidc.session?.state) Object.assign(oidc.session.state, { postLogoutRedirectUri: undefined });
  for (const name of CLIENT_LINK_PARAMETERS) {
    const value = name === 'client_id' ? oidc.client?.clientId : oidc.params?.[name];
    if (typeof value === 'string' && oidc.params?.post_logout_redirect_uri !== undefined)
      url.searchParams.set(name, value);
  }
  return url.pathname + url.search;
}

/** Only a URI that the client has registered (RP-Initiated Logout §3), as any site can link to this page. */
function linkAfterLogout(ctx: KoaContextWithOIDC): ClientLink | undefined {
  const { post_logout_redirect_uri: uri, state } = ctx.query;
  const { client } = ctx.oidc;
  if (typeof uri !== 'string' || !client?.postLogoutRedirectUriAllowed(uri)) return undefined;
  const href = withParameters(uri, { state: typeof state === 'string' ? state : undefined });
  return { host: hostOf(uri), href };
}

/** The language of a page: the one that the request names, then the person's, then the browser's. */
export function createLocaleOf(views: Views): (ctx: KoaContextWithOIDC, personal?: string) => Locale {
  return (ctx, personal = '') => {
    const resumed = ctx.oidc?.entities.Interaction?.params as { ui_locales?: unknown } | undefined;
    const requested = ctx.oidc?.params?.ui_locales ?? resumed?.ui_locales ?? ctx.query.ui_locales;
    return views.negotiate(
      typeof requested === 'string' ? `${requested} ${personal}` : personal,
      ctx.get('accept-language'),
    );
  };
}

/** The client of the request, as pages show it. */
export function clientOf({ oidc: { client } }: KoaContextWithOIDC): ClientView | undefined {
  return (
    client && { name: client.clientName ?? client.clientId, ...(client.clientUri ? { uri: client.clientUri } : {}) }
  );
}
