import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import type { KeyRing } from '../keys/rotate.ts';
import { createAccountServices } from './composition/accounts.ts';
import { adminRoutes } from './composition/admin.ts';
import { startBackgroundJobs } from './composition/background_jobs.ts';
import { createClientServices } from './composition/clients.ts';
import { formRoutes } from './composition/forms.ts';
import { type AppParts, createInfrastructure } from './composition/infrastructure.ts';
import { startMonitoring } from './composition/monitoring.ts';
import { createProtocol } from './composition/protocol.ts';
import { mountReference } from './composition/reference.ts';
import { createRegistrationServices } from './composition/registration.ts';
import { openDataExports } from './composition/stores.ts';
import { assertNoDemoData, DEMO_EMAIL, DEMO_PASSWORD, seedDemo } from './demo/demo_data.ts';
import { healthRoutes, homeRoutes } from './demo/home.ts';
import { outboxRoutes } from './demo/outbox.ts';
import { jobsSeen } from './monitoring/facts.ts';
import type { Observed } from './monitoring/status_page.ts';
import { RESOURCE_METADATA_PATH, resourceMetadataRootPath } from './oidc/api_resource_metadata.ts';
import { mountMetadataAtRoot, mountProvider, mountResourceMetadata } from './oidc/mount.ts';
import { mountStatusLists } from './oidc/status_lists.ts';
import { type Clock, systemClock } from './platform/clock.ts';
import { createHttp } from './platform/http.ts';
import { claimIssuer } from './platform/installation.ts';
import { preferredLanguages } from './platform/languages.ts';
import { createProbe } from './platform/probe.ts';
import { createReadiness } from './platform/readiness.ts';
import { createRequestContext, type RequestContext } from './platform/request_context.ts';
import { LIMIT_PLUGIN, rateLimitOf } from './platform/route_limits.ts';
import type { Tracing } from './platform/tracing.ts';
import { wellKnownRoutes } from './selfservice/well_known.ts';
import { errorView } from './views/error_page.ts';

export interface App {
  readonly http: FastifyInstance;
  readonly keyRing: KeyRing;
  /** Lets requests finish, then closes everything but the database. */
  close(): Promise<void>;
}

const PACKAGE = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

/** The composition root: builds the layers in `composition/`, each on those before it, and connects them to HTTP. */
export async function createApp(
  parts: Pick<AppParts, 'config' | 'settings' | 'db' | 'log' | 'nameServers' | 'startPasswordThread'> & {
    now?: Clock;
    uptime?: Clock;
    requestContext?: RequestContext;
    tracing?: Tracing | undefined;
  },
): Promise<App> {
  const {
    config,
    settings,
    db,
    log,
    nameServers,
    startPasswordThread,
    now = systemClock,
    uptime = () => performance.now(),
    requestContext = createRequestContext(),
    tracing,
  } = parts;
  await claimIssuer(db, config.issuer.identifier, now);
  await using opened = new AsyncDisposableStack();
  const infrastructure = await createInfrastructure({
    config,
    settings,
    db,
    log,
    now,
    uptime,
    requestContext,
    tracing,
    nameServers,
    startPasswordThread,
    onClose: (part, close) => opened.adopt(part, async () => void (await close(part))),
  });
  const { views, limits, secure, outbox } = infrastructure;
  const { issuer } = config;
  const accountServices = await createAccountServices(infrastructure);
  const clientServices = await createClientServices(infrastructure);
  const { accounts, passwords } = accountServices;
  const { clients } = clientServices;
  if (config.production) await assertNoDemoData({ accounts, clients });
  const registration = await createRegistrationServices(infrastructure, clientServices);
  const protocol = await createProtocol({ infrastructure, accountServices, clientServices, registration });

  const { units, serving, statusLists, assertCanSign, resourceMetadata } = protocol;

  let observed: Observed | undefined;
  const probe = createProbe({
    sealer: infrastructure.sealer,
    issuer: issuer.identifier,
    now,
    trustedProxies: config.trustedProxies,
    certificateHeader: config.clientCertificates.header,
    jobs: () => (observed ? jobsSeen(observed.node, now()) : []),
  });
  const http = createHttp({
    log,
    secure,
    issuer,
    trustedProxies: config.trustedProxies,
    isProbe: probe.isProbe,
    requestStats: infrastructure.requestStats,
    requestContext,
    tracing,
    tls: config.tls,
    connectionsPerAddress: limits.connections.address,
    renderError: (error, request) =>
      views.render(errorView, error, views.negotiate(preferredLanguages(request), request.headers['accept-language'])),
  });
  await http.register(rateLimit, LIMIT_PLUGIN);
  const readLimit = { rateLimit: rateLimitOf(limits.pages.address) };
  const isReady = createReadiness({ db, node: randomUUID(), now });
  await http.register(
    async (site) => {
      await site.register(async (scope) => {
        await mountProvider(scope, { issuer, units, serving, views });
        mountResourceMetadata(scope, RESOURCE_METADATA_PATH, resourceMetadata);
        if (statusLists) {
          mountStatusLists(scope, {
            issuer,
            lists: statusLists,
            sign: () => serving.current().sign,
            now,
            tokenSeconds: config.lifetimes.accessToken,
            readLimit,
            assertCanSign,
          });
        }
      });
      await registration.mount(site);
      // One for both, so that they do not make the same export at the same time.
      const dataExports = openDataExports(infrastructure, async () => accountServices);
      const parts = {
        infrastructure,
        accountServices,
        clientServices,
        protocol,
        dataExports,
        observed: () => observed,
      };
      await adminRoutes(site, parts);
      await formRoutes(site, parts);
      await mountReference(site, { infrastructure, version: PACKAGE.version, http, readLimit });
      await site.register(homeRoutes, {
        views,
        issuer,
        version: PACKAGE.version,
        demo: config.demo ? { email: DEMO_EMAIL, password: DEMO_PASSWORD } : undefined,
        isReady,
        probe,
        readLimit,
      });
      if (!config.smtp && config.thisMachineOnly) await site.register(outboxRoutes, { views, issuer, folder: outbox });
    },
    { prefix: issuer.basePath },
  );
  if (issuer.basePath !== '') {
    // Other programs look for these at the root of a host, for any path of the issuer.
    await http.register(async (root) => {
      mountMetadataAtRoot(root, { issuer, serving });
      mountResourceMetadata(root, resourceMetadataRootPath(issuer), resourceMetadata);
      wellKnownRoutes(root, issuer);
      healthRoutes(root, { isReady, probe });
    });
  }
  if (config.demo) await seedDemo({ issuer, accounts, clients, hash: passwords.passwords.hash });
  const jobs = startBackgroundJobs({ infrastructure, accountServices, clientServices, registration, protocol });
  observed = await startMonitoring({
    infrastructure,
    accountServices,
    clientServices,
    protocol,
    jobs,
    isReady,
    version: PACKAGE.version,
  });

  const disposables = opened.move();
  return {
    http,
    keyRing: protocol.keyRing,
    async close() {
      await http.close();
      await disposables.disposeAsync();
    },
  };
}
