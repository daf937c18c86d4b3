import type { Permissions } from '../clients/permissions.ts';
import { readDetails } from './authorization_details.ts';
import { type ClaimsByScope, requestedClaims } from './claims_parameter.ts';

export interface RequestedPermissionsParts {
  /** The scopes of the server itself; all others belong to resource servers. */
  readonly scopes: readonly string[];
  /** Claims that need consent, by scope. */
  readonly claims: ClaimsByScope;
  /** Scopes of the server itself that a client may have. */
  registeredScope(clientId: string): Promise<readonly string[]>;
  /** Scopes that this client may have at a resource server, out of those that exist there. */
  resourceScopes(clientId: string, resource: string): Promise<readonly string[]>;
}

/** The permissions that a request asks for and its client may have. @param params as the provider has checked them */
export async function requestedPermissions(
  clientId: string,
  params: Readonly<Record<string, unknown>>,
  parts: RequestedPermissionsParts,
): Promise<Permissions> {
  const registered = await parts.registeredScope(clientId);
  const requested = typeof params.scope === 'string' ? params.scope.split(' ') : [];
  const indicators = [params.resource ?? []].flat().filter((one): one is string => typeof one === 'string');
  const resources = await Promise.all(
    indicators.map(async (resource) => {
      const allowed = await parts.resourceScopes(clientId, resource);
      return [resource, allowed.filter((scope) => requested.includes(scope))] as const;
    }),
  );
  return {
    scopes: requested.filter((scope) => parts.scopes.includes(scope) && registered.includes(scope)),
    resources: Object.fromEntries(resources),
    details: readDetails(params.authorization_details),
    claims: requestedClaims(params.claims, parts.claims, registered),
  };
}
