import type { Grant, KoaContextWithOIDC } from 'oidc-provider';
import { isEmpty, type Permissions } from '../clients/permissions.ts';
import type { Clock } from '../platform/clock.ts';
import { type ClaimsByScope, requestedClaims } from './claims_parameter.ts';

export interface GrantParts {
  isFirstParty(clientId: string): Promise<boolean>;
  readonly claims: ClaimsByScope;
  /** The longest that anything issued under a grant may live, in seconds. */
  readonly lifetime: number;
  readonly now: Clock;
}

/**
 * The grant that the authorization request is judged by: the session's, extended by what the person has just allowed,
 * or by all that was asked for when the client is the operator's own. It is saved with the code, in one transaction.
 */
export async function loadGrant(ctx: KoaContextWithOIDC, parts: GrantParts): Promise<Grant | undefined> {
  const { provider, session, client, account, result } = ctx.oidc;
  if (!client || !account) return undefined;
  const grantId = session?.grantIdFor(client.clientId);
  const existing = grantId ? await provider.Grant.find(grantId) : undefined;
  const usable = existing?.accountId === account.accountId ? existing : undefined;
  const decision = (result as { consent?: Permissions } | undefined)?.consent ?? (await implied(ctx, parts));
  if (!usable && !decision) return undefined;
  const isComplete = !decision || isEmpty(missingIn(usable, decision));
  if (usable && isComplete && usable.remainingTTL >= parts.lifetime) return usable;

  const grant = usable ?? new provider.Grant({ accountId: account.accountId, clientId: client.clientId });
  if (decision) allow(grant, decision);
  await prolong(grant, parts);
  return grant;
}

/** Adds to a grant what a person has allowed. */
export function allow(grant: Grant, { scopes, resources, claims, details }: Permissions): void {
  if (scopes.length > 0) grant.addOIDCScope(scopes.join(' '));
  for (const [resource, allowed] of Object.entries(resources)) grant.addResourceScope(resource, allowed.join(' '));
  for (const names of Object.values(claims)) grant.addOIDCClaims([...names]);
  // The latest alone: they are allowed for one request, and what was issued for an earlier one carries its own.
  if (details.length > 0) grant.rar = [...details];
}

/**
 * Saves it. Nothing that is issued from now on may outlive what it was granted under; a day's margin keeps most requests
 * from writing for that alone.
 */
export async function prolong(grant: Grant, { lifetime, now }: Pick<GrantParts, 'lifetime' | 'now'>): Promise<void> {
  grant.exp = Math.floor(now() / 1000) + lifetime + DAY_SECONDS;
  await grant.save();
}

const DAY_SECONDS = 86_400;

/** The operator's own clients need no consent: whoever runs them runs this. */
async function implied(
  ctx: KoaContextWithOIDC,
  { isFirstParty, claims }: GrantParts,
): Promise<Permissions | undefined> {
  const { client, params } = ctx.oidc;
  if (!client || params?.prompt?.toString().split(' ').includes('consent')) return undefined;
  return (await isFirstParty(client.clientId)) ? requested(ctx, claims) : undefined;
}

function requested(ctx: KoaContextWithOIDC, table: ClaimsByScope): Permissions {
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

/** What this request asks for by name. */
export function claimsOf({ oidc }: KoaContextWithOIDC, table: ClaimsByScope): Record<string, string[]> {
  return requestedClaims(oidc.params?.claims, table, oidc.client?.scope?.split(' ') ?? []);
}

/** What a grant lacks of what is asked for. Details (RFC 9396) are allowed for one request, so no grant has them. */
export function missingIn(grant: Grant | undefined, asked: Permissions): Permissions {
  const scopes = new Set(grant?.getOIDCScopeEncountered().split(' '));
  const resources = Object.entries(asked.resources).flatMap(([resource, wanted]) => {
    const granted = new Set(grant?.getResourceScopeEncountered(resource).split(' '));
    const lacking = wanted.filter((scope) => !granted.has(scope));
    return lacking.length > 0 ? [[resource, lacking] as const] : [];
  });
  const named = new Set(grant?.getOIDCClaimsEncountered());
  const claims = Object.entries(asked.claims).flatMap(([scope, wanted]) => {
    const lacking = wanted.filter((claim) => !named.has(claim));
    return lacking.length > 0 ? [[scope, lacking] as const] : [];
  });
  return {
    scopes: asked.scopes.filter((scope) => !scopes.has(scope)),
    resources: Object.fromEntries(resources),
    claims: Object.fromEntries(claims),
    details: asked.details,
  };
}
