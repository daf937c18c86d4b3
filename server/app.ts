import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import type { KeyRing } from '../keys/rotate.ts';
import { createAccountServices } from './composition/accounts.ts';
import { startBackgroundJobs } from './composition/background_jobs.ts';
import { createClientServices } from './composition/clients.ts';
import { formRoutes } from './composition/forms.ts';
import { type AppParts, createInfrastructure } from './composition/infrastructure.ts';
import { createProtocol } from './composition/protocol.ts';
import { createRegistrationServices } from './composition/registration.ts';
import { assertNoDemoData, DEMO_EMAIL, DEMO_PASSWORD, seedDemo } from './demo/demo_data.ts';
import { homeRoutes } from './demo/home.ts';
import { outboxRoutes } from './demo/outbox.ts';
import { mountProvider } from './oidc/mount.ts';
import { mountStatusLists } from './oidc/status_lists.ts';
import { type Clock, systemClock } from './platform/clock.ts';
import { createHttp } from './platform/http.ts';
import { claimIssuer } from './platform/installation.ts';
import { preferredLanguages } from './platform/languages.ts';
import { LIMIT_WINDOW_MS, limitStore, subnet } from './platform/limits.ts';
import { createReadiness } from './platform/readiness.ts';
import { errorView } from './views/error_page.ts';

export interface App {
  readonly http: FastifyInstance;
  readonly keyRing: KeyRing;
  /** Lets requests finish, then closes everything but the database. */
  close(): Promise<void>;
}

const PACKAGE = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

/** How many forms an address may send for each wrong answer that it may give. */
const FORMS_PER_FAILURE = 10;

/**
 * The composition root. What each layer is made of is in `composition/`, one file a layer: what everything rests on,
 * people, relying parties, the protocol, the forms, and the work that nobody asks for.
 */
export async function createApp(
  parts: Pick<AppParts, 'config' | 'db' | 'log' | 'nameServers'> & { now?: Clock; uptime?: Clock },
): Promise<App> {
  const { config, db, log, nameServers, now = systemClock, uptime = () => performance.now() } = parts;
  await claimIssuer(db, config.issuer.origin, now);
  await using opened = new AsyncDisposableStack();
  const infrastructure = await createInfrastructure({
    config,
    db,
    log,
    now,
    uptime,
    nameServers,
    onClose: (part, close) => opened.adopt(part, async () => void (await close(part))),
  });
  const { views, counter, secure, outbox } = infrastructure;
  const { issuer } = config;
  const accountServices = await createAccountServices(infrastructure);
  const clientServices = await createClientServices(infrastructure);
  if (config.production)
    await assertNoDemoData({ accounts: accountServices.accounts, clients: clientServices.clients });
  const selfRegistered = await createRegistrationServices(infrastructure, clientServices);
  const protocol = await createProtocol(infrastructure, accountServices, clientServices, selfRegistered);

  const http = createHttp({
    log,
    secure,
    trustedProxies: config.trustedProxies,
    tls: config.tls,
    renderError: (error, request) =>
      views.render(errorView, error, views.negotiate(preferredLanguages(request), request.headers['accept-language'])),
  });
  await http.register(rateLimit, {
    global: false,
    // Right answers are counted here as well, since each costs a hash; a busy household must not meet this one.
    max: config.rateLimit * FORMS_PER_FAILURE,
    timeWindow: LIMIT_WINDOW_MS,
    keyGenerator: (request) => subnet(request.ip),
    store: limitStore(counter),
  });
  await http.register(async (scope) => {
    await mountProvider(scope, {
      issuer,
      units: protocol.units,
      serving: protocol.serving,
    });
    if (protocol.statusLists) {
      mountStatusLists(scope, {
        issuer,
        lists: protocol.statusLists,
        sign: () => protocol.serving.current().sign,
        now,
        tokenSeconds: config.lifetimes.accessToken,
        assertCanSign: protocol.assertCanSign,
      });
    }
  });
  await selfRegistered.mount(http);
  await formRoutes(http, infrastructure, accountServices, clientServices, protocol);
  await http.register(homeRoutes, {
    views,
    issuer,
    version: PACKAGE.version,
    demo: config.demo ? { email: DEMO_EMAIL, password: DEMO_PASSWORD } : undefined,
    documentation: readFileSync(new URL('../README.md', import.meta.url)),
    isReady: createReadiness({ db, node: randomUUID(), now }),
  });
  if (!config.smtp && config.thisMachineOnly) await http.register(outboxRoutes, { views, issuer, folder: outbox });
  if (config.demo) {
    const { accounts, passwords } = accountServices;
    await seedDemo({ issuer, accounts, clients: clientServices.clients, hash: passwords.passwords.hash });
  }
  startBackgroundJobs(infrastructure, accountServices, clientServices, protocol, selfRegistered);

  const everything = opened.move();
  return {
    http,
    keyRing: protocol.keyRing,
    async close() {
      await http.close();
      await everything.disposeAsync();
    },
  };
}
