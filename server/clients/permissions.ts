import type { Detail } from './authorization_details.ts';

/** Permissions: requested by an app, allowed by a person, or missing in a grant. */
export interface Permissions {
  readonly scopes: readonly string[];
  /** Scopes by resource indicator (RFC 8707). */
  readonly resources: Readonly<Record<string, readonly string[]>>;
  /**
   * Claims that are requested by name (OpenID Connect Core §5.5), each with the scope that the consent page shows for
   * it.
   */
  readonly claims: Readonly<Record<string, readonly string[]>>;
  /** RFC 9396 */
  readonly details: readonly Detail[];
}

export const NO_PERMISSIONS: Permissions = { scopes: [], resources: {}, claims: {}, details: [] };

export function isEmpty({ scopes, resources, claims, details }: Permissions): boolean {
  return scopes.length + Object.keys(resources).length + Object.keys(claims).length + details.length === 0;
}
