import type { Client, KoaContextWithOIDC } from 'oidc-provider';
import { exchangeOf } from './exchange.ts';
import type { Pages } from './pages.ts';
import { endSession } from './seams.ts';

export interface HintedLogoutParts {
  /** The person is asked before every logout. */
  readonly confirmLogout: boolean;
  /** See subjects.ts. */
  subjectOf(ctx: KoaContextWithOIDC, accountId: string, client: Client): Promise<string>;
  /** See unregistered_clients.ts. */
  isRedirectAllowed(ctx: KoaContextWithOIDC): Promise<boolean>;
  readonly pages: Pick<Pages, 'languageAfterLogout' | 'logout'>;
}

/**
 * The provider calls this when a signed-in person comes to sign out. An `id_token_hint` of this person proves that the request
 * comes from an app that they signed in to, so nothing is asked (RP-Initiated Logout §2). Without one any site could have sent
 * the browser here; the hint of another person or session says that the app means another sign-in (§6).
 */
export function createLogoutSource(parts: HintedLogoutParts): (ctx: KoaContextWithOIDC) => Promise<void> {
  return async (ctx) => {
    if (parts.confirmLogout || !(await isOfThisSession(ctx, parts))) return parts.pages.logout(ctx);
    const exchange = exchangeOf(ctx);
    const { session, params } = ctx.oidc;
    const { postLogoutRedirectUri: uri, state } = (session?.state ?? {}) as Record<string, string | undefined>;
    const language = await parts.pages.languageAfterLogout(ctx);
    if (exchange) exchange.logoutTarget = { uri, state, language };
    // As the form of the page that asks does, for the whole session.
    Object.assign(params ?? {}, { logout: 'yes' });
    await endSession(ctx);
  };
}

/** The provider has verified the hint's signature, issuer and audience; it may have expired (RP-Initiated Logout §4). */
async function isOfThisSession(ctx: KoaContextWithOIDC, parts: HintedLogoutParts): Promise<boolean> {
  const { client, session, entities } = ctx.oidc;
  const { payload: hint } = (entities as { IdTokenHint?: { payload: Record<string, unknown> } }).IdTokenHint ?? {};
  if (!hint || !client || session?.accountId === undefined) return false;
  if (hint.sid !== undefined && hint.sid !== session.authorizations?.[client.clientId]?.sid) return false;
  if (hint.sub !== (await parts.subjectOf(ctx, session.accountId, client))) return false;
  return parts.isRedirectAllowed(ctx);
}
