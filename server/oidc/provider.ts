import { type Configuration, type KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { RetiredKey } from '../../keys/store.ts';
import type { ServerPolicy } from '../clients/profiles.ts';
import type { Issuer } from '../platform/issuer.ts';
import { localGet } from '../platform/local_request.ts';
import type { Units } from '../records/unit.ts';
import { disableProviderLogoutCalls } from './backchannel_logout.ts';
import { disableProviderPings } from './ciba_notifications.ts';
import { type ClientForProvider, replaceClientLookup } from './client_lookup.ts';
import { CLAIMS } from './configuration.ts';
import type { DpopOptions } from './dpop.ts';
import { assertEveryRouteHasSteps, ENDPOINTS } from './endpoints.ts';
import { listen } from './events.ts';
import { createExchange, type EndpointLimits, exchangeOf, type StepServices } from './exchange.ts';
import { createFailureLog } from './failure_log.ts';
import type { Fetching } from './fetching.ts';
import { acceptHintsOfRetiredKeys } from './id_token_hints.ts';
import { completeIdTokens } from './id_tokens.ts';
import { dropUnseenOfflineAccess } from './offline_access.ts';
import type { Pages } from './pages.ts';
import { onParameters } from './parameters.ts';
import { pinnedHeaders } from './pinned_request.ts';
import { discoveryOf } from './profiles.ts';
import { keepRedirectUris } from './redirects.ts';
import { ROUTES, type Route } from './routes.ts';
import { runEndpoint } from './run_endpoint.ts';
import { acceptNonces, assertSeams, listRoutes, routeOf } from './seams.ts';
import type { Handle } from './serving.ts';
import { explainRedirectedErrors } from './steps/refusals.ts';
import { addClaimsOfMappings } from './token_claims.ts';
import { type ExchangeParts, registerTokenExchange } from './token_exchange.ts';
import { normalizeTypedUserCodes } from './typed_user_codes.ts';
import { showErrorsOfUnregisteredClients } from './unregistered_clients.ts';
import { addUserinfoAudience } from './userinfo_audience.ts';

/** Of preflights and of requests to no endpoint. */
const NO_LIMITS: EndpointLimits = {};

export interface ProviderOptions extends Omit<StepServices, 'features' | 'logFailure' | 'profile'> {
  readonly issuer: Issuer;
  readonly serverPolicy: ServerPolicy;
  readonly configuration: Configuration;
  readonly fetching: Fetching;
  readonly units: Units;
  readonly pages: Pages;
  readonly exchange: ExchangeParts;
  readonly nonceSecrets: DpopOptions['nonceSecrets'];
  /** For ID tokens that come back as a hint. */
  readonly retiredKeys: readonly RetiredKey[];
  /** The same object again for as long as the client is unchanged. */
  findClient(id: string, address: string): Promise<ClientForProvider | undefined>;
}

/** A provider for one version of the key set, with what never changes while it lives. */
export interface ServingProvider {
  readonly provider: Provider;
  readonly handle: Handle;
  /** The discovery document, as it is sent. */
  readonly discovery: string;
}

export async function createProvider(options: ProviderOptions): Promise<ServingProvider> {
  const { issuer, units, log } = options;
  const { provider, names } = listRoutes(() => new Provider(issuer.identifier, options.configuration));
  assertSeams(provider);
  acceptNonces(provider, options.nonceSecrets);
  assertEveryRouteHasSteps(names);
  // The mount has determined scheme, host and address, and passes them in X-Forwarded-*, which it alone can set.
  provider.proxy = true;
  replaceClientLookup(
    provider,
    (id, address) => units.current().trackRead(options.findClient(id, address)),
    options.fetching,
  );
  normalizeTypedUserCodes(provider);
  disableProviderLogoutCalls(provider);
  disableProviderPings(provider);
  dropUnseenOfflineAccess(provider);
  addClaimsOfMappings(provider);
  addUserinfoAudience(provider, issuer);
  completeIdTokens(provider, CLAIMS, issuer.url(ROUTES.userinfo));
  acceptHintsOfRetiredKeys(provider, options.retiredKeys, options.now);
  keepRedirectUris(provider);
  showErrorsOfUnregisteredClients(provider, options);
  explainRedirectedErrors(provider);
  registerTokenExchange(provider, options.exchange);

  const logFailure = createFailureLog(log);
  const { profile } = options.serverPolicy;
  const services: StepServices = { ...options, features: options.configuration.features, logFailure, profile };
  listen(provider, log, logFailure);
  onParameters(provider, (ctx, params) => {
    const exchange = exchangeOf(ctx);
    if (exchange) for (const step of ENDPOINTS[exchange.route].parameters) step(params, exchange);
  });
  provider.use(async (koa, next) => {
    const ctx = koa as KoaContextWithOIDC;
    const name = routeOf(provider, ctx);
    const route = name !== undefined && Object.hasOwn(ENDPOINTS, name) ? (name as Route) : 'not_found';
    const endpoint = ENDPOINTS[route];
    const limits = endpoint.limit === undefined ? NO_LIMITS : services.endpointLimits[endpoint.limit];
    const exchange = createExchange({ ctx, route, provider, unit: units.current(), services, limits });
    await runEndpoint(endpoint, exchange, next);
  });

  const callback = provider.callback();
  const handle: Handle = async (req, res) => callback(req, res);
  const payload = await localGet(
    (req, res) => units.run(() => handle(req, res)),
    '/.well-known/openid-configuration',
    pinnedHeaders(issuer, '127.0.0.1'),
  );
  const discovery = JSON.stringify(discoveryOf(JSON.parse(payload), options.serverPolicy));
  return { provider, handle, discovery };
}
