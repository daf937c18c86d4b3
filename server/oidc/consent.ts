import type { Grant, KoaContextWithOIDC } from 'oidc-provider';
import { isEmpty, type Permissions } from '../clients/permissions.ts';
import type { Clock } from '../platform/clock.ts';
import { type ClaimsByScope, requestedClaims } from './claims_parameter.ts';
import { withoutOptionalOfflineAccess } from './offline_access.ts';

export interface GrantParts {
  isFirstParty(clientId: string): Promise<boolean>;
  readonly claims: ClaimsByScope;
  /** The longest that anything issued under a grant may live, in seconds. */
  readonly lifetime: number;
  readonly now: Clock;
}

/**
 * The grant of an authorization request: the one of the session, extended by what the person has just allowed, or by all
 * that a first-party client asks for. It is saved in the transaction of the code.
 */
export async function loadGrant(ctx: KoaContextWithOIDC, parts: GrantParts): Promise<Grant | undefined> {
  const { provider, session, client, account, result } = ctx.oidc;
  if (!client || !account) return undefined;
  const grantId = session?.grantIdFor(client.clientId);
  const existing = grantId ? await provider.Grant.find(grantId) : undefined;
  const usable = existing?.accountId === account.accountId ? existing : undefined;
  const decision = (result as { consent?: Permissions } | undefined)?.consent ?? (await impliedConsent(ctx, parts));
  if (!usable && !decision) return undefined;
  const isComplete = !decision || isEmpty(missingIn(usable, decision));
  if (usable && isComplete && usable.remainingTTL >= parts.lifetime) return usable;

  const grant = usable ?? new provider.Grant({ accountId: account.accountId, clientId: client.clientId });
  if (decision) addToGrant(grant, decision);
  await saveExtended(grant, parts);
  return grant;
}

export function addToGrant(grant: Grant, { scopes, resources, claims, details }: Permissions): void {
  if (scopes.length > 0) grant.addOIDCScope(scopes.join(' '));
  for (const [resource, allowed] of Object.entries(resources)) grant.addResourceScope(resource, allowed.join(' '));
  for (const names of Object.values(claims)) grant.addOIDCClaims([...names]);
  // Details are allowed for one request, so those of an earlier one are replaced; codes and tokens carry their own.
  if (details.length > 0) grant.rar = [...details];
}

/**
 * Saves a grant so that it lives longer than all that may be issued under it from now on. A day more keeps most requests
 * from writing it again.
 */
export async function saveExtended(
  grant: Grant,
  { lifetime, now }: Pick<GrantParts, 'lifetime' | 'now'>,
): Promise<void> {
  grant.exp = Math.floor(now() / 1000) + lifetime + DAY_SECONDS;
  await grant.save();
}

const DAY_SECONDS = 86_400;

/** First-party clients need no consent, unless the request asks for it. */
async function impliedConsent(
  ctx: KoaContextWithOIDC,
  { isFirstParty, claims }: GrantParts,
): Promise<Permissions | undefined> {
  const { client, params } = ctx.oidc;
  if (!client || params?.prompt?.toString().split(' ').includes('consent')) return undefined;
  if (!(await isFirstParty(client.clientId))) return undefined;
  const asking = { isDevice: ctx.oidc.deviceCode !== undefined, prompt: params?.prompt };
  return withoutOptionalOfflineAccess(allRequested(ctx, claims), asking);
}

function allRequested(ctx: KoaContextWithOIDC, table: ClaimsByScope): Permissions {
  const { requestParamScopes, requestParamOIDCScopes, resourceServers } = ctx.oidc;
  return {
    scopes: [...requestParamOIDCScopes],
    resources: Object.fromEntries(
      Object.entries(resourceServers ?? {}).map(([resource, { scopes }]) => [
        resource,
        [...scopes].filter((scope) => requestParamScopes.has(scope)),
      ]),
    ),
    claims: claimsOf(ctx, table),
    details: [],
  };
}

/** The claims that the request names. */
export function claimsOf({ oidc }: KoaContextWithOIDC, table: ClaimsByScope): Record<string, string[]> {
  return requestedClaims(oidc.params?.claims, table, oidc.client?.scope?.split(' ') ?? []);
}

/** The requested permissions that a grant does not contain. Details (RFC 9396) are allowed for one request, so no grant has them. */
export function missingIn(grant: Grant | undefined, requested: Permissions): Permissions {
  const scopes = new Set(grant?.getOIDCScopeEncountered().split(' '));
  const resources = Object.entries(requested.resources).flatMap(([resource, scopesThere]) => {
    const granted = new Set(grant?.getResourceScopeEncountered(resource).split(' '));
    const missing = scopesThere.filter((scope) => !granted.has(scope));
    return missing.length > 0 ? [[resource, missing] as const] : [];
  });
  const granted = new Set(grant?.getOIDCClaimsEncountered());
  const claims = Object.entries(requested.claims).flatMap(([scope, names]) => {
    const missing = names.filter((name) => !granted.has(name));
    return missing.length > 0 ? [[scope, missing] as const] : [];
  });
  return {
    scopes: requested.scopes.filter((scope) => !scopes.has(scope)),
    resources: Object.fromEntries(resources),
    claims: Object.fromEntries(claims),
    details: requested.details,
  };
}
