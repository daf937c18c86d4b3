import inject from 'light-my-request';
import { type Configuration, type KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { RetiredKey } from '../../keys/store.ts';
import type { ServerPolicy } from '../clients/profiles.ts';
import type { Clock } from '../platform/clock.ts';
import type { BoundStatement } from '../platform/db.ts';
import { AppError, RETRY_AFTER_SECONDS } from '../platform/errors.ts';
import type { Logger } from '../platform/log.ts';
import type { Polls } from '../records/polls.ts';
import type { Units } from '../records/unit.ts';
import type { Admission } from './admission.ts';
import { amend } from './amend.ts';
import { leaveLogoutToTheQueue } from './backchannel_logout.ts';
import { leaveNotificationsToTheQueue } from './ciba_notifications.ts';
import { type ClientForProvider, replaceClientLookup } from './client_lookup.ts';
import { assertReadableProof, explainReplay, spendProof } from './dpop.ts';
import { errorResponse } from './error_responses.ts';
import { listen } from './events.ts';
import { watchFailures } from './failures.ts';
import type { Fetching } from './fetching.ts';
import type { FormResponses } from './form_responses.ts';
import { acceptOlderHints } from './id_token_hints.ts';
import { type JwtAccessTokens, recognizeJwtAccessTokens } from './jwt_access_tokens.ts';
import type { Pages } from './pages.ts';
import { assertParameterSizes } from './parameter_limits.ts';
import { onParameters } from './parameters.ts';
import { discoveryOf } from './profiles.ts';
import { createRefreshes } from './refresh.ts';
import { explainRefusal, logRefusal } from './refusals.ts';
import { assertRequestObjectTypes } from './request_objects.ts';
import { assertSeams } from './seams.ts';
import type { Handle } from './serving.ts';
import { slowDown } from './slow_down.ts';
import { letMappedClaimsThrough } from './token_claims.ts';
import { type ExchangeParts, registerTokenExchange } from './token_exchange.ts';
import { readUserCodesAsTyped } from './typed_user_codes.ts';
import { tellErrorsOnPages } from './unregistered_clients.ts';

export interface ProviderOptions {
  readonly issuer: URL;
  readonly serverPolicy: ServerPolicy;
  readonly configuration: Configuration;
  readonly fetching: Fetching;
  readonly units: Units;
  readonly polls: Polls;
  readonly admission: Admission;
  readonly pages: Pages;
  readonly log: Logger;
  readonly now: Clock;
  readonly exchange: ExchangeParts;
  readonly structured: JwtAccessTokens;
  readonly formAnswers: FormResponses;
  /** For ID tokens that come back as a hint. */
  readonly retiredKeys: readonly RetiredKey[];
  /** Whether the operator made that client. */
  isRegistered(clientId: string): Promise<boolean>;
  /** The same object again for as long as the client is unchanged. */
  findClient(id: string, address: string): Promise<ClientForProvider | undefined>;
  /** Tokens are being issued to a client: what to write of that in the same transaction. */
  used(clientId: string): Promise<readonly BoundStatement[]>;
  /** A signed-in browser came by: what to write of that in the same transaction. */
  seen(session: SeenSession): Promise<readonly BoundStatement[]>;
}

export interface SeenSession {
  readonly uid: string;
  readonly accountId: string;
  readonly userAgent: string | undefined;
  readonly address: string;
}

/** Routes at which a browser is, or gets, signed in. */
const SIGNING_IN = new Set(['authorization', 'resume', 'code_verification', 'device_resume']);

/** A provider for one version of the key set, with what never changes while it lives. */
export interface ServingProvider {
  readonly provider: Provider;
  readonly handle: Handle;
  /** The discovery document, as it is sent. */
  readonly discovery: string;
}

export async function createProvider(options: ProviderOptions): Promise<ServingProvider> {
  const { issuer, units, pages, log, formAnswers } = options;
  const provider = new Provider(issuer.origin, options.configuration);
  assertSeams(provider);
  // The mount has decided scheme, host and address already, and says so in X-Forwarded-*, which nobody else can set.
  provider.proxy = true;
  replaceClientLookup(
    provider,
    (id, address) => units.current().trackRead(options.findClient(id, address)),
    options.fetching,
  );
  readUserCodesAsTyped(provider);
  leaveLogoutToTheQueue(provider);
  leaveNotificationsToTheQueue(provider);
  letMappedClaimsThrough(provider);
  acceptOlderHints(provider, options.retiredKeys, options.now);
  tellErrorsOnPages(provider, options);
  registerTokenExchange(provider, options.exchange);
  onParameters(provider, [
    (_route, params) => assertParameterSizes(params),
    (_route, params) => assertRequestObjectTypes(params),
    recognizeJwtAccessTokens(options.structured),
  ]);
  listen(provider, log);
  const failures = watchFailures(provider, log);
  const refreshes = createRefreshes({ features: options.configuration.features, now: options.now, log });
  provider.use((ctx, next) => settle(ctx as KoaContextWithOIDC, next));

  /**
   * The outermost step: what the request wrote is committed here, after the provider has made its answer and before
   * that answer leaves. An answer that the database did not confirm is replaced.
   */
  async function settle(ctx: KoaContextWithOIDC, next: () => Promise<unknown>): Promise<void> {
    const unit = units.current();
    let proof: string | undefined;
    try {
      assertReadableProof(ctx);
      await next();
      // Part of the provider answers "not found" or "invalid" to whatever failed below it: that is no verdict.
      if (unit.failure !== undefined) throw unit.failure;
      failures.assertNone(ctx);
      // No route of the provider's: the router of the mount decodes paths (`/%74oken`), the provider's does not.
      if (ctx.status === 404 && ctx.body == null) throw new AppError('not_found', 'there is nothing here');
      await refreshes.restore(ctx, unit);
      const verdict = await amend(ctx, options.isRegistered);
      pages.sendOn(ctx);
      await slowDown(ctx, options.polls);
      explainRefusal(ctx);
      if (verdict === 'discard' || ctx.status >= 500) return unit.discard();
      if (ctx.status >= 400 && (await formAnswers.repeat(ctx))) return unit.discard();
      for (const bound of [...(await tellSeen(ctx)), ...(await tellUsed(ctx))]) unit.addStatement(bound);
      formAnswers.keep(ctx, unit);
      await options.admission.admit(ctx, unit);
      proof = await spendProof(ctx, unit);
      await refreshes.commit(ctx, unit);
    } catch (error) {
      unit.discard();
      // Of a form that is sent twice at once the database has let the other one through.
      if (isRefusal(error) && (await formAnswers.repeat(ctx))) return;
      present(ctx, explainReplay(error, proof));
    }
    // A refresh that was repeated has been given its stored response: that refused nothing.
    if (ctx.status !== 200 || ctx.oidc?.route !== 'token') logRefusal(ctx, log);
  }

  async function tellSeen(ctx: KoaContextWithOIDC): Promise<readonly BoundStatement[]> {
    const { route = '', session } = ctx.oidc ?? {};
    if (!SIGNING_IN.has(route) || !session?.accountId || (session as { destroyed?: boolean }).destroyed) return [];
    const { uid, accountId } = session;
    return options.seen({ uid, accountId, userAgent: ctx.get('user-agent') || undefined, address: ctx.ip });
  }

  async function tellUsed(ctx: KoaContextWithOIDC): Promise<readonly BoundStatement[]> {
    const { route, client } = ctx.oidc ?? {};
    return route === 'token' && ctx.status === 200 && client ? options.used(client.clientId) : [];
  }

  function present(ctx: KoaContextWithOIDC, error: unknown): void {
    failures.logFailure(ctx, error);
    const { status, body, challenge } = errorResponse(error, ctx.path);
    for (const name of ['location', 'set-cookie', 'www-authenticate', 'content-type', 'content-length'])
      ctx.remove(name);
    ctx.status = status;
    ctx.set('cache-control', 'no-store');
    if (challenge !== undefined) ctx.set('www-authenticate', challenge);
    const wait = RETRY_AFTER[status];
    if (wait !== undefined) ctx.set('retry-after', String(wait));
    if (ctx.accepts('json', 'html') === 'html') pages.error(ctx, body);
    else ctx.body = body;
  }

  const callback = provider.callback();
  const handle: Handle = async (req, res) => callback(req, res);
  const { payload } = await inject((req, res) => void units.run(() => handle(req, res)), {
    url: '/.well-known/openid-configuration',
    headers: pinnedHeaders(issuer, '127.0.0.1'),
  });
  const discovery = JSON.stringify(discoveryOf(JSON.parse(payload), options.serverPolicy));
  return { provider, handle, discovery };
}

function isRefusal(error: unknown): boolean {
  return error instanceof AppError && error.status < 500;
}

/** What the provider is to believe of how it was reached: the issuer's word, never the request's. */
export function pinnedHeaders(issuer: URL, address: string): Record<string, string> {
  return {
    host: issuer.host,
    'x-forwarded-host': issuer.host,
    'x-forwarded-proto': issuer.protocol.replace(':', ''),
    'x-forwarded-for': address,
  };
}

/** Seconds, by status (RFC 9110 §10.2.3). */
const RETRY_AFTER: Readonly<Record<number, number>> = { 429: 60, 503: RETRY_AFTER_SECONDS };
