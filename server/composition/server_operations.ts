import { randomUUID } from 'node:crypto';
import { visitorDetails } from '../accounts/session_details.ts';
import type { Actor } from '../operations/actor.ts';
import type { DataExports } from '../operations/data_export.ts';
import type { Runner } from '../operations/run.ts';
import { ownDeletion } from '../operations/user_deletion.ts';
import { notFound } from '../platform/errors.ts';
import type { OwnDeletion } from '../ports/own_account.ts';
import type { AccountServices } from './accounts.ts';
import type { ClientServices } from './clients.ts';
import type { Infrastructure } from './infrastructure.ts';
import type { Protocol } from './protocol.ts';
import { createOperations, type OperationLimits } from './stores.ts';

export interface OperationParts {
  readonly infrastructure: Infrastructure;
  readonly accountServices: AccountServices;
  readonly clientServices: ClientServices;
  readonly protocol: Pick<Protocol, 'keyRing'>;
  /** Default: those that are made for it. */
  readonly dataExports?: DataExports;
}

/** Runs operations within the server, by its stores. */
export function serverRunner(parts: OperationParts, limits: OperationLimits = {}): Runner {
  const { infrastructure, accountServices, clientServices, protocol, dataExports } = parts;
  const { config, db, log, sealer, now, outbound, settings } = infrastructure;
  const { clients, resourceServers, registrationTokens } = clientServices;
  const opened = {
    config,
    db,
    sealer,
    now,
    log,
    outbound,
    settings: () => settings,
    clients,
    resourceServers,
    registrationTokens,
    accountStores: async () => accountServices,
    ...(dataExports ? { dataExports } : {}),
    factors: async () => accountServices,
    passwords: async () => accountServices.passwords,
    keyRing: async () => protocol.keyRing,
  };
  return createOperations(opened, { audit: infrastructure.audit, ...limits }).runner;
}

const ownActor = (id: string): Actor => ({ kind: 'person', id, permissions: new Set() });

/** The end of the own account, for pages that have made sure who the person is. */
export function ownDeletionOf(parts: OperationParts): OwnDeletion {
  // What a page refuses is shown there, and is no attempt to do more than one may.
  const runner = serverRunner(parts, { recordsRefusal: async () => false });
  const { accounts } = parts.accountServices;
  return {
    graceSeconds: parts.infrastructure.config.privacy.deletionGraceSeconds,
    async ask(id, visitor, requestId = randomUUID()) {
      const input = { params: { id }, body: { details: visitorDetails(visitor) }, query: undefined };
      const { deletion_due_at: dueAt } = await runner.run(ownDeletion.ask, input, { actor: ownActor(id), requestId });
      return dueAt === undefined ? undefined : new Date(dueAt);
    },
    async keep(id, visitor, requestId = randomUUID()) {
      const input = { params: { id }, body: { details: visitorDetails(visitor) }, query: undefined };
      await runner.run(ownDeletion.keep, input, { actor: ownActor(id), requestId });
      const account = await accounts.findById(id);
      if (!account) throw notFound('user', id);
      return account;
    },
  };
}
