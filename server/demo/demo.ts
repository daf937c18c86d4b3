import { randomBytes, timingSafeEqual } from 'node:crypto';
import type {} from '@fastify/cookie';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import * as oauth from 'oauth4webapi';
import type { Clock } from '../platform/clock.ts';
import { PATHS } from '../views/paths.ts';
import type { DemoData, DemoStep, JsonObject, Views } from '../views/views.ts';
import { DEMO_CLIENT_ID, DEMO_CLIENT_NAME } from './demo_data.ts';

/** One browser's run through the demo. Kept in memory: this is a toy, and tokens belong in no cookie. */
interface Run {
  readonly csrf: string;
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly until: number;
  refreshToken?: string;
  steps: DemoStep[];
}

const COOKIE = 'cardea_demo';
const RUN_MS = 60 * 60 * 1000;
const MAX_RUNS = 100;
const SCOPE = 'openid profile email';
const CLIENT: oauth.Client = { client_id: DEMO_CLIENT_ID };

/**
 * "Try it": a relying party that runs authorization code with PKCE (RFC 6749 §4.1, RFC 7636) against this very server,
 * by its public endpoints, and shows what it got. Development only.
 */
export async function demoRoutes(
  app: FastifyInstance,
  options: { issuer: URL; views: Views; now: Clock },
): Promise<void> {
  const { issuer, views, now } = options;
  const redirectUri = `${issuer.origin}${PATHS.demoCallback}`;
  const insecure = { [oauth.allowInsecureRequests]: issuer.protocol === 'http:' };
  const runs = new Map<string, Run>();

  const discover = async () =>
    oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { ...insecure }));

  app.get(PATHS.demo, async (_request, reply) => {
    const as = await discover();
    const verifier = oauth.generateRandomCodeVerifier();
    const run: Run = {
      csrf: randomBytes(32).toString('base64url'),
      state: oauth.generateRandomState(),
      nonce: oauth.generateRandomNonce(),
      verifier,
      until: now() + RUN_MS,
      steps: [
        { step: 'discovery', detail: `GET ${issuer.origin}/.well-known/openid-configuration` },
        {
          step: 'authorize',
          detail: `GET ${as.authorization_endpoint}\nresponse_type=code  scope=${SCOPE}\ncode_challenge_method=S256  state  nonce`,
        },
      ],
    };
    keep(reply, run);
    const url = new URL(as.authorization_endpoint ?? '');
    url.search = new URLSearchParams({
      client_id: DEMO_CLIENT_ID,
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: SCOPE,
      state: run.state,
      nonce: run.nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }).toString();
    return reply.redirect(url.href, 303);
  });

  app.get(PATHS.demoCallback, async (request, reply) => {
    const run = runOf(request);
    if (!run) return reply.redirect(PATHS.demo, 303);
    const as = await discover();
    return show(request, reply, run, async () => {
      const params = oauth.validateAuthResponse(as, CLIENT, new URL(request.url, issuer), run.state);
      run.steps.push({ step: 'callback', detail: `GET ${redirectUri}\ncode  state  iss=${issuer.origin}` });
      const response = await oauth.authorizationCodeGrantRequest(
        as,
        CLIENT,
        oauth.None(),
        params,
        redirectUri,
        run.verifier,
        { ...insecure },
      );
      run.steps.push({
        step: 'token',
        detail: `POST ${as.token_endpoint}\ngrant_type=authorization_code  code  code_verifier`,
      });
      const tokens = await oauth.processAuthorizationCodeResponse(as, CLIENT, response, {
        expectedNonce: run.nonce,
        requireIdToken: true,
      });
      await oauth.validateApplicationLevelSignature(as, response, { ...insecure });
      run.steps.push({ step: 'verify', detail: `GET ${as.jwks_uri}\nsignature  iss  aud  exp  nonce` });
      return withUserinfo(as, run, tokens);
    });
  });

  app.post(PATHS.demo, async (request, reply) => {
    const run = runOf(request);
    const { csrf } = (request.body ?? {}) as { csrf?: unknown };
    if (!run?.refreshToken || !isSame(run.csrf, csrf)) return reply.redirect(PATHS.demo, 303);
    const refreshToken = run.refreshToken;
    const as = await discover();
    return show(request, reply, run, async () => {
      const response = await oauth.refreshTokenGrantRequest(as, CLIENT, oauth.None(), refreshToken, { ...insecure });
      run.steps.push({ step: 'refresh', detail: `POST ${as.token_endpoint}\ngrant_type=refresh_token` });
      const tokens = await oauth.processRefreshTokenResponse(as, CLIENT, response);
      return { ...(await withUserinfo(as, run, tokens)), refreshed: true };
    });
  });

  async function withUserinfo(
    as: oauth.AuthorizationServer,
    run: Run,
    tokens: oauth.TokenEndpointResponse,
  ): Promise<Partial<DemoData>> {
    if (tokens.refresh_token !== undefined) run.refreshToken = tokens.refresh_token;
    const claims = oauth.getValidatedIdTokenClaims(tokens);
    const response = await oauth.userInfoRequest(as, CLIENT, tokens.access_token, { ...insecure });
    const userinfo = await oauth.processUserInfoResponse(as, CLIENT, claims?.sub ?? oauth.skipSubjectCheck, response);
    run.steps.push({ step: 'userinfo', detail: `GET ${as.userinfo_endpoint}\nAuthorization: Bearer …` });
    return {
      ...(tokens.id_token && claims
        ? {
            idToken: {
              raw: tokens.id_token,
              header: headerOf(tokens.id_token),
              claims: claims as unknown as JsonObject,
            },
          }
        : {}),
      accessToken: {
        raw: tokens.access_token,
        ...(tokens.scope ? { scope: tokens.scope } : {}),
        ...(tokens.expires_in ? { expiresAt: Math.floor(now() / 1000) + tokens.expires_in } : {}),
      },
      userinfo: userinfo as unknown as JsonObject,
    };
  }

  /** A relying party that fails says what it was told; that is half of what one comes to a demo for. */
  async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    run: Run,
    work: () => Promise<Partial<DemoData>>,
  ): Promise<FastifyReply> {
    const outcome = await work().catch((error: unknown) => {
      const { error: code = 'demo_failed', error_description: description } = error as {
        error?: string;
        error_description?: string;
      };
      run.steps.push({ step: 'error', detail: code });
      return { error: { error: code, ...(description ? { description } : {}) } };
    });
    const data: DemoData = {
      action: PATHS.demo,
      csrf: run.csrf,
      issuer: issuer.origin,
      clientName: DEMO_CLIENT_NAME,
      steps: run.steps,
      restartUrl: PATHS.demo,
      logoutUrl: `${PATHS.logout}?${new URLSearchParams({ client_id: DEMO_CLIENT_ID, post_logout_redirect_uri: `${issuer.origin}/` })}`,
      canRefresh: run.refreshToken !== undefined,
      ...outcome,
    };
    const locale = views.negotiate(undefined, request.headers['accept-language']);
    return reply.type('text/html; charset=utf-8').send(views.render('demo', data, locale));
  }

  function keep(reply: FastifyReply, run: Run): void {
    const id = randomBytes(32).toString('base64url');
    for (const [old, { until }] of runs) if (until < now() || runs.size >= MAX_RUNS) runs.delete(old);
    runs.set(id, run);
    reply.setCookie(COOKIE, id, {
      path: PATHS.demo,
      httpOnly: true,
      sameSite: 'lax',
      secure: issuer.protocol === 'https:',
    });
  }

  function runOf(request: FastifyRequest): Run | undefined {
    const run = runs.get(request.cookies[COOKIE] ?? '');
    return run && run.until > now() ? run : undefined;
  }
}

function headerOf(jwt: string): JsonObject {
  return JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString()) as JsonObject;
}

function isSame(expected: string, presented: unknown): boolean {
  if (typeof presented !== 'string' || presented.length !== expected.length) return false;
  return timingSafeEqual(Buffer.from(expected), Buffer.from(presented));
}
