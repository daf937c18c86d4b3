import { type ErrorOut, errors, type KoaContextWithOIDC } from 'oidc-provider';
import { hostOf } from '../clients/registration_policy.ts';
import { CONTENT_SECURITY_POLICY } from '../platform/http.ts';
import { inLanguage } from '../platform/languages.ts';
import type { ClientView, ErrorData, Locale, Views } from '../views/views.ts';
import { ROUTES } from './routes.ts';
import { replaceSelfSubmitting } from './self_submitting.ts';

/** The pages that the provider itself asks for. */
export interface Pages {
  /** @param back where the person may go on, who is not sent there */
  error(ctx: KoaContextWithOIDC, out: ErrorOut, error?: unknown, back?: WayBack): void;
  logout(ctx: KoaContextWithOIDC): Promise<void>;
  loggedOut(ctx: KoaContextWithOIDC): void;
  /** Puts a page of ours in the place of one that the provider makes by itself. */
  replaceSelfSubmitting(ctx: KoaContextWithOIDC): void;
}

/** A place that people are not sent to, but may go to. */
export type WayBack = NonNullable<ErrorData['elsewhere']>;

/** Where a person may go after signing out, carried to the last page by its URL and checked there. */
export const WAY_BACK = ['client_id', 'post_logout_redirect_uri', 'state'] as const;

/**
 * @param languageOf what is known of a person's language: a BCP 47 tag
 * @param isExpected whether a browser may be sent to a place of the client's (unregistered_clients.ts)
 */
export function createPages(
  views: Views,
  languageOf: (accountId: string) => Promise<string | undefined> = async () => undefined,
  isExpected: (ctx: KoaContextWithOIDC) => Promise<boolean> = async () => true,
): Pages {
  const localeOf = createLocaleOf(views);

  return {
    replaceSelfSubmitting: (ctx) =>
      replaceSelfSubmitting(ctx, { views, policy: CONTENT_SECURITY_POLICY, localeOf, clientOf }),

    error(ctx, out, error, back) {
      ctx.type = 'html';
      ctx.body = views.render(
        'error',
        {
          status: ctx.status,
          // To the person a sign-in that is gone is no mistake of the app's, whatever OAuth calls it.
          error: error instanceof errors.SessionNotFound ? 'interaction_expired' : out.error,
          ...(out.error_description ? { description: out.error_description } : {}),
          requestId: String(ctx.res.getHeader('x-request-id') ?? ''),
          ...(back ? { elsewhere: back } : {}),
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
      const confirm = inLanguage(`${ROUTES.end_session}/confirm`, locale, ownLocale);
      const action = (await isExpected(ctx)) ? confirm : keepBack(ctx, confirm);
      ctx.body = views.render('logout', { action, xsrf: secret, ...(client ? { client } : {}) }, locale);
    },
    loggedOut(ctx) {
      const client = clientOf(ctx);
      ctx.type = 'html';
      const back = backAfterLogout(ctx);
      const data = { ...(client ? { client } : {}), ...(back ? { elsewhere: back } : {}) };
      ctx.body = views.render('logged-out', data, localeOf(ctx));
    },
  };
}

/** The person is not sent on after signing out, but told where they might go. */
function keepBack({ oidc }: KoaContextWithOIDC, action: string): string {
  const url = new URL(action, oidc.issuer);
  if (oidc.session?.state) Object.assign(oidc.session.state, { postLogoutRedirectUri: undefined });
  for (const name of WAY_BACK) {
    const value = name === 'client_id' ? oidc.client?.clientId : oidc.params?.[name];
    if (typeof value === 'string' && oidc.params?.post_logout_redirect_uri !== undefined)
      url.searchParams.set(name, value);
  }
  return url.pathname + url.search;
}

/** A URI that the client has registered (RP-Initiated Logout §3); the URL of the page is not trusted. */
function backAfterLogout(ctx: KoaContextWithOIDC): WayBack | undefined {
  const { post_logout_redirect_uri: uri, state } = ctx.query;
  const { client } = ctx.oidc;
  if (typeof uri !== 'string' || !client?.postLogoutRedirectUriAllowed(uri)) return undefined;
  const url = new URL(uri);
  if (typeof state === 'string') url.searchParams.set('state', state);
  return { host: hostOf(uri), href: url.href };
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
