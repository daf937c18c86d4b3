import type { ReservedResource, ResourceServer } from '../clients/resource_servers.ts';
import type { Issuer } from '../platform/issuer.ts';
import { PERMISSION_SCOPES, permissionOfScope, SCOPE_PREFIX } from './permissions.ts';

/** The path of the admin API below the issuer; its version is a part of it. */
export const API_PATH = '/api/v1';

export type ApiResource = Pick<ResourceServer, 'identifier' | 'name' | 'scopes' | 'open' | 'clients' | 'tokenTyp'> & {
  readonly adminApi: true;
};

/**
 * The admin API as a resource server (RFC 8707, RFC 9068). It always exists and is not stored, so no operator can delete it or
 * open it to clients that registered themselves.
 */
export function apiResourceOf(issuer: Pick<Issuer, 'url'>): ApiResource {
  return {
    identifier: issuer.url(API_PATH),
    name: 'Cardea admin API',
    scopes: PERMISSION_SCOPES,
    open: false,
    clients: [],
    tokenTyp: 'at+jwt',
    adminApi: true,
  };
}

/** True when all of these are scopes of the admin API. */
export const areApiScopes = (scopes: readonly string[]): boolean =>
  scopes.every((scope) => permissionOfScope(scope) !== undefined);

/** What no resource server of the operator may have. */
export const reservedOf = (issuer: Pick<Issuer, 'url' | 'identifier'>): ReservedResource => ({
  // Tokens for the issuer or its userinfo endpoint are those without a resource (OpenID Connect Core §5.3).
  identifiers: [issuer.identifier, issuer.url('/userinfo'), apiResourceOf(issuer).identifier],
  scopePrefix: SCOPE_PREFIX,
});
