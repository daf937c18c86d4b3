import type { FastifyInstance } from 'fastify';
import { mountAdmin } from '../admin/mount.ts';
import { AppError } from '../platform/errors.ts';
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
    readonly protocol: Pick<Protocol, 'keyRing'>;
  },
): Promise<void> {
  const { infrastructure, accountServices, clientServices, protocol } = parts;
  const { config, db, sealer, now } = infrastructure;
  const { clients, resourceServers, registrationTokens } = clientServices;
  const { runner } = createOperations({
    config,
    db,
    sealer,
    now,
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
    runner,
    async authenticate(_request, reply) {
      reply.header('www-authenticate', 'Bearer');
      throw new AppError('missing_token', 'an access token is needed');
    },
  });
}
