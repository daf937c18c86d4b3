import type { FastifyInstance } from 'fastify';
import { mountAdmin } from '../admin/mount.ts';
import { ANY_CALLER } from '../operations/operation.ts';
import type { AccountServices } from './accounts.ts';
import type { ClientServices } from './clients.ts';
import type { Infrastructure } from './infrastructure.ts';
import type { Protocol } from './protocol.ts';
import { createOperations } from './stores.ts';

/** The HTTP API for operators. */
export async function adminRoutes(
  site: FastifyInstance,
  parts: {
    readonly infrastructure: Infrastructure;
    readonly accountServices: AccountServices;
    readonly clientServices: ClientServices;
    readonly protocol: Pick<Protocol, 'keyRing' | 'serving'>;
  },
): Promise<void> {
  const { infrastructure, accountServices, clientServices, protocol } = parts;
  const { config, db, limits, sealer, now, outbound, settings } = infrastructure;
  const { clients, resourceServers, registrationTokens } = clientServices;
  const { runner } = createOperations({
    config,
    db,
    sealer,
    now,
    outbound,
    settings: () => settings,
    clients,
    resourceServers,
    registrationTokens,
    accountStores: async () => accountServices,
    factors: async () => accountServices,
    passwords: async () => accountServices.passwords,
    keyRing: async () => protocol.keyRing,
  });
  await site.register(mountAdmin, {
    issuer: config.issuer,
    origins: config.adminOrigins,
    runner,
    limits: limits.admin,
    async authenticate({ raw }, reply) {
      const { apiAccess } = protocol.serving.current();
      const caller = await apiAccess.authenticate(raw);
      reply.headers(caller.headers);
      const { clientId, accountId, permissions } = caller;
      return {
        ...(accountId === undefined ? { kind: 'client', id: clientId } : { kind: 'person', id: accountId, clientId }),
        permissions,
        challenge: (permission) => (permission === ANY_CALLER ? undefined : apiAccess.challengeFor(caller, permission)),
      };
    },
  });
}
