import type { Permissions } from '../clients/permissions.ts';
import { readDetails } from './authorization_details.ts';
import { type ClaimsByScope, requestedClaims } from './claims_parameter.ts';

export interface RequestedPermissionsParts {
  /** Static scopes that an authorization server supports; the rest belongs to resource servers. */
  readonly scopes: readonly string[];
  /** Claims that people are asked about, by scope. */
  readonly claims: ClaimsByScope;
  /** Scopes of the server's own that a client may have. */
  registeredScope(clientId: string): Promise<readonly string[]>;
  /** Scopes that this client may have at a resource server, out of those that exist there. */
  resourceScopes(clientId: string, resource: string): Promise<readonly string[]>;
}

/** What a client asks for, as far as it may have it. @param params of its request, as the provider has checked them */
export async function requestedPermissions(
  clientId: string,
  params: Readonly<Record<string, unknown>>,
  parts: RequestedPermissionsParts,
): Promise<Permissions> {
  const registered = await parts.registeredScope(clientId);
  const wanted = typeof params.scope === 'string' ? params.scope.split(' ') : [];
  const indicators = [params.resource ?? []].flat().filter((one): one is string => typeof one === 'string');
  const resources = await Promise.all(
    indicators.map(async (resource) => {
      const allowed = await parts.resourceScopes(clientId, resource);
      return [resource, allowed.filter((scope) => wanted.includes(scope))] as const;
    }),
  );
  return {
    scopes: wanted.filter((scope) => parts.scopes.includes(scope) && registered.includes(scope)),
    resources: Object.fromEntries(resources),
    details: readDetails(params.authorization_details),
    claims: requestedClaims(params.claims, parts.claims, registered),
  };
}
