import * as registrationTokens from '../../server/clients/registration_tokens.ts';
import * as resourceServers from '../../server/clients/resource_servers.ts';
import * as store from '../../server/clients/store.ts';
import { carryOut } from '../../server/platform/planned.ts';

/* The stores, and the changes of operations each as a transaction of its own. */

export type TestClients = ReturnType<typeof createClients>;
export type TestResourceServers = ReturnType<typeof createResourceServers>;

export function createClients(parts: store.ClientsParts) {
  const clients = store.createClients(parts);
  return {
    ...clients,
    async rotateSecret(...change: Parameters<store.Clients['rotatingSecret']>) {
      const planned = await clients.rotatingSecret(...change);
      await carryOut(parts.db, planned);
      return { client: planned.client, secret: planned.secret };
    },
    async endOverlap(...change: Parameters<store.Clients['endingOverlap']>) {
      const planned = await clients.endingOverlap(...change);
      await carryOut(parts.db, planned);
      return planned.client;
    },
  };
}

export function createResourceServers(parts: Parameters<typeof resourceServers.createResourceServers>[0]) {
  const servers = resourceServers.createResourceServers(parts);
  const made = async (planned: Awaited<ReturnType<typeof servers.creating>>) => {
    await carryOut(parts.db, planned);
    return planned.server;
  };
  return {
    ...servers,
    create: async (...input: Parameters<typeof servers.creating>) => made(await servers.creating(...input)),
    update: async (...change: Parameters<typeof servers.updating>) => made(await servers.updating(...change)),
    async remove(identifier: string) {
      await carryOut(parts.db, await servers.removing(identifier));
    },
  };
}

export function createRegistrationTokens(parts: Parameters<typeof registrationTokens.createRegistrationTokens>[0]) {
  const tokens = registrationTokens.createRegistrationTokens(parts);
  return {
    ...tokens,
    async create(...input: Parameters<typeof tokens.creating>) {
      const planned = tokens.creating(...input);
      await carryOut(parts.db, planned);
      return planned.made;
    },
  };
}
