import { randomBytes, timingSafeEqual } from 'node:crypto';
import type {} from '@fastify/cookie';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { decodeProtectedHeader } from 'jose';
import type { Clock } from '../platform/clock.ts';
import { cookieAt } from '../platform/cookies.ts';
import { redirectTo } from '../platform/forms.ts';
import type { Issuer } from '../platform/issuer.ts';
import { PATHS } from '../views/paths.ts';
import type { JsonObject, NameUnder, View, Views } from '../views/views.ts';
import { DEMO_CLIENT_ID, DEMO_CLIENT_NAME } from './demo_data.ts';
import { discoverRelyingParty, type Pending, ProtocolError, type RelyingParty, type Tokens } from './relying_party.ts';

/** A step of the demo app; its title is in the catalogue. */
interface DemoStep {
  step: NameUnder<'demo.step'>;
  /** Technical and untranslated, such as `GET /authorize?…`; shown with its line breaks. */
  detail: string;
}

interface DemoData {
  /** Where the refresh form posts `csrf` and `action=refresh`. */
  action: string;
  csrf: string;
  issuer: string;
  clientName: string;
  steps: readonly DemoStep[];
  /** Starts the flow again. */
  restartUrl: string;
  logoutUrl: string;
  /** The flow ended with this; no tokens are shown then. */
  error?: { error: string; description?: string };
  idToken?: { raw: string; header: JsonObject; claims: JsonObject };
  /** `header` and `claims` when it is a JWT; `expiresAt` in seconds since the epoch. */
  accessToken?: { raw: string; header?: JsonObject; claims?: JsonObject; scope?: string; expiresAt?: number };
  userinfo?: JsonObject;
  /** The demo has a refresh token, which is never shown. */
  canRefresh: boolean;
  /** The tokens on this page come from a refresh. */
  refreshed?: boolean;
}

export const demoView: View<DemoData> = { template: 'demo', layout: 'page', title: 'demo.title' };

/** The demo in one browser. In memory: it is for development, and tokens do not belong in a cookie. */
interface Run {
  readonly csrf: string;
  readonly pending: Pending;
  readonly until: number;
  refreshToken?: string;
  steps: DemoStep[];
}

const RUN_MS = 60 * 60 * 1000;
const MAX_RUNS = 100;
const SCOPE = 'openid profile email';

/**
 * "Try it": runs the authorization code flow with PKCE (RFC 6749 §4.1, RFC 7636) against the public endpoints of this
 * server, and shows the result. Development only.
 */
export async function demoRoutes(
  app: FastifyInstance,
  options: { issuer: Issuer; views: Views; now: Clock },
): Promise<void> {
  const { issuer, views, now } = options;
  const redirectUri = issuer.url(PATHS.demoCallback);
  const cookie = cookieAt(issuer, 'cardea_demo', PATHS.demo);
  const runs = new Map<string, Run>();
  const discover = () => discoverRelyingParty({ issuer, clientId: DEMO_CLIENT_ID, redirectUri });

  app.get(PATHS.demo, async (_request, reply) => {
    const app = await discover();
    const { url, ...pending } = app.authorize(SCOPE);
    keep(reply, {
      csrf: randomBytes(32).toString('base64url'),
      pending,
      until: now() + RUN_MS,
      steps: [
        { step: 'discovery', detail: `GET ${issuer.url(PATHS.discovery)}` },
        {
          step: 'authorize',
          detail: `GET ${app.endpoints.authorization_endpoint}\nresponse_type=code  scope=${SCOPE}\ncode_challenge_method=S256  state  nonce`,
        },
      ],
    });
    return redirectTo(reply, url);
  });

  app.get(PATHS.demoCallback, async (request, reply) => {
    const run = runOf(request);
    if (!run) return redirectTo(reply, PATHS.demo);
    const app = await discover();
    return show(request, reply, run, async () => {
      const code = app.codeOf(new URL(request.url, issuer.origin), run.pending);
      run.steps.push({ step: 'callback', detail: `GET ${redirectUri}\ncode  state  iss=${issuer.identifier}` });
      run.steps.push({
        step: 'token',
        detail: `POST ${app.endpoints.token_endpoint}\ngrant_type=authorization_code  code  code_verifier`,
      });
      const tokens = await app.redeem(code, run.pending);
      run.steps.push({ step: 'verify', detail: `GET ${app.endpoints.jwks_uri}\nsignature  iss  aud  exp  nonce` });
      return withUserinfo(app, run, tokens);
    });
  });

  app.post(PATHS.demo, async (request, reply) => {
    const run = runOf(request);
    const { csrf } = (request.body ?? {}) as { csrf?: unknown };
    if (!run?.refreshToken || !isSame(run.csrf, csrf)) return redirectTo(reply, PATHS.demo);
    const refreshToken = run.refreshToken;
    const app = await discover();
    return show(request, reply, run, async () => {
      run.steps.push({ step: 'refresh', detail: `POST ${app.endpoints.token_endpoint}\ngrant_type=refresh_token` });
      const tokens = await app.refresh(refreshToken);
      return { ...(await withUserinfo(app, run, tokens)), refreshed: true };
    });
  });

  async function withUserinfo(app: RelyingParty, run: Run, tokens: Tokens): Promise<Partial<DemoData>> {
    const { accessToken, refreshToken, scope, expiresIn, idToken } = tokens;
    if (refreshToken !== undefined) run.refreshToken = refreshToken;
    const userinfo = (await app.userinfo(tokens)) as JsonObject;
    run.steps.push({ step: 'userinfo', detail: `GET ${app.endpoints.userinfo_endpoint}\nAuthorization: Bearer …` });
    return {
      ...(idToken
        ? {
            idToken: {
              raw: idToken.raw,
              header: decodeProtectedHeader(idToken.raw) as JsonObject,
              claims: idToken.claims as JsonObject,
            },
          }
        : {}),
      accessToken: {
        raw: accessToken,
        ...(scope ? { scope } : {}),
        ...(expiresIn ? { expiresAt: Math.floor(now() / 1000) + expiresIn } : {}),
      },
      userinfo,
    };
  }

  /** Also shows the error that the server reported. */
  async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    run: Run,
    work: () => Promise<Partial<DemoData>>,
  ): Promise<FastifyReply> {
    const outcome = await work().catch((error: unknown) => {
      const { error: code, description } =
        error instanceof ProtocolError ? error : { error: 'demo_failed', description: undefined };
      run.steps.push({ step: 'error', detail: code });
      return { error: { error: code, ...(description ? { description } : {}) } };
    });
    const data: DemoData = {
      action: PATHS.demo,
      csrf: run.csrf,
      issuer: issuer.identifier,
      clientName: DEMO_CLIENT_NAME,
      steps: run.steps,
      restartUrl: PATHS.demo,
      logoutUrl: `${PATHS.logout}?${new URLSearchParams({ client_id: DEMO_CLIENT_ID, post_logout_redirect_uri: issuer.url(PATHS.home) })}`,
      canRefresh: run.refreshToken !== undefined,
      ...outcome,
    };
    const locale = views.negotiate(undefined, request.headers['accept-language']);
    return reply.type('text/html; charset=utf-8').send(views.render(demoView, data, locale));
  }

  function keep(reply: FastifyReply, run: Run): void {
    const id = randomBytes(32).toString('base64url');
    for (const [old, { until }] of runs) if (until < now() || runs.size >= MAX_RUNS) runs.delete(old);
    runs.set(id, run);
    reply.setCookie(cookie.name, id, cookie.options);
  }

  function runOf(request: FastifyRequest): Run | undefined {
    const run = runs.get(request.cookies[cookie.name] ?? '');
    return run && run.until > now() ? run : undefined;
  }
}

function isSame(expected: string, presented: unknown): boolean {
  if (typeof presented !== 'string' || presented.length !== expected.length) return false;
  return timingSafeEqual(Buffer.from(expected), Buffer.from(presented));
}
