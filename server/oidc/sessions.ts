import { createHash, randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Provider } from 'oidc-provider';
import type { Clock } from '../platform/clock.ts';
import type { Issuer } from '../platform/issuer.ts';
import { openJson, type Sealer, sealJson } from '../platform/sealing.ts';
import type { Sessions } from '../ports/sessions.ts';
import type { Units } from '../records/unit.ts';
import { PATHS } from '../views/paths.ts';
import { ROUTES } from './routes.ts';
import type { Serving } from './serving.ts';

/** The client that Cardea's own pages are: people sign in to them as to any other app. */
export const ACCOUNT_CLIENT_ID = 'cardea-account';

const RETURN_SECONDS = 3_600;
const PLACE = { table: 'authorization_requests', column: 'state', row: ACCOUNT_CLIENT_ID };

interface ReturnState {
  readonly to: string;
  /** Seconds since the epoch. */
  readonly exp: number;
}

/**
 * The signed-in person for pages outside of authorization requests, and the URL to sign in when there is none or the
 * sign-in is too old: the port of `server/selfservice`.
 */
export function createSessions(options: {
  readonly issuer: Issuer;
  readonly serving: Serving;
  readonly units: Units;
  readonly sealer: Sealer;
  readonly now: Clock;
}): Sessions {
  const { issuer, serving, units, sealer } = options;
  const seconds = () => Math.floor(options.now() / 1_000);

  return {
    async current(request, reply) {
      const session = await units.run(() => findSession(serving.current().provider, request, reply));
      const { uid, accountId, loginTs, amr = [], acr } = session ?? {};
      if (uid === undefined || accountId === undefined || loginTs === undefined || acr === undefined) return undefined;
      return { sessionUid: uid, accountId, authTime: loginTs, amr, acr };
    },

    /**
     * An authorization request of Cardea's own pages (OpenID Connect Core §3.1.2.1). Its code cannot be redeemed, because
     * the PKCE verifier is not kept.
     */
    signInUrl({ returnTo, fresh, acr, locale }) {
      const state: ReturnState = { to: returnTo, exp: seconds() + RETURN_SECONDS };
      const query = new URLSearchParams({
        client_id: ACCOUNT_CLIENT_ID,
        redirect_uri: issuer.url(PATHS.signedIn),
        response_type: 'code',
        scope: 'openid',
        code_challenge: createHash('sha256').update(randomBytes(32)).digest('base64url'),
        code_challenge_method: 'S256',
        state: sealJson(sealer, PLACE, state).toString('base64url'),
        ...(fresh ? { prompt: 'login' } : {}),
        ...(acr === undefined ? {} : { acr_values: acr }),
        ...(locale === undefined ? {} : { ui_locales: locale }),
      });
      return `${ROUTES.authorization}?${query}`;
    },

    returnTo(state) {
      if (typeof state !== 'string') return undefined;
      try {
        const { to, exp } = openJson(sealer, PLACE, Buffer.from(state, 'base64url')) as ReturnState;
        return exp > seconds() ? to : undefined;
      } catch {
        return undefined;
      }
    },
  };
}

/** The session of the browser that sent a request. */
export async function findSession(provider: Provider, request: FastifyRequest, reply: FastifyReply) {
  const cookies = provider.createContext(request.raw, reply.raw).cookies;
  const id = cookies.get(provider.cookieName('session'), { signed: true });
  return id === undefined || id === '' ? undefined : provider.Session.find(id);
}
