import type { Client } from '../clients/client.ts';
import { applyProfile, profileViolation, type ServerPolicy } from '../clients/profiles.ts';
import { scopesOf } from '../clients/scopes.ts';
import { matchesSecrets } from '../clients/secrets.ts';
import type { ClientCertificates } from '../oidc/client_certificates.ts';
import type { ClientForProvider } from '../oidc/client_lookup.ts';
import { SCOPES } from '../oidc/configuration.ts';
import type { Clock } from '../platform/clock.ts';
import type { RegistrationServices } from './registration.ts';

interface Parts {
  readonly registration: Pick<RegistrationServices, 'find'>;
  readonly certificates: Pick<ClientCertificates, 'serve'>;
  readonly serverPolicy: ServerPolicy;
  /** The types of authorization details that the operator offers (RFC 9396). */
  readonly detailsTypes: readonly string[];
  readonly now: Clock;
}

/** Clients as the provider needs them. @returns undefined for one that is unknown, or cannot authenticate here */
export function createProviderClients({ registration, certificates, serverPolicy, detailsTypes, now }: Parts) {
  const described = new WeakMap<Client, ClientForProvider>();
  return async (id: string, address: string): Promise<ClientForProvider | undefined> => {
    const client = await registration.find(id, address);
    if (!client || !certificates.serve(client.metadata)) return undefined;
    const description = described.get(client) ?? describe(client, { serverPolicy, detailsTypes, now });
    described.set(client, description);
    return description;
  };
}

function describe(
  client: Client,
  { serverPolicy: server, detailsTypes, now }: Pick<Parts, 'serverPolicy' | 'detailsTypes' | 'now'>,
): ClientForProvider {
  const { secretHash, id, name } = client;
  // The account pages redeem no codes, so the default profile is enough for them, even if the server's is stricter.
  const serverPolicy: ServerPolicy = client.builtin ? { ...server, profile: 'oauth21' } : server;
  const {
    authorization_details_types: details = [],
    // Called by oidc/ciba_notifications.ts and not by the provider.
    backchannel_client_notification_endpoint: _endpoint,
    ...metadata
  } = applyProfile(client.metadata, serverPolicy);
  const violation = profileViolation(client.metadata, serverPolicy);
  return {
    refusal: violation && `${violation.field} ${violation.why}`,
    isOperators: client.kind === 'operator',
    hasSecret: secretHash !== null,
    metadata: {
      ...metadata,
      client_id: id,
      client_name: name,
      // The provider knows only these; scopes of resource servers are checked in oidc/current_policy.ts.
      scope: scopesOf(client)
        .filter((scope) => (SCOPES as readonly string[]).includes(scope))
        .join(' '),
      // The provider would refuse the client as a whole for a type that the operator has removed since.
      authorization_details_types: details.filter((type) => detailsTypes.includes(type)),
    },
    matchesSecret: (presented) => matchesSecrets(client, presented, now()),
  };
}
