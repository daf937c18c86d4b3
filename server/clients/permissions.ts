import type { Detail } from './authorization_details.ts';

/** What an app requests, what a person allows it, or what a grant lacks of that. */
export interface Permissions {
  readonly scopes: readonly string[];
  /** Scopes by resource indicator (RFC 8707). */
  readonly resources: Readonly<Record<string, readonly string[]>>;
  /** Claims that are requested by name (OpenID Connect Core §5.5), by the scope that people are told of instead. */
  readonly claims: Readonly<Record<string, readonly string[]>>;
  /** RFC 9396 */
  readonly details: readonly Detail[];
}

export const NO_PERMISSIONS: Permissions = { scopes: [], resources: {}, claims: {}, details: [] };

export function isEmpty({ scopes, resources, claims, details }: Permissions): boolean {
  return scopes.length + Object.keys(resources).length + Object.keys(claims).length + details.length === 0;
}
