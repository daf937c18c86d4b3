import type { FastifyInstance } from 'fastify';
import { mountAdmin } from '../admin/mount.ts';
import type { ActorKind } from '../audit/entries.ts';
import type { Limits } from '../limit_table.ts';
import type { Actor } from '../operations/actor.ts';
import type { DataExports } from '../operations/data_export.ts';
import { ANY_CALLER } from '../operations/operation.ts';
import type { ApiCaller } from '../ports/api_access.ts';
import type { AccountServices } from './accounts.ts';
import type { ClientServices } from './clients.ts';
import type { Infrastructure } from './infrastructure.ts';
import type { Protocol } from './protocol.ts';
import { serverRunner } from './server_operations.ts';

/** The HTTP API for operators. */
export async function adminRoutes(
  site: FastifyInstance,
  parts: {
    readonly infrastructure: Infrastructure;
    readonly accountServices: AccountServices;
    readonly clientServices: ClientServices;
    readonly protocol: Pick<Protocol, 'keyRing' | 'serving'>;
    readonly dataExports: DataExports;
  },
): Promise<void> {
  const { infrastructure, protocol } = parts;
  const { config, limits, log, now } = infrastructure;
  const runner = serverRunner(parts, { recordsRefusal: ({ kind, id }) => recordsRefusal(limits.refusals, kind, id) });
  await site.register(mountAdmin, {
    issuer: config.issuer,
    origins: config.adminOrigins,
    runner,
    log,
    limits: limits.admin,
    async authenticate({ raw }, reply) {
      const began = now();
      const access = () => protocol.serving.current().apiAccess;
      const caller = await access().authenticate(raw);
      reply.headers(caller.headers);
      return {
        ...actorOf(caller),
        ...(caller.owner ? { owner: caller.owner } : {}),
        challenge: (permission) => (permission === ANY_CALLER ? undefined : access().challengeFor(caller, permission)),
        again: async () => actorOf(await access().authenticateAgain(raw, began)),
      };
    },
  });
}

function actorOf({ clientId, accountId, permissions }: ApiCaller): Actor {
  return accountId === undefined
    ? { kind: 'client', id: clientId, permissions }
    : { kind: 'person', id: accountId, clientId, permissions };
}

/** Counts a change that is denied or refused. @returns false when one more has no entry in the audit */
async function recordsRefusal(limits: Limits['refusals'], kind: ActorKind, id: string): Promise<boolean> {
  const own = kind === 'client' ? limits.client : limits.account;
  return (await own.admits(id)) && limits.server.admits(id);
}
