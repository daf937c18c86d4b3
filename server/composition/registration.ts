import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { Audit } from '../audit/entries.ts';
import { AUDIT_LINE_STATEMENTS } from '../audit/lines.ts';
import type { Client } from '../clients/client.ts';
import { createDocumentClients } from '../clients/document_clients.ts';
import { openPolicy } from '../clients/registration_policy.ts';
import { createRegistrations, type TellRemoved, USED_EVERY_MS } from '../clients/registrations.ts';
import { serverPolicyOf } from '../config.ts';
import type { BoundStatement } from '../platform/db.ts';
import { widerSubnet } from '../platform/limits.ts';
import { createRecently } from '../platform/recently.ts';
import { originOf } from '../platform/request_origin.ts';
import { loadServerSecret } from '../platform/server_secrets.ts';
import { ROW_BYTES } from '../platform/write_bounds.ts';
import { registrationRoutes } from '../registration/routes.ts';
import { createClaimsOf, readStatementIssuers } from '../registration/software_statements.ts';
import { PATHS } from '../views/paths.ts';
import type { ClientServices } from './clients.ts';
import type { Infrastructure } from './infrastructure.ts';

/** Keys the hashes of the networks from which clients were registered. */
const ORIGIN_SECRET = 'registration-origins';

/** The entries of clients that are removed because they are not used. */
export const removalEntries =
  (audit: Pick<Audit, 'line'>) =>
  (requestId: string): TellRemoved =>
  (ids, because) => {
    const line = (id: string) =>
      audit.line({
        actor: { kind: 'system', id: 'registrations' },
        action: 'clients.remove_unused',
        target: { kind: 'client', id },
        outcome: 'done',
        changes: { because: { after: because } },
        requestId,
      });
    return AUDIT_LINE_STATEMENTS.append.bind({ lines: ids.map(line) });
  };

/** Clients that no operator registered: those that register themselves, and those whose id is the URL of a document. */
export type RegistrationServices = Awaited<ReturnType<typeof createRegistrationServices>>;

export async function createRegistrationServices(infrastructure: Infrastructure, clientServices: ClientServices) {
  const { audit, config, db, log, now, limits, outbound, sealer, writes } = infrastructure;
  const { mode, idleSeconds, documents } = config.registration;
  const tellRemoved = removalEntries(audit);
  const registrations = createRegistrations({
    db,
    now,
    originKey: await loadServerSecret(db, sealer, ORIGIN_SECRET, now),
    tellRemoved: (ids, because) => tellRemoved(randomUUID())(ids, because),
    kept: limits['registered-clients'],
    idleSeconds,
  });
  const documentClients = createDocumentClients({
    rules: { hosts: documents.hosts, loopback: config.thisMachineOnly },
    serverPolicy: serverPolicyOf(config),
    outbound,
    registrations,
    find: clientServices.clients.find,
    now,
    admits: limits['client-documents'].address.admits,
    charge: writes.charge,
    onRefused: (clientId, reason) => log.warn({ clientId, reason }, 'a client metadata document was refused'),
  });
  const wasUsed = createRecently({ everyMs: USED_EVERY_MS, now });
  const endpoint = mode === 'off' ? undefined : config.issuer.url(PATHS.registration);

  return {
    registrations,
    endpoint,
    documents: documents.enabled,
    /** The client of a request. The metadata document may be fetched for it when the id is its URL. */
    async find(id: string, address: string): Promise<Client | undefined> {
      const stored = await clientServices.find(id);
      if (!/^https?:/.test(id)) return stored;
      return documents.enabled ? documentClients.resolve(id, stored, address) : undefined;
    },
    /** Records that tokens are issued to the client, so that it is not removed as unused. */
    async used(clientId: string): Promise<readonly BoundStatement[]> {
      const client = await clientServices.find(clientId);
      if (!client || client.kind === 'operator' || wasUsed(clientId)) return [];
      return [registrations.used(clientId)];
    },
    async mount(http: FastifyInstance): Promise<void> {
      if (mode === 'off' || endpoint === undefined) return;
      const issuers = config.registration.statementIssuers;
      await http.register(async (scope) => {
        await registrationRoutes(scope, {
          endpoint,
          mode,
          openPolicy: openPolicy(config.profile),
          clients: clientServices.clients,
          serverPolicy: serverPolicyOf(config),
          registrations,
          tellRemoved,
          tokens: clientServices.registrationTokens,
          limit: limits.registration.address,
          outbound,
          now,
          entry(request, action, { id, ...about }) {
            const { requestId, address, userAgent } = originOf(request);
            const details = { address, device: userAgent };
            const client = { kind: 'client', id } as const;
            return audit.append({ ...about, actor: client, action, target: client, requestId, details });
          },
          admit(address, bytes) {
            // The client, and what the audit tells of it.
            writes.charge(address, 2 * (bytes + ROW_BYTES));
            limits.registration.server.take(widerSubnet(address));
          },
          claimsOf: createClaimsOf({ issuers: issuers === undefined ? new Map() : readStatementIssuers(issuers), now }),
        });
      });
    },
  };
}
