import { type ErrorOut, errors, type KoaContextWithOIDC } from 'oidc-provider';
import type { Views } from '../views/views.ts';
import { ROUTES } from './routes.ts';

/** The pages that the provider itself asks for. */
export interface Pages {
  error(ctx: KoaContextWithOIDC, out: ErrorOut, error?: unknown): void;
  logout(ctx: KoaContextWithOIDC): void;
  loggedOut(ctx: KoaContextWithOIDC): void;
}

export function createPages(views: Views): Pages {
  const localeOf = (ctx: KoaContextWithOIDC) => {
    const asked = ctx.oidc?.params?.ui_locales ?? ctx.query.ui_locales;
    return views.negotiate(typeof asked === 'string' ? asked : undefined, ctx.get('accept-language'));
  };
  const clientOf = (ctx: KoaContextWithOIDC) => {
    const { client } = ctx.oidc;
    return client
      ? { name: client.clientName ?? client.clientId, ...(client.clientUri ? { uri: client.clientUri } : {}) }
      : undefined;
  };

  return {
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
    logout(ctx) {
      // The provider has put the secret of its form into the session (shared/xsrf.js).
      const secret = String(ctx.oidc.session?.state?.secret);
      const client = clientOf(ctx);
      ctx.body = views.render(
        'logout',
        { action: `${ROUTES.end_session}/confirm`, xsrf: secret, ...(client ? { client } : {}) },
        localeOf(ctx),
      );
    },
    loggedOut(ctx) {
      const client = clientOf(ctx);
      ctx.type = 'html';
      ctx.body = views.render('logged-out', client ? { client } : {}, localeOf(ctx));
    },
  };
}
