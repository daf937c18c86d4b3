import type { Client } from '../clients/client.ts';
import { RESOURCE_SERVERS_CHANNEL } from '../clients/resource_servers.ts';
import { scopesOf } from '../clients/scopes.ts';
import { shownOrigin, shownPages } from '../clients/shown_origin.ts';
import { CLIENTS_CHANNEL } from '../clients/statements.ts';
import { ACCOUNT_CLIENT_ID } from '../oidc/sessions.ts';
import { apiResourceOf, areApiScopes } from '../operations/api_resource.ts';
import { permissionOfScope } from '../operations/permissions.ts';
import { createCache } from '../platform/cache.ts';
import type { App } from '../views/app.ts';
import { PATHS } from '../views/paths.ts';
import type { Infrastructure } from './infrastructure.ts';
import { createClientStores } from './stores.ts';

/** Clients and resource servers, read through a cache. */
export type ClientServices = Awaited<ReturnType<typeof createClientServices>>;

export async function createClientServices(infrastructure: Infrastructure) {
  const { config, now, messenger } = infrastructure;
  const { clients, resourceServers, registrationTokens } = createClientStores(infrastructure);
  const clientCache = createCache({ load: clients.find, messenger, channel: CLIENTS_CHANNEL, now });
  const serverCache = createCache({ load: resourceServers.find, messenger, channel: RESOURCE_SERVERS_CHANNEL, now });
  const find = (id: string) => clientCache.get(id);
  const { issuer } = config;
  const api = apiResourceOf(issuer);
  const findResourceServer = async (identifier: string) =>
    identifier === api.identifier ? api : serverCache.get(identifier);

  await clients.ensureBuiltin({
    id: ACCOUNT_CLIENT_ID,
    name: 'Cardea',
    metadata: {
      redirect_uris: [issuer.url(PATHS.signedIn)],
      post_logout_redirect_uris: [issuer.url(PATHS.home)],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code'],
      application_type: 'web',
      scope: 'openid',
    },
  });

  return {
    clients,
    resourceServers,
    registrationTokens,
    caches: { clients: clientCache, resource_servers: serverCache },
    find,
    /** @param redirectUri of an authorization request, to which its answer goes */
    async findApp(id: string, redirectUri?: string): Promise<App | undefined> {
      const client = await find(id);
      return client && appOf(client, redirectUri);
    },
    /** Links back to an app; only for one that an operator has registered, because others choose their links themselves. */
    async wayBack(id: string) {
      const client = await find(id);
      if (client?.kind !== 'operator' || client.builtin) return undefined;
      const { client_uri: url, initiate_login_uri: start } = client.metadata;
      return {
        name: client.name,
        ...(url ? { url } : {}),
        ...(start ? { startUrl: withIssuer(start, issuer.identifier) } : {}),
      };
    },
    /** Scopes that a client may have, without those of resource servers. */
    async registeredScope(id: string): Promise<readonly string[]> {
      const client = await find(id);
      return client ? scopesOf(client) : [];
    },
    /** A client that is not older than `since`: the cache learns of a change a moment after it was made. */
    async findSince(id: string, since: Date) {
      const client = await find(id);
      return client && client.updatedAt.getTime() >= since.getTime() ? client : clients.find(id);
    },
    /** The admin API, which is built in. */
    apiResource: api,
    findResourceServer,
    /** True when a client may introspect access tokens of other clients for one of these audiences (RFC 7662 §4). */
    async mayIntrospect(clientId: string, audiences: readonly string[]): Promise<boolean> {
      const client = await find(clientId);
      if (client?.kind !== 'operator') return false;
      if (client.introspectsAll) return true;
      const servers = await Promise.all(audiences.map((identifier) => serverCache.get(identifier)));
      return servers.some((server) => server?.clients.includes(clientId));
    },
    resourceServerName: async (identifier: string) => (await findResourceServer(identifier))?.name ?? identifier,
    /** Scopes that this client may have at a resource server, out of those that exist there. */
    async resourceScopes(clientId: string, resource: string) {
      const [client, server] = await Promise.all([find(clientId), findResourceServer(resource)]);
      if (!client || !server || (client.kind !== 'operator' && !server.open)) return [];
      const registered = client.metadata.scope.split(' ');
      return client.openScope && server !== api
        ? server.scopes
        : server.scopes.filter((scope) => registered.includes(scope));
    },
    /** Resource servers at which this client may have all of these scopes, at most two. */
    async resourcesWithScopes(clientId: string, scopes: readonly string[]): Promise<readonly string[]> {
      const client = await find(clientId);
      if (!client) return [];
      const registered = client.metadata.scope.split(' ');
      if (scopes.some((scope) => permissionOfScope(scope) !== undefined)) {
        const isAllowed = client.kind === 'operator' && scopes.every((scope) => registered.includes(scope));
        return isAllowed && areApiScopes(scopes) ? [api.identifier] : [];
      }
      if (!client.openScope && !scopes.every((scope) => registered.includes(scope))) return [];
      return resourceServers.withScopes(scopes, client.kind !== 'operator');
    },
  };
}

/** Third-party initiated login (OpenID Connect Core §4). */
function withIssuer(uri: string, issuer: string): string {
  const url = new URL(uri);
  url.searchParams.set('iss', issuer);
  return url.href;
}

function appOf(client: Client, redirectUri: string | undefined): App {
  const { id, name, firstParty, builtin, secondFactorRequired } = client;
  return {
    id,
    name,
    firstParty,
    builtin,
    secondFactorRequired,
    ...shownOrigin(client, redirectUri),
    ...shownPages(client),
  };
}
